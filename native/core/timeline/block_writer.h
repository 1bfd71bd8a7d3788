// Packs frames back to back into shared 64 KiB blocks, so that neighbours lie contiguous and one iovec covers
// many of them. One writer at a time (the holder of a sink's sequencer mutex, or a source on its loop
// thread).
#pragma once

#include <cstring>
#include <span>

#include "core/timeline/block.h"

namespace flumen {

/// Where bytes of a frame lie.
struct BlockSlice {
  BlockRef block;
  uint32_t offset = 0;
  uint32_t size = 0;

  explicit operator bool() const { return static_cast<bool>(block); }
  uint8_t* data() const { return block->data() + offset; }
};

/// Mostly because they are one slice.
inline bool same_bytes(const BlockSlice& a, const BlockSlice& b) {
  if (a.size != b.size) return false;
  return a.size == 0 || a.data() == b.data() || std::memcmp(a.data(), b.data(), a.size) == 0;
}

/// A copy of `bytes` in a block of its own.
inline BlockSlice copy_to_slice(Ledger& ledger, std::span<const uint8_t> bytes) {
  BlockSlice slice{BlockRef(Block::create(ledger, bytes.size())), 0, static_cast<uint32_t>(bytes.size())};
  if (!bytes.empty()) std::memcpy(slice.data(), bytes.data(), bytes.size());
  return slice;
}

class BlockWriter {
 public:
  /// Size of a shared block, its header included: one page-aligned allocation class.
  static constexpr size_t kBlockBytes = 64 * kKiB;
  static constexpr size_t kCapacity = kBlockBytes - sizeof(Block);

  explicit BlockWriter(Ledger& ledger) : ledger_(ledger) {}

  /// Room for at least `minimum` bytes at the end of the current block; a block of its own for bigger ones.
  std::span<uint8_t> reserve(size_t minimum) {
    if (!block_ || block_->capacity() - used_ < minimum) {
      block_ = BlockRef(Block::create(ledger_, minimum > kCapacity ? minimum : kCapacity));
      used_ = 0;
    }
    return {block_->data() + used_, block_->capacity() - used_};
  }

  /// Turns the first `size` reserved bytes into a slice.
  BlockSlice commit(size_t size) {
    BlockSlice slice{block_, static_cast<uint32_t>(used_), static_cast<uint32_t>(size)};
    used_ += size;
    return slice;
  }

  /// Copies `bytes` in: the one copy that data from JavaScript costs.
  BlockSlice copy(std::span<const uint8_t> bytes) {
    std::span<uint8_t> room = reserve(bytes.size());
    if (!bytes.empty()) std::memcpy(room.data(), bytes.data(), bytes.size());
    return commit(bytes.size());
  }

  void reset() { block_.reset(); }

 private:
  Ledger& ledger_;
  BlockRef block_;
  size_t used_ = 0;
};

}  // namespace flumen
