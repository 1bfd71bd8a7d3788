// FLAC as it is (RFC 9639): metadata blocks as headers, then frames. No frame says how long it is: it ends
// where another one begins and its checksum is right, so that it is told when the next one's header is there.
#pragma once

#include "core/container/crc.h"
#include "core/container/parser.h"

namespace flumen::container {

/// What a frame's header says (RFC 9639 §9.1).
struct FlacHeader {
  size_t need = 0;          // bytes that must be there to tell; 0: they are
  bool valid = false;       // checksum and all
  bool by_samples = false;  // `number` counts samples, not frames
  uint64_t number = 0;
  uint32_t samples = 0;
  uint32_t rate = 0;  // 0: as the stream's headers say
};
FlacHeader read_flac_header(Bytes bytes);

class Flac final : public Parser {
 public:
  Step next(Bytes bytes) override;
  /// The last frame has no other behind it.
  Step last(Bytes bytes) override;
  std::string caps() const override;
  std::string content_type() const override { return "audio/flac"; }

 private:
  Step group(Bytes bytes);
  Step drop_group(const char* why);
  Step frame(Bytes bytes);
  size_t end_at(const FlacHeader& other);
  Step end_frame(size_t size, bool whole);
  Step lost(Bytes bytes, size_t at, const char* why);
  FrameInfo info_of(const FlacHeader& header);
  void read_stream_info(Bytes block);

  uint32_t rate_ = 0;
  uint32_t channels_ = 0;
  uint32_t block_samples_ = 0;  // of all blocks but the last, where their numbers count frames
  // Of the headers or the frame that is being read: how far, and what of it is known.
  bool in_headers_ = false;
  size_t scanned_ = 0;
  FlacHeader header_;
  FlacCrc16 crc_;
  size_t other_at_ = 0;  // where in it another header lies that is not the next; 0: none
  FlacHeader other_;
};

}  // namespace flumen::container
