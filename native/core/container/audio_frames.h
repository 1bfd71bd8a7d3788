// What MPEG audio and ADTS have in common: frames one behind the other, each with a header that says how long
// it is, and tags between them. A place is believed to be a frame's when another one follows it, and from
// then on as long as headers come where they are due.
#pragma once

#include "core/container/parser.h"

namespace flumen::container {

/// What a frame's header says.
struct AudioFrame {
  size_t size = 0;  // header included, bytes
  uint32_t samples = 0;
  uint32_t rate = 0;   // per second
  uint32_t fixed = 0;  // what all headers of a stream have in common
};

class AudioFrames : public Parser {
 public:
  Step next(Bytes bytes) final;

 protected:
  /// A frame's header, or a frame with size 0 when there is none; `bytes` has header_bytes() at least.
  virtual AudioFrame read(Bytes bytes) const = 0;
  virtual size_t header_bytes() const = 0;
  /// A whole frame that describes the stream, and is no sound.
  virtual bool is_info(Bytes) const { return false; }

  /// Of the frames that are read now.
  uint32_t rate() const { return rate_; }
  uint32_t fixed() const { return fixed_; }

 private:
  Step tag(Bytes bytes);
  Step found(Bytes bytes, const AudioFrame& frame);
  Step lost(Bytes bytes);
  FrameInfo silent();

  bool begun_ = false;  // something has come
  bool synced_ = false;
  uint32_t fixed_ = 0;
  uint32_t rate_ = 0;
  size_t tag_left_ = 0;   // of a tag that is being passed on
  Nanos base_ = 0;        // when the rate was last changed
  uint64_t samples_ = 0;  // since then
};

}  // namespace flumen::container
