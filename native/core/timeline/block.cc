#include "core/timeline/block.h"

#include <cstdlib>
#include <new>

#include "core/base/check.h"

namespace flumen {

Block* Block::create(Ledger& ledger, size_t capacity) {
  void* memory = std::malloc(sizeof(Block) + capacity);
  FLUMEN_CHECK(memory != nullptr);
  ledger.live_blocks.fetch_add(1, std::memory_order_relaxed);
  ledger.live_bytes.fetch_add(static_cast<int64_t>(sizeof(Block) + capacity), std::memory_order_relaxed);
  return new (memory) Block(ledger, capacity);
}

void Block::release() {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  ledger_.live_blocks.fetch_sub(1, std::memory_order_relaxed);
  ledger_.live_bytes.fetch_sub(static_cast<int64_t>(sizeof(Block) + capacity_), std::memory_order_relaxed);
  this->~Block();
  std::free(this);
}

}  // namespace flumen
