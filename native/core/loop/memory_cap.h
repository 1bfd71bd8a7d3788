// The memory cap of an environment: when its ledger is over it, all loops are nudged, and each squeezes the
// shards that hold more than their share. One round at a time: the next when all have obeyed. Owned by the
// pool; any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>

#include "core/base/ledger.h"
#include "core/sink/shortage.h"

namespace flumen {

class Loop;

class MemoryCap {
 public:
  /// How many loops there may be, besides the one for files.
  static constexpr size_t kLoops = 64;

  explicit MemoryCap(Ledger& ledger) : ledger_(ledger) {}

  /// The environment's thread: a loop that is to be nudged from now on.
  void watch(Loop* loop);
  /// … and the one for files, which no round waits for: it may hang in a write to a disk.
  void watch_files(Loop* loop);
  void set(int64_t bytes);

  /// With every push and every turn of a loop: nudges the loops when that is due.
  void check() {
    const int64_t live = ledger_.live_bytes.load(std::memory_order_relaxed);
    if (live > cap_.load(std::memory_order_relaxed)) {
      nudge(live);
    } else if (in_vain_.load(std::memory_order_relaxed) != 0) {
      in_vain_.store(0);
    }
  }
  /// Of the round that is being obeyed.
  Shortage shortage();
  /// `loop` has squeezed its shards, of which one or more had something to `give`.
  void obeyed(const Loop* loop, bool gave);

 private:
  void nudge(int64_t live);
  void judge_round();

  Ledger& ledger_;
  std::atomic<int64_t> cap_{std::numeric_limits<int64_t>::max()};
  std::atomic<bool> under_way_{false};  // a round; written under the mutex
  // What was live when a round could give nothing more, or much less since; 0: there may be something to
  // give.
  std::atomic<int64_t> in_vain_{0};

  std::mutex mutex_;  // a round, and who takes part
  std::array<Loop*, kLoops> loops_{};
  size_t count_ = 0;
  Loop* files_ = nullptr;
  size_t outstanding_ = 0;  // loops that have not obeyed yet
  bool files_owe_ = false;  // … nor the one for files
  bool gave_ = false;       // one of them had something to give
  int64_t round_live_ = 0;  // what was live when they were nudged
};

}  // namespace flumen
