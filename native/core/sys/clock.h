// The monotonic clock. The core never reads it itself: `now` is handed down from the loop, so tests have
// their own.
#pragma once

#include <ctime>

#include "core/base/units.h"

namespace flumen {

inline Nanos monotonic_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Nanos>(time.tv_sec) * kSecond + time.tv_nsec;
}

}  // namespace flumen
