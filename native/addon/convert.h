// From JavaScript values to the core's. lib/ has validated ranges and types; these only convert.
#pragma once

#include <napi.h>

#include <span>
#include <string_view>

#include "core/base/units.h"

namespace flumen {

/// The bytes of a Uint8Array, borrowed until the call returns; empty for undefined.
inline std::span<const uint8_t> bytes_of(const Napi::Value& value) {
  if (!value.IsTypedArray()) return {};
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

inline std::string_view text_of(const Napi::Value& value) {
  const std::span<const uint8_t> bytes = bytes_of(value);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Milliseconds to nanoseconds.
inline Nanos nanos_of(double ms) { return static_cast<Nanos>(ms * static_cast<double>(kMillisecond)); }

/// A bigint in ns; kNoTime for undefined.
inline Nanos time_of(const Napi::Value& value) {
  if (!value.IsBigInt()) return kNoTime;
  bool lossless = false;
  return value.As<Napi::BigInt>().Int64Value(&lossless);
}

}  // namespace flumen
