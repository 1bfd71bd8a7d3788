#include "core/source/pending.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace flumen {

namespace {
// What is copied at least when a unit lies in two pieces: asking byte by byte would cost more.
constexpr size_t kLeastCopy = 512;
}  // namespace

void Pending::add(BlockSlice piece) {
  FLUMEN_CHECK(piece_.size == 0);
  borrowed_ = 0;
  if (gathered_.size > 0 && gathered_.block.get() == piece.block.get() &&
      gathered_.offset + gathered_.size == piece.offset) {
    gathered_.size += piece.size;
    piece_ = std::exchange(gathered_, {});
    return;
  }
  piece_ = std::move(piece);
}

bool Pending::reach(size_t size) {
  if (gathered_.size == 0) {
    if (piece_.size >= size && piece_.size > 0) return true;
    // It waits as it is, for a neighbour perhaps.
    gathered_ = std::exchange(piece_, {});
    ours_ = false;
    return false;
  }
  while (gathered_.size < size && piece_.size > 0) gather(size);
  return gathered_.size >= size;
}

// Copies from the piece until `size` bytes are gathered, or a little more.
void Pending::gather(size_t size) {
  const size_t wanted = std::max({size - gathered_.size, size_t{gathered_.size} / 2, kLeastCopy});
  const auto taken = static_cast<uint32_t>(std::min<size_t>(wanted, piece_.size));
  const size_t needed = size_t{gathered_.size} + taken;
  if (!ours_ || gathered_.block->capacity() - gathered_.offset < needed) {
    const size_t room = std::max(needed, size_t{2} * gathered_.size);
    BlockSlice bigger{BlockRef(Block::create(ledger_, room)), 0, gathered_.size};
    std::memcpy(bigger.data(), gathered_.data(), gathered_.size);
    gathered_ = std::move(bigger);
    ours_ = true;
  }
  std::memcpy(gathered_.data() + gathered_.size, piece_.data(), taken);
  gathered_.size += taken;
  piece_.offset += taken;
  piece_.size -= taken;
  borrowed_ += taken;
}

std::span<const uint8_t> Pending::bytes() const {
  const BlockSlice& front = gathered_.size > 0 ? gathered_ : piece_;
  if (front.size == 0) return {};
  return {front.data(), front.size};
}

BlockSlice Pending::cut(size_t size) {
  BlockSlice& front = gathered_.size > 0 ? gathered_ : piece_;
  FLUMEN_CHECK(size <= front.size);
  const BlockSlice taken{front.block, front.offset, static_cast<uint32_t>(size)};
  front.offset += taken.size;
  front.size -= taken.size;
  // What is left was copied from the piece: it still lies there.
  if (&front == &gathered_ && front.size > 0 && front.size <= borrowed_ && piece_.block) {
    piece_.offset -= front.size;
    piece_.size += front.size;
    front.size = 0;
  }
  if (&front == &gathered_ && front.size == 0) {
    gathered_ = {};
    borrowed_ = 0;
  }
  return taken;
}

void Pending::reset() {
  piece_ = {};
  gathered_ = {};
  borrowed_ = 0;
}

}  // namespace flumen
