// WAV (RIFF, RF64): all that stands before the samples is the headers. Units are of 20 ms, in whole blocks.
// A size of 0 or near the most that there can be is that of a stream: without end.
#pragma once

#include "core/container/parser.h"

namespace flumen::container {

class Wav final : public Parser {
 public:
  Step next(Bytes bytes) override;
  Step last(Bytes bytes) override;
  std::string caps() const override { return "audio/x-wav"; }
  std::string content_type() const override { return "audio/wav"; }

 private:
  struct Told {
    uint32_t rate = 0;   // bytes a second
    uint32_t block = 0;  // bytes; 0: nothing is told yet
    uint64_t size64 = 0;
  };

  Step group(Bytes bytes);
  void read_format(Bytes chunk);
  Step end_group(Bytes bytes, uint64_t size);
  Step drop_group(const char* why);
  Step samples(Bytes bytes);
  Step pass(Bytes bytes);
  Step lost(Bytes bytes);

  size_t unit_ = 0;  // bytes
  uint32_t rate_ = 0;
  uint64_t left_ = 0;  // of the samples
  uint64_t done_ = 0;
  bool padded_ = false;   // behind the samples there is a byte that is none
  uint64_t passing_ = 0;  // bytes of a chunk of something else
  // Of headers that are being read: how far, and what they have said.
  size_t scanned_ = 0;
  Told told_;
};

}  // namespace flumen::container
