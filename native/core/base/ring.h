// A growable ring addressed by absolute 64 bit sequence numbers [begin, end). Push at the end, pop at the
// beginning; capacity is a power of two and only grows. Single owner, not thread-safe.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/check.h"

namespace flumen {

template <typename T>
class SeqRing {
 public:
  explicit SeqRing(uint64_t first = 0) : begin_(first), end_(first), slots_(kMinimum) {}

  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }
  uint64_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  size_t capacity() const { return slots_.size(); }

  T& operator[](uint64_t seq) {
    FLUMEN_CHECK(seq >= begin_ && seq < end_);
    return slots_[seq & (slots_.size() - 1)];
  }
  const T& operator[](uint64_t seq) const {
    FLUMEN_CHECK(seq >= begin_ && seq < end_);
    return slots_[seq & (slots_.size() - 1)];
  }

  void push(T value) {
    if (size() == slots_.size()) grow();
    slots_[end_ & (slots_.size() - 1)] = std::move(value);
    ++end_;
  }

  void pop() {
    FLUMEN_CHECK(!empty());
    slots_[begin_ & (slots_.size() - 1)] = T{};
    ++begin_;
  }

 private:
  static constexpr size_t kMinimum = 16;

  void grow() {
    std::vector<T> bigger(slots_.size() * 2);
    for (uint64_t seq = begin_; seq != end_; ++seq) {
      bigger[seq & (bigger.size() - 1)] = std::move(slots_[seq & (slots_.size() - 1)]);
    }
    slots_.swap(bigger);
  }

  uint64_t begin_;
  uint64_t end_;
  std::vector<T> slots_;
};

}  // namespace flumen
