// The keeping half of a shard: how much of the timeline is retained, and what gives way when memory is short.
#include <algorithm>
#include <utility>

#include "core/sink/shard.h"

namespace flumen {

uint64_t Shard::bytes_held() const {
  return timeline_.bytes_kept() + timeline_.packet_bytes() + timeline_.size() * kBytesPerFrame +
         inbox_bytes_ + prologue_bytes_ + pins_.bytes();
}

void Shard::look_into_inbox() {
  if (place_.newest == nullptr) return;
  const uint64_t frames = place_.newest->frames.load(std::memory_order_relaxed) - timeline_.next();
  const uint64_t bytes = place_.newest->bytes.load(std::memory_order_relaxed) - timeline_.bytes_total();
  inbox_bytes_ = bytes + frames * kBytesPerFrame;
}

void Shard::squeeze(const Shortage& shortage) {
  look_into_inbox();
  const uint64_t held = bytes_held();
  const uint64_t share = shortage.share_of(held);
  if (held > share) squeeze_to_ = std::min(squeeze_to_, share);
}

uint64_t Shard::cap() const { return std::min(options_.memory_cap, squeeze_to_); }

// The tail is the oldest of what the slowest client and the next newcomer need.
void Shard::trim() {
  uint64_t keep = std::min(schedule_.low_seq(timeline_.next()), lag_.lowest());
  if (!ending_) {
    keep = std::min(keep, start_needs(timeline_, options_.start));
    const KeepRule& rule = options_.keep;
    const auto reach = [&](Unit unit, uint64_t value) {
      if (value > 0) keep = std::min(keep, timeline_.newest_reaching({unit, value}));
    };
    reach(Unit::kFrames, rule.frames);
    reach(Unit::kBytes, rule.bytes);
    reach(Unit::kTime, static_cast<uint64_t>(rule.time));
  }
  timeline_.trim(keep);
  lag_.trim(keep);
}

void Shard::enforce_cap(Nanos now) {
  const uint64_t before = bytes_held();
  while (bytes_held() > cap()) {
    if (timeline_.empty()) {
      // What is left are private bytes.
      if (!drop_holders(lag_.at(timeline_.next()), now) && !drop_holders(await_frame_, now)) {
        drop_holders(await_key_, now);
      }
      break;
    }
    const uint64_t tail = timeline_.tail();
    const uint64_t needed = std::min(schedule_.low_seq(timeline_.next()), lag_.lowest());
    if (needed > tail) {
      // Only a burst wanted it: newcomers get less.
      timeline_.trim(needed);
      lag_.trim(needed);
      continue;
    }
    if (lag_.lowest() > tail) {
      // Healthy clients wait here for their flush slot: serving them is the cure.
      schedule_.hurry(now);
      if (schedule_.next_due() == kNever) break;
      gave_way_ |= squeezing();
      return;
    }
    // One by one: what waits in front of the frames (response heads) may be the greater part.
    while (Client* client = lag_.first_at(tail)) {
      depart(client, Reason::kSlow, true, now);
      if (bytes_held() <= cap()) break;
    }
    trim();
  }
  // Also when its clients have taken enough meanwhile.
  gave_way_ |= squeezing() && (before <= cap() || bytes_held() < before);
  squeeze_to_ = kNotSqueezed;
}

// Clients that have not even taken their private bytes go until there is room again; true when there is.
bool Shard::drop_holders(LagBucket& clients, Nanos now) {
  for (Client* client = clients.front(); client != nullptr && bytes_held() > cap();) {
    Client* next = LagBucket::next(client);
    if (client->prologue && client->stalled) depart(client, Reason::kSlow, true, now);
    client = next;
  }
  return bytes_held() <= cap();
}

// What the allocator has given for it, not only what is in use.
void Shard::count_bookkeeping() {
  const auto bytes =
      static_cast<int64_t>(sizeof(Shard) + timeline_.bookkeeping() + lag_.bookkeeping() + side_bytes_);
  if (bytes == counted_) return;
  ledger_.live_bytes.fetch_add(bytes - std::exchange(counted_, bytes), std::memory_order_relaxed);
}

void Shard::publish() {
  count_bookkeeping();
  totals_.bytes_served.store(bytes_served_, std::memory_order_relaxed);
  totals_.clients.store(clients_, std::memory_order_relaxed);
  totals_.frames_queued.store(timeline_.size(), std::memory_order_relaxed);
  totals_.bytes_queued.store(timeline_.bytes_kept(), std::memory_order_relaxed);
  totals_.bytes_held.store(bytes_held(), std::memory_order_relaxed);
  totals_.sends.store(sends_, std::memory_order_relaxed);
  const auto queued = static_cast<int64_t>(timeline_.amount(timeline_.tail(), Unit::kTime));
  totals_.time_queued.store(queued, std::memory_order_relaxed);
  for (size_t i = 0; i < kClientStates; ++i)
    totals_.by_state[i].store(by_state_[i], std::memory_order_relaxed);
}

}  // namespace flumen
