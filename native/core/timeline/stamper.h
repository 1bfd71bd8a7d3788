// Stamps frames with sequence number, byte prefix sum and running time, once per sink. Under the sequencer's
// mutex.
#pragma once

#include "core/timeline/frame.h"

namespace flumen {

class Stamper {
 public:
  /// A jump of the timestamps beyond this counts as no time at all (a splice, not a pause).
  static constexpr Nanos kJump = 10 * kSecond;

  Stamper() = default;
  /// Goes on behind `seq` frames with `bytes` bytes: a month of streaming that has been is soon set up.
  Stamper(uint64_t seq, uint64_t bytes, Nanos time) : seq_(seq), bytes_(bytes), running_time_(time) {}

  /// `arrival` is the monotonic clock; it stands in where the frame has neither dts nor pts.
  void stamp(Frame& frame, Nanos arrival) {
    const bool timed = frame.info.dts != kNoTime || frame.info.pts != kNoTime;
    const Nanos time = frame.info.dts != kNoTime ? frame.info.dts : timed ? frame.info.pts : arrival;
    if (seq_ > 0 && timed == last_timed_ && time > last_ && time - last_ <= kJump)
      running_time_ += time - last_;
    last_ = time;
    last_timed_ = timed;
    frame.seq = seq_++;
    frame.bytes_before = bytes_;
    frame.running_time = running_time_;
    bytes_ += frame.size();
  }

  /// Sequence number and byte prefix sum of the next frame.
  uint64_t next() const { return seq_; }
  uint64_t bytes() const { return bytes_; }
  /// Running time of the last frame.
  Nanos time() const { return running_time_; }

 private:
  uint64_t seq_ = 0;
  uint64_t bytes_ = 0;
  Nanos running_time_ = 0;
  Nanos last_ = 0;
  bool last_timed_ = false;
};

}  // namespace flumen
