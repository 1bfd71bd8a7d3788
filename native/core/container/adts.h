// AAC in ADTS frames (ISO 14496-3, 1.A.2.2).
#pragma once

#include "core/container/audio_frames.h"

namespace flumen::container {

class Adts final : public AudioFrames {
 public:
  std::string caps() const override;
  std::string content_type() const override { return "audio/aac"; }

  /// See AudioFrames::read().
  static AudioFrame read_header(Bytes bytes);
  static constexpr size_t kHeaderBytes = 7;

 protected:
  AudioFrame read(Bytes bytes) const override { return read_header(bytes); }
  size_t header_bytes() const override { return kHeaderBytes; }
};

}  // namespace flumen::container
