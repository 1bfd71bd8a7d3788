// When caught-up clients are served: flush slots spread over the flush interval (design §3.4). A slot holds
// clients that have everything up to its last sweep, so a frame makes at most kSlots slots due and touches no
// client. Owned by a shard.
#pragma once

#include <array>

#include "core/client/client.h"
#include "core/timeline/timeline.h"

namespace flumen {

struct FlushSlot {
  ClientQueue clients;
  uint32_t assigned = 0;  // clients that return here whenever they have caught up
  uint64_t low_seq = 0;   // no member's cursor is older than this
  uint64_t flushed = 0;   // media bytes of the timeline at the last sweep
  Nanos due = kNever;
  bool sweeping = false;
  Client* sweep_next = nullptr;
  uint64_t sweep_target = 0;  // the frame to come when the sweep began
};

class Schedule {
 public:
  static constexpr size_t kSlots = 20;
  static constexpr size_t kClientsPerSlot = 64;
  /// Pending bytes that make a slot due before its time.
  static constexpr uint64_t kFlushBytes = 16 * kKiB;

  explicit Schedule(Nanos interval) : interval_(interval) {}

  /// Chooses a slot for a newcomer among `clients`: the emptiest one in use, for a run of kClientsPerSlot
  /// newcomers. Who came together lies together in the kernel's memory, and a sweep over neighbours costs
  /// less.
  uint8_t assign(size_t clients);
  void unassign(uint8_t slot) { --slots_[slot].assigned; }

  /// A client has everything: it waits in its slot.
  void enter(Client* client, const Timeline& timeline);
  /// Takes a client out of its slot, out of the way of a sweep in progress too.
  void leave(Client* client);

  /// A frame was appended that was pushed at `pushed`: slots with members become due, at once or at their
  /// place in the interval behind that.
  void appended(const Timeline& timeline, Nanos pushed);

  /// Due slots are swept by begin, then members one by one, then end.
  FlushSlot* due(Nanos now);
  void begin_sweep(FlushSlot& slot, const Timeline& timeline);
  Client* next_in_sweep(FlushSlot& slot);
  void end_sweep(FlushSlot& slot, const Timeline& timeline, Nanos now);

  Nanos next_due() const;
  /// How many more bytes may be pushed, and appended only at next_due(), so that every member is served as if
  /// they had been appended at once. 0: none.
  uint64_t patience(const Timeline& timeline, Nanos now) const;
  /// The oldest cursor that a member may have; `next` without members.
  uint64_t low_seq(uint64_t next) const;
  /// Makes every slot with something pending due now.
  void hurry(Nanos now);

  std::array<FlushSlot, kSlots>& slots() { return slots_; }

 private:
  void arm(size_t index, const Timeline& timeline, Nanos pushed);
  Nanos place_behind(Nanos time, size_t index) const;

  Nanos interval_;
  size_t in_use_ = 1;  // only grows: an emptied slot costs nothing
  size_t run_slot_ = 0;
  size_t run_left_ = 0;
  std::array<FlushSlot, kSlots> slots_;
};

}  // namespace flumen
