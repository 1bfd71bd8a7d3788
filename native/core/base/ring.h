// A growable ring addressed by absolute 64 bit sequence numbers [begin, end). Push at the end, pop at the
// beginning; capacity is a power of two, and given back when a backlog is over. Single owner, not
// thread-safe.
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
    if (size() == slots_.size()) resize(slots_.size() * 2);
    slots_[end_ & (slots_.size() - 1)] = std::move(value);
    ++end_;
  }

  void pop() {
    FLUMEN_CHECK(!empty());
    slots_[begin_ & (slots_.size() - 1)] = T{};
    ++begin_;
    // Seldom enough that a backlog which comes and goes costs nothing.
    if (slots_.size() > kKept && size() <= slots_.size() / 8) resize(slots_.size() / 4);
  }

 private:
  static constexpr size_t kMinimum = 16;
  static constexpr size_t kKept = 4096;  // capacity that is never given back

  void resize(size_t capacity) {
    std::vector<T> other(capacity);
    for (uint64_t seq = begin_; seq != end_; ++seq) {
      other[seq & (capacity - 1)] = std::move(slots_[seq & (slots_.size() - 1)]);
    }
    slots_.swap(other);
  }

  uint64_t begin_;
  uint64_t end_;
  std::vector<T> slots_;
};

}  // namespace flumen
