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

// From two to kSlices bytes. Only the first two meet the register; the others' table reads wait for nothing.
inline uint16_t step(uint16_t state, const uint8_t* at, size_t size) {
  uint16_t next = kTables[size - 1][at[0] ^ (state >> 8)];
  next ^= kTables[size - 2][at[1] ^ (state & 0xFF)];
  for (size_t i = 2; i < size; ++i) next ^= kTables[size - 1 - i][at[i]];
  return next;
}

}  // namespace

void Crc16::add(std::span<const uint8_t> bytes) {
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  uint16_t state = state_;
  for (; left >= kSlices; left -= kSlices, at += kSlices) state = step(state, at, kSlices);
  if (left >= 2) {
    state = step(state, at, left);
  } else if (left == 1) {
    state = static_cast<uint16_t>((state << 8) ^ kTables[0][(state >> 8) ^ *at]);
  }
  state_ = state;
}

}  // namespace flumen::gdp
