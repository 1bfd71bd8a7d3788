// What a sink promises its clients. Copied into every shard; fixed for the life of the sink.
#pragma once

#include "core/base/units.h"

namespace flumen {

/// Where a new client starts (GStreamer's sync-method).
enum class SyncMethod : uint8_t { kLatest, kBurst };

struct SinkOptions {
  SyncMethod sync_method = SyncMethod::kLatest;
  Amount burst_min{Unit::kBytes, 64 * kKiB};
  Amount hard_limit{Unit::kBytes, 4 * kMiB};
  Nanos stall_timeout = 30 * kSecond;  // 0: off
  uint64_t memory_cap = 64 * kMiB;
  Nanos flush_interval = 0;
  uint32_t notsent_lowat = 16 * kKiB;
  Nanos close_timeout = 2 * kSecond;
  bool sockets_only = false;  // refuses pipes and files
};

}  // namespace flumen
