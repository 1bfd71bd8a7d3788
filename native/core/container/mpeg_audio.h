// MPEG audio, layers I to III (ISO 11172-3, ISO 13818-3, and the 2.5 that everybody knows): MP3.
#pragma once

#include "core/container/audio_frames.h"

namespace flumen::container {

class MpegAudio final : public AudioFrames {
 public:
  std::string caps() const override;
  std::string content_type() const override { return "audio/mpeg"; }

  /// See AudioFrames::read().
  static AudioFrame read_header(Bytes bytes);
  static constexpr size_t kHeaderBytes = 4;

 protected:
  AudioFrame read(Bytes bytes) const override { return read_header(bytes); }
  size_t header_bytes() const override { return kHeaderBytes; }
  bool is_info(Bytes frame) const override;
};

}  // namespace flumen::container
