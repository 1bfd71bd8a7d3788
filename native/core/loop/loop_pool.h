// The loop threads of an environment, shared by all its sinks, and the one file loop for what epoll refuses:
// a slow disk must stall no socket. Used from the environment's thread only.
#pragma once

#include <memory>
#include <vector>

#include "core/loop/loop.h"

namespace flumen {

class LoopPool {
 public:
  LoopPool(Outbox& outbox, Ledger& ledger) : outbox_(outbox), ledger_(ledger), memory_(ledger) {}

  /// How many threads a machine of so many `cores` gets: one is left to the environment's own.
  static size_t count_for(size_t cores);

  bool started() const { return !loops_.empty(); }
  /// Starts `count` threads. `sends`: how sockets are written to. EINVAL: more than MemoryCap::kLoops.
  Result<bool> start(size_t count, EpollIo::Sends sends = EpollIo::Sends::kBatched);
  /// Stops all threads; every descriptor they hold is closed.
  void stop();

  const std::vector<std::unique_ptr<Loop>>& loops() const { return loops_; }
  /// The loop that reads the next source: each in turn.
  Loop& next_loop() { return *loops_[turn_++ % loops_.size()]; }
  Result<Loop*> file_loop();
  MemoryCap& memory() { return memory_; }
  bool is_file_loop(const Loop* loop) const { return loop == file_loop_.get(); }

 private:
  Outbox& outbox_;
  Ledger& ledger_;
  MemoryCap memory_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<Loop> file_loop_;
  size_t turn_ = 0;
};

}  // namespace flumen
