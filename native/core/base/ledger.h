// Counts what the native side holds, so that a leak is a number and not a guess. One Ledger per environment
// (no mutable statics: worker threads each have their own); it outlives everything that points to it. Any
// thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace flumen {

struct Ledger {
  std::atomic<int64_t> live_blocks{0};
  std::atomic<int64_t> live_bytes{0};  // blocks, client slots, inboxes and bookkeeping
  std::atomic<int64_t> live_shards{0};
  std::atomic<int64_t> live_clients{0};
  std::atomic<int64_t> open_fds{0};
};

}  // namespace flumen
