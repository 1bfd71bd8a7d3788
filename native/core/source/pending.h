// The bytes of a stream that have come and are not cut yet, as one run, wherever the pieces they come in are
// cut. What lies within one piece, or in neighbouring pieces of one block, is shared; what does not is copied
// once, no more of it than is asked for. Single-threaded.
#pragma once

#include <span>

#include "core/timeline/block_writer.h"

namespace flumen {

class Pending {
 public:
  explicit Pending(Ledger& ledger) : ledger_(ledger) {}

  /// The next piece of the stream. reach() must have said false before.
  void add(BlockSlice piece);
  /// Whether `size` bytes are there; then bytes() has as many, and perhaps more. False: they must be added
  /// first, and all there is is in bytes().
  bool reach(size_t size);
  std::span<const uint8_t> bytes() const;
  /// Takes off the first `size` of bytes().
  BlockSlice cut(size_t size);
  /// Whether bytes() is all there is.
  bool whole() const { return gathered_.size == 0 || piece_.size == 0; }
  bool empty() const { return gathered_.size == 0 && piece_.size == 0; }
  void reset();

 private:
  void gather(size_t size);

  Ledger& ledger_;
  BlockSlice piece_;       // not used yet, but for its first borrowed_ bytes
  BlockSlice gathered_;    // stands before it
  uint32_t borrowed_ = 0;  // bytes of the piece's block directly before piece_ that gathered_ ends with
  bool ours_ = false;      // gathered_ lies in a block that nobody else writes to
};

}  // namespace flumen
