// From JavaScript values to the core's. lib/ has validated ranges and types; these only convert.
#pragma once

#include <napi.h>

#include <cmath>
#include <ctime>
#include <span>
#include <string_view>

#include "core/base/units.h"
#include "core/sys/clock.h"
#include "core/timeline/frame.h"

namespace flumen {

/// The bytes of a Uint8Array, borrowed until the call returns; empty for undefined.
inline std::span<const uint8_t> bytes_of(const Napi::Value& value) {
  size_t length = 0;
  void* data = nullptr;
  // One call instead of three: it is asked for each frame.
  if (napi_get_typedarray_info(value.Env(), value, nullptr, &length, &data, nullptr, nullptr) != napi_ok)
    return {};
  return {static_cast<const uint8_t*>(data), length};
}

inline std::string_view text_of(const Napi::Value& value) {
  const std::span<const uint8_t> bytes = bytes_of(value);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Milliseconds to nanoseconds.
inline Nanos nanos_of(double ms) { return static_cast<Nanos>(ms * static_cast<double>(kMillisecond)); }

/// Wall clock minus monotonic clock, as of now.
inline Nanos wall_offset() {
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  return static_cast<Nanos>(wall.tv_sec) * kSecond + wall.tv_nsec - monotonic_now();
}

/// A point in monotonic time as ms since the epoch.
inline double epoch_ms(Nanos monotonic) {
  return static_cast<double>((monotonic + wall_offset()) / kMillisecond);
}

/// … and back. What lies further off than a century is kNever, Infinity too.
inline Nanos monotonic_of(double epoch) {
  constexpr double kCenturyMs = 100 * 365.0 * 86'400'000;
  if (std::isinf(epoch) || epoch - epoch_ms(monotonic_now()) > kCenturyMs) return kNever;
  return nanos_of(epoch) - wall_offset();
}

/// A bigint in ns; kNoTime for undefined.
inline Nanos time_of(const Napi::Value& value) {
  if (!value.IsBigInt()) return kNoTime;
  bool lossless = false;
  return value.As<Napi::BigInt>().Int64Value(&lossless);
}

inline uint64_t offset_of(const Napi::Value& value) {
  if (!value.IsBigInt()) return kNoOffset;
  bool lossless = false;
  return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

}  // namespace flumen
