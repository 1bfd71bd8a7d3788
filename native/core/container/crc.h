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
    // Eight bytes at a time: what each of them comes to behind the others is looked up.
    for (; bytes.size() >= kAtOnce; bytes = bytes.subspan(kAtOnce)) {
      Word sum = 0;
      for (size_t i = 0; i < kAtOnce; ++i) {
        const auto before =
            i < sizeof(Word) ? static_cast<uint8_t>(state_ >> (kBits - 8 * (i + 1))) : uint8_t{0};
        sum ^= kTables[kAtOnce - 1 - i][static_cast<uint8_t>(bytes[i] ^ before)];
      }
      state_ = sum;
    }
    for (const uint8_t byte : bytes) add(byte);
  }
  void add(uint8_t byte) { state_ = step(state_, byte, kTables[0]); }
  /// Of bytes with their checksum behind them it is 0.
  Word value() const { return state_; }

 private:
  using Table = std::array<Word, 256>;
  static constexpr unsigned kBits = 8 * sizeof(Word);
  static constexpr size_t kAtOnce = 8;

  static constexpr Word step(Word state, uint8_t byte, const Table& table) {
    const auto shifted = static_cast<Word>(kBits > 8 ? uint64_t{state} << 8 : 0);
    return shifted ^ table[static_cast<uint8_t>(state >> (kBits - 8)) ^ byte];
  }

  static constexpr Table make_table() {
    Table table{};
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

  // One for each number of zeros behind a byte.
  static constexpr std::array<Table, kAtOnce> make_tables() {
    std::array<Table, kAtOnce> tables{make_table()};
    for (size_t zeros = 1; zeros < kAtOnce; ++zeros) {
      for (size_t byte = 0; byte < 256; ++byte) {
        tables[zeros][byte] = step(tables[zeros - 1][byte], 0, tables[0]);
      }
    }
    return tables;
  }
  static constexpr std::array<Table, kAtOnce> kTables = make_tables();

  Word state_ = 0;
};

using OggCrc = Crc<uint32_t, 0x04c11db7>;
using FlacCrc8 = Crc<uint8_t, 0x07>;
using FlacCrc16 = Crc<uint16_t, 0x8005>;

}  // namespace flumen::container
