// A frame: an immutable run of bytes with GStreamer's buffer metadata. The sequencer stamps the second half
// once, so every shard of a sink sees the same numbers.
#pragma once

#include "core/timeline/stream_state.h"

namespace flumen {

/// GStreamer's buffer flags, as far as they mean anything to another process.
struct FrameFlags {
  static constexpr uint8_t kDelta = 1;  // not a key frame
  static constexpr uint8_t kHeader = 2;
  static constexpr uint8_t kDiscont = 4;
  static constexpr uint8_t kLive = 8;
  static constexpr uint8_t kGap = 16;
  // Our own, that no sender says:
  static constexpr uint8_t kNoStart = 32;  // no key frame, although it is not marked as a delta
  static constexpr uint8_t kHeadersInside =
      64;  // has all headers of its state: nobody is given them before it
  static constexpr uint8_t kChangeInside =
      128;  // has what is new in the headers of its state: only who had none
};

/// A frame's offset when it has none.
inline constexpr uint64_t kNoOffset = ~uint64_t{0};

/// What the producer says about a frame. Times in ns of stream time, kNoTime when unknown.
struct FrameInfo {
  Nanos pts = kNoTime;
  Nanos dts = kNoTime;
  Nanos duration = kNoTime;
  uint64_t offset = kNoOffset;  // of its first byte or sample, in the medium's own unit
  uint64_t offset_end = kNoOffset;
  uint8_t flags = 0;
};

struct Frame {
  BlockSlice bytes;
  FrameInfo info;

  // Stamped by the sequencer.
  StateRef state;
  uint64_t seq = 0;
  uint64_t bytes_before = 0;  // media bytes of all earlier frames: prefix sum
  Nanos running_time = 0;     // sum of max(0, Δdts) up to and including this frame (design: T)

  // What a GDP receiver is sent in front of the bytes: events that have come just before the frame, and, once
  // there is such a receiver, the packet header of the frame.
  BlockSlice packet;
  bool packed = false;  // the header is there

  const uint8_t* data() const { return bytes.block->data() + bytes.offset; }
  /// A receiver can start here: GStreamer's "not DELTA_UNIT", where that tells the truth.
  bool is_key() const { return (info.flags & (FrameFlags::kDelta | FrameFlags::kNoStart)) == 0; }
  uint32_t size() const { return bytes.size; }
  /// Whether a receiver that has been given headers, or none, gets those of this state in the frame itself.
  bool brings_headers(bool had_some) const {
    const uint8_t enough = FrameFlags::kHeadersInside | (had_some ? FrameFlags::kChangeInside : 0);
    return (info.flags & enough) != 0;
  }
};

}  // namespace flumen
