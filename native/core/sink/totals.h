// A shard's figures, published once a turn by its loop and read by any thread. Relaxed: each figure is true
// by itself.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/client/client.h"

namespace flumen {

struct Totals {
  std::atomic<uint64_t> bytes_served{0};
  std::atomic<uint64_t> clients{0};
  std::atomic<uint64_t> frames_queued{0};
  std::atomic<uint64_t> bytes_queued{0};
  std::atomic<uint64_t> bytes_held{0};
  std::atomic<uint64_t> sends{0};                               // write calls made
  std::atomic<int64_t> time_queued{0};                          // ns of stream
  std::array<std::atomic<uint64_t>, kClientStates> by_state{};  // clients, by ClientState
};

}  // namespace flumen
