#include "core/sink/schedule.h"

#include <algorithm>

namespace flumen {

uint8_t Schedule::assign(size_t clients) {
  const size_t wanted = interval_ == 0 ? 1 : std::clamp<size_t>(clients / kClientsPerSlot, 1, kSlots);
  in_use_ = std::max(in_use_, wanted);
  if (run_left_ == 0) {
    run_left_ = kClientsPerSlot;
    run_slot_ = 0;
    for (size_t i = 1; i < in_use_; ++i) {
      if (slots_[i].assigned < slots_[run_slot_].assigned) run_slot_ = i;
    }
  }
  --run_left_;
  ++slots_[run_slot_].assigned;
  return static_cast<uint8_t>(run_slot_);
}

void Schedule::enter(Client* client, const Timeline& timeline) {
  FlushSlot& slot = slots_[client->slot];
  if (slot.clients.empty() && !slot.sweeping) {
    slot.low_seq = client->seq;
    slot.flushed = timeline.bytes_total();
    slot.due = kNever;
  }
  slot.clients.push_back(client);
}

void Schedule::leave(Client* client) {
  FlushSlot& slot = slots_[client->slot];
  if (slot.sweep_next == client) slot.sweep_next = ClientQueue::next(client);
  slot.clients.remove(client);
}

// The first moment behind `time` that is the slot's in the interval.
Nanos Schedule::place_behind(Nanos time, size_t index) const {
  const Nanos phase = interval_ * static_cast<Nanos>(index) / static_cast<Nanos>(in_use_);
  return time + interval_ - (time - phase) % interval_;
}

void Schedule::arm(size_t index, const Timeline& timeline, Nanos pushed) {
  FlushSlot& slot = slots_[index];
  if (slot.clients.empty() || slot.sweeping) return;
  if (interval_ == 0 || timeline.bytes_total() - slot.flushed >= kFlushBytes) {
    slot.due = std::min(slot.due, pushed);
  } else if (slot.due == kNever) {
    slot.due = place_behind(pushed, index);
  }
}

void Schedule::appended(const Timeline& timeline, Nanos pushed) {
  for (size_t i = 0; i < in_use_; ++i) arm(i, timeline, pushed);
}

// Who has waited longest comes first: where there is more to do than time, slots that come due again before
// the last one has had its turn would else keep that one waiting for good.
FlushSlot* Schedule::due(Nanos now) {
  FlushSlot* first = nullptr;
  for (size_t i = 0; i < in_use_; ++i) {
    FlushSlot& slot = slots_[i];
    if (slot.sweeping) return &slot;
    if (slot.due <= now && (first == nullptr || slot.due < first->due)) first = &slot;
  }
  return first;
}

void Schedule::begin_sweep(FlushSlot& slot, const Timeline& timeline) {
  slot.sweeping = true;
  slot.due = kNever;
  slot.sweep_next = slot.clients.front();
  slot.sweep_target = timeline.next();
  slot.flushed = timeline.bytes_total();
}

Client* Schedule::next_in_sweep(FlushSlot& slot) {
  Client* client = slot.sweep_next;
  if (client != nullptr) slot.sweep_next = ClientQueue::next(client);
  return client;
}

void Schedule::end_sweep(FlushSlot& slot, const Timeline& timeline, Nanos now) {
  slot.sweeping = false;
  slot.low_seq = slot.sweep_target;
  if (timeline.next() != slot.sweep_target) arm(static_cast<size_t>(&slot - slots_.data()), timeline, now);
}

Nanos Schedule::next_due() const {
  Nanos next = kNever;
  for (size_t i = 0; i < in_use_; ++i) next = slots_[i].sweeping ? 0 : std::min(next, slots_[i].due);
  return next;
}

uint64_t Schedule::patience(const Timeline& timeline, Nanos now) const {
  const Nanos wake = next_due();
  if (interval_ == 0 || wake == kNever || wake <= now) return 0;
  uint64_t pending = 0;
  for (size_t i = 0; i < in_use_; ++i) {
    const FlushSlot& slot = slots_[i];
    if (slot.clients.empty()) continue;
    // Nothing is pending here, so nothing says that its place comes sooner.
    if (slot.due == kNever && place_behind(now, i) < wake) return 0;
    pending = std::max(pending, timeline.bytes_total() - slot.flushed);
  }
  return pending < kFlushBytes ? kFlushBytes - 1 - pending : 0;
}

uint64_t Schedule::low_seq(uint64_t next) const {
  uint64_t low = next;
  for (size_t i = 0; i < in_use_; ++i) {
    if (!slots_[i].clients.empty()) low = std::min(low, slots_[i].low_seq);
  }
  return low;
}

void Schedule::hurry(Nanos now) {
  for (size_t i = 0; i < in_use_; ++i) {
    if (slots_[i].due != kNever) slots_[i].due = now;
  }
}

}  // namespace flumen
