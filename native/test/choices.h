// Where a random test's decisions come from: a seeded generator (simulation) or the bytes of a fuzzer's
// input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace flumen::test {

class Choices {
 public:
  // Mixed first: the generator steps by adding, so neighbouring seeds would be one sequence a step apart.
  explicit Choices(uint64_t seed) : state_(mix(seed * 0xD6E8FEB86659FD93u + 0x2545F4914F6CDD1Du)) {}
  explicit Choices(std::span<const uint8_t> bytes) : bytes_(bytes), from_bytes_(true) {}

  /// A number in [0, limit), limit >= 1. Zero for ever when the bytes are used up.
  uint64_t below(uint64_t limit) {
    if (limit <= 1) return 0;
    uint64_t value = 0;
    if (from_bytes_) {
      for (uint64_t rest = limit - 1; rest > 0; rest >>= 8) value = value << 8 | next_byte();
    } else {
      value = mix(state_ += 0x9E3779B97F4A7C15u);
    }
    return value % limit;
  }

  /// A number in [low, high].
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
  bool one_in(uint64_t n) { return below(n) == 0; }
  bool exhausted() const { return from_bytes_ && at_ >= bytes_.size(); }
  bool from_bytes() const { return from_bytes_; }

 private:
  // splitmix64 (Steele, Lea, Flood 2014).
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  uint8_t next_byte() { return at_ < bytes_.size() ? bytes_[at_++] : 0; }

  uint64_t state_ = 0;
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool from_bytes_ = false;
};

}  // namespace flumen::test
