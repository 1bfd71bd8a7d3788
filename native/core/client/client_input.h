// What a client sends, where somebody wants it: bookkeeping of the bytes on their way to the environment.
// Made on the environment's thread, then the shard's, on its loop thread.
#pragma once

#include <cstdint>

#include "core/base/units.h"
#include "core/timeline/block_writer.h"

namespace flumen {

struct ClientInput {
  /// What may be under way to the environment before the shard stops reading: from there on the kernel's
  /// buffer fills, and TCP holds the peer back. Also the longest WebSocket message.
  static constexpr uint32_t kMost = 64 * kKiB;
  /// The environment acknowledges in portions of this size: two of them are `kMost`, so a shard that has
  /// stopped always hears of one.
  static constexpr uint32_t kPortion = kMost / 2;

  /// What a record of `bytes` counts: many small ones are no smaller a burden.
  static uint32_t cost_of(size_t bytes) { return static_cast<uint32_t>(bytes) + 64; }

  BlockSlice prelude;        // what Node had read before the descriptor changed hands
  uint32_t undelivered = 0;  // cost of what is under way
  bool stopped = false;      // reading waits for an acknowledgement
  bool failed = false;       // an error condition was seen, perhaps behind unread bytes
};

}  // namespace flumen
