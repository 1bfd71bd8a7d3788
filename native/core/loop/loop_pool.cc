#include "core/loop/loop_pool.h"

#include <algorithm>
#include <cerrno>
#include <string>

namespace flumen {

size_t LoopPool::count_for(size_t cores) { return std::clamp<size_t>(cores, 2, MemoryCap::kLoops + 1) - 1; }

Result<bool> LoopPool::start(size_t count, EpollIo::Sends sends) {
  if (count > MemoryCap::kLoops) return Error{EINVAL, "loops"};
  for (size_t i = 0; i < count; ++i) {
    Result<std::unique_ptr<Loop>> loop =
        Loop::start("flumen-" + std::to_string(i), outbox_, ledger_, memory_, sends);
    if (!loop.ok()) {
      loops_.clear();
      return loop.error();
    }
    loops_.push_back(std::move(loop.value()));
  }
  for (auto& loop : loops_) memory_.watch(loop.get());
  return true;
}

void LoopPool::stop() {
  // None is freed before all stand still: a source on one posts frames to the others.
  for (auto& loop : loops_) loop->stop();
  if (file_loop_) file_loop_->stop();
  loops_.clear();
  file_loop_.reset();
}

Result<Loop*> LoopPool::file_loop() {
  if (!file_loop_) {
    // It sees no sockets, and needs no ring.
    Result<std::unique_ptr<Loop>> loop =
        Loop::start("flumen-file", outbox_, ledger_, memory_, EpollIo::Sends::kSingle);
    if (!loop.ok()) return loop.error();
    file_loop_ = std::move(loop.value());
    memory_.watch_files(file_loop_.get());
  }
  return file_loop_.get();
}

}  // namespace flumen
