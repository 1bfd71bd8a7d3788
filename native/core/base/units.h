// The units of the core: every time is in nanoseconds of the monotonic clock, every amount says what it
// counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace flumen {

using Nanos = int64_t;

inline constexpr Nanos kMicrosecond = 1'000;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;

/// "Never" as a deadline.
inline constexpr Nanos kNever = std::numeric_limits<Nanos>::max();

/// A missing timestamp (GStreamer's CLOCK_TIME_NONE).
inline constexpr Nanos kNoTime = std::numeric_limits<Nanos>::min();

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;

/// What an Amount counts.
enum class Unit : uint8_t { kNone, kFrames, kBytes, kTime };

/// A quantity of stream: frames, media bytes, or nanoseconds. kNone means "no limit".
struct Amount {
  Unit unit = Unit::kNone;
  uint64_t value = 0;
};

}  // namespace flumen
