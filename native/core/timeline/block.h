// Shared immutable bytes with an atomic reference count. A Block is written by one writer (see BlockWriter),
// and every byte is published to readers through an inbox's mutex before anybody reads it; after that it
// never changes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/base/ledger.h"
#include "core/base/units.h"

namespace flumen {

class Block {
 public:
  /// A block of `capacity` bytes with one reference, which the caller owns. Counted in `ledger` until it
  /// dies.
  static Block* create(Ledger& ledger, size_t capacity);

  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  size_t capacity() const { return capacity_; }

 private:
  Block(Ledger& ledger, size_t capacity) : capacity_(capacity), ledger_(ledger) {}
  ~Block() = default;

  std::atomic<uint32_t> refs_{1};
  size_t capacity_;
  Ledger& ledger_;
};

/// Owns one reference to a Block.
class BlockRef {
 public:
  BlockRef() = default;
  /// Takes over the caller's reference.
  explicit BlockRef(Block* owned) : block_(owned) {}
  BlockRef(const BlockRef& other) : block_(other.block_) {
    if (block_ != nullptr) block_->retain();
  }
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() {
    if (block_ != nullptr) block_->release();
  }

  explicit operator bool() const { return block_ != nullptr; }
  Block* operator->() const { return block_; }
  Block* get() const { return block_; }
  void reset() { *this = BlockRef(); }

 private:
  Block* block_ = nullptr;
};

}  // namespace flumen
