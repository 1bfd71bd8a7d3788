// The keeping half of a shard: how much of the timeline is retained, and what gives way when memory is short.
#include <algorithm>

#include "core/sink/shard.h"

namespace flumen {

uint64_t Shard::bytes_held() const {
  constexpr uint64_t kPerFrame = sizeof(Frame) + sizeof(LagBucket);
  return timeline_.bytes_kept() + timeline_.packet_bytes() + timeline_.size() * kPerFrame + prologue_bytes_;
}

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
  while (bytes_held() > options_.memory_cap) {
    if (timeline_.empty()) {
      // What is left are private bytes.
      if (!drop_holders(lag_.at(timeline_.next()), now) && !drop_holders(await_frame_, now)) {
        drop_holders(await_key_, now);
      }
      return;
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
      return;
    }
    // One by one: what waits in front of the frames (response heads) may be the greater part.
    while (Client* client = lag_.first_at(tail)) {
      depart(client, Reason::kSlow, true, now);
      if (bytes_held() <= options_.memory_cap) break;
    }
    trim();
  }
}

// Clients that have not even taken their private bytes go until there is room again; true when there is.
bool Shard::drop_holders(LagBucket& clients, Nanos now) {
  for (Client* client = clients.front(); client != nullptr && bytes_held() > options_.memory_cap;) {
    Client* next = LagBucket::next(client);
    if (client->prologue && client->stalled) depart(client, Reason::kSlow, true, now);
    client = next;
  }
  return bytes_held() <= options_.memory_cap;
}

void Shard::publish() {
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
