// Why a GDP stream cannot be read on. There is no mark to find the next packet by, so every fault is final.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flumen::gdp {

enum class Fault : uint8_t {
  kNone,
  kNotGdp,
  kVersion,
  kHeaderCrc,
  kType,
  kLength,
  kPayloadCrc,
  kTruncatedHeader,
  kTruncatedPayload,
  kCaps,
  kNoCaps,
  kSegment,
  kAfterEos,
};

/// "header-crc" and so on.
std::string_view fault_code(Fault fault);

struct StreamError {
  Fault fault = Fault::kNone;
  uint64_t at = 0;      // where the header of the packet begins, in bytes of the stream
  uint64_t packet = 0;  // its number: packets before it
  std::string message;  // what is wrong, without the place
};

}  // namespace flumen::gdp
