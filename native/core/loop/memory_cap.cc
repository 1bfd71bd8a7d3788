#include "core/loop/memory_cap.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/loop/loop.h"

namespace flumen {

void MemoryCap::watch(Loop* loop) {
  const std::lock_guard lock(mutex_);
  FLUMEN_CHECK(count_ < kLoops);
  loops_[count_++] = loop;
}

void MemoryCap::watch_files(Loop* loop) {
  const std::lock_guard lock(mutex_);
  files_ = loop;
}

void MemoryCap::set(int64_t bytes) {
  cap_.store(bytes);
  in_vain_.store(0);
  check();
}

Shortage MemoryCap::shortage() {
  const std::lock_guard lock(mutex_);
  // No less than when all were nudged, or whoever obeys last would give nothing; more when more has come
  // since, for shards hold that too.
  const int64_t live = std::max(round_live_, ledger_.live_bytes.load());
  return {static_cast<uint64_t>(live), static_cast<uint64_t>(cap_.load()),
          static_cast<uint64_t>(ledger_.live_shards.load())};
}

void MemoryCap::nudge(int64_t live) {
  // What cannot be given up (slots, say) is not asked for again with every push. When much of it is freed
  // the mark follows: what takes its place is asked for.
  if (const int64_t in_vain = in_vain_.load(); in_vain > 0) {
    const int64_t cap = cap_.load();
    if (live < in_vain - cap / 16) in_vain_.store(live);
    if (live <= in_vain + cap / 64) return;
  }
  if (under_way_.load()) return;
  const std::lock_guard lock(mutex_);
  if (count_ == 0 || under_way_.exchange(true)) return;
  outstanding_ = count_;
  files_owe_ = files_ != nullptr;
  gave_ = false;
  round_live_ = live;
  const auto post = [](Loop* loop) {
    Command command;
    command.kind = Command::Kind::kSqueeze;
    loop->post(std::move(command));
  };
  for (size_t i = 0; i < count_; ++i) post(loops_[i]);
  if (files_owe_) post(files_);
}

void MemoryCap::obeyed(const Loop* loop, bool gave) {
  {
    const std::lock_guard lock(mutex_);
    gave_ |= gave;
    if (loop == files_) {
      files_owe_ = false;
    } else {
      FLUMEN_CHECK(outstanding_ > 0);
      --outstanding_;
    }
    if (outstanding_ > 0) return;
    judge_round();
    under_way_.store(false);
  }
  check();
}

// When the last loop has obeyed, and again when the one for files comes late. As long as that one owes, the
// others would give up again and again for what it pins.
void MemoryCap::judge_round() {
  const int64_t live = ledger_.live_bytes.load();
  in_vain_.store(live > cap_.load() && (!gave_ || files_owe_) ? live : 0);
}

}  // namespace flumen
