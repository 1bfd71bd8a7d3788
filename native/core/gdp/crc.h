// GDP's checksum: CRC-16 with polynomial 0x1021, most significant bit first, register and result inverted
// (CRC-16/GENIBUS). Sixteen bytes a step, by tables made at compile time. Any thread.
#pragma once

#include <cstdint>
#include <span>

namespace flumen::gdp {

/// The checksum of bytes that come in pieces. Of no bytes at all it is 0.
class Crc16 {
 public:
  void add(std::span<const uint8_t> bytes);
  uint16_t value() const { return static_cast<uint16_t>(~state_); }

 private:
  uint16_t state_ = 0xFFFF;
};

inline uint16_t crc16(std::span<const uint8_t> bytes) {
  Crc16 crc;
  crc.add(bytes);
  return crc.value();
}

}  // namespace flumen::gdp
