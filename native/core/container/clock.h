// The time of a stream whose units do not lie in the order of their times: several streams side by side, or
// pictures that are decoded before they are due. What counts how far receivers lag adds up every step
// forward, and would count such a stream twice. Owned by a parser.
#pragma once

#include <algorithm>

#include "core/container/parser.h"

namespace flumen::container {

class Clock {
 public:
  /// The unit's dts: the latest time so far. From a jump far back it goes on from there.
  Nanos meet(Nanos pts) {
    if (pts == kNoTime) return kNoTime;
    const bool jumps_back = latest_ != kNoTime && pts < latest_ && latest_ - pts > kJump;
    latest_ = latest_ == kNoTime || jumps_back ? pts : std::max(latest_, pts);
    return latest_;
  }
  /// Another stream begins.
  void restart() { latest_ = kNoTime; }

 private:
  static constexpr Nanos kJump = 10 * kSecond;
  Nanos latest_ = kNoTime;
};

}  // namespace flumen::container
