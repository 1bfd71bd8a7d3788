#include "core/gdp/crc.h"

#include <array>
#include <cstddef>

namespace flumen::gdp {

namespace {

constexpr size_t kSlices = 16;
constexpr uint16_t kPolynomial = 0x1021;

using Tables = std::array<std::array<uint16_t, 256>, kSlices>;

// tables[n][b] is what byte b does to the register when n more bytes come after it.
constexpr Tables make_tables() {
  Tables tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    uint16_t value = static_cast<uint16_t>(byte << 8);
    for (int bit = 0; bit < 8; ++bit) {
      const bool high = (value & 0x8000) != 0;
      value = static_cast<uint16_t>(value << 1);
      if (high) value = static_cast<uint16_t>(value ^ kPolynomial);
    }
    tables[0][byte] = value;
  }
  for (size_t slice = 1; slice < kSlices; ++slice) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const uint16_t before = tables[slice - 1][byte];
      tables[slice][byte] = static_cast<uint16_t>((before << 8) ^ tables[0][before >> 8]);
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

void Crc16::add(std::span<const uint8_t> bytes) {
  uint16_t state = state_;
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= kSlices; left -= kSlices, at += kSlices) {
    // Only the first two bytes meet the register; the others' table reads do not wait for anything.
    uint16_t next = kTables[kSlices - 1][at[0] ^ (state >> 8)];
    next ^= kTables[kSlices - 2][at[1] ^ (state & 0xFF)];
    for (size_t i = 2; i < kSlices; ++i) next ^= kTables[kSlices - 1 - i][at[i]];
    state = next;
  }
  for (; left > 0; --left, ++at) {
    state = static_cast<uint16_t>((state << 8) ^ kTables[0][(state >> 8) ^ *at]);
  }
  state_ = state;
}

}  // namespace flumen::gdp
