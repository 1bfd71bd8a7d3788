// The process holds more than its memory cap: what each shard may keep. A shard within its fair share keeps
// all; whoever is over it gives up in proportion, so that a small sink never pays for a big one.
#pragma once

#include <algorithm>
#include <cstdint>

namespace flumen {

struct Shortage {
  uint64_t live = 0;    // what the process holds
  uint64_t cap = 0;     // … and may hold
  uint64_t shards = 1;  // of all sinks

  /// For a shard that holds `held` bytes. A little less than the cap comes out: each round wakes every loop.
  uint64_t share_of(uint64_t held) const {
    const uint64_t wanted = cap - cap / 64;
    const uint64_t fair = wanted / std::max<uint64_t>(shards, 1);
    const double part = static_cast<double>(wanted) / static_cast<double>(std::max(live, wanted));
    return std::max(fair, static_cast<uint64_t>(static_cast<double>(held) * std::min(part, 1.0)));
  }
};

}  // namespace flumen
