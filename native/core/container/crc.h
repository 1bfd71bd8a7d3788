// Checksums of Ogg (CRC-32) and FLAC (CRC-8, CRC-16): most significant bit first, nothing inverted, register
// 0 at the beginning. GDP's has another register, and a file of its own. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace flumen::container {

/// `Word` is as wide as the checksum.
template <typename Word, Word kPolynomial>
class Crc {
 public:
  void add(std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) add(byte);
  }
  void add(uint8_t byte) {
    const auto shifted = static_cast<Word>(kBits > 8 ? uint64_t{state_} << 8 : 0);
    state_ = shifted ^ kTable[static_cast<uint8_t>(state_ >> (kBits - 8)) ^ byte];
  }
  /// Of bytes with their checksum behind them it is 0.
  Word value() const { return state_; }

 private:
  static constexpr unsigned kBits = 8 * sizeof(Word);

  static constexpr std::array<Word, 256> make_table() {
    std::array<Word, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
      auto value = static_cast<Word>(uint64_t{byte} << (kBits - 8));
      for (int bit = 0; bit < 8; ++bit) {
        const bool high = (value >> (kBits - 1)) != 0;
        value = static_cast<Word>(uint64_t{value} << 1 ^ (high ? kPolynomial : 0));
      }
      table[byte] = value;
    }
    return table;
  }
  static constexpr std::array<Word, 256> kTable = make_table();

  Word state_ = 0;
};

using OggCrc = Crc<uint32_t, 0x04c11db7>;
using FlacCrc8 = Crc<uint8_t, 0x07>;
using FlacCrc16 = Crc<uint16_t, 0x8005>;

}  // namespace flumen::container
