// Flush slots, the lag index and the roster by themselves.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/sink/lag_index.h"
#include "core/sink/patience.h"
#include "core/sink/roster.h"
#include "core/sink/schedule.h"
#include "core/timeline/stamper.h"
#include "test/choices.h"

using namespace flumen;
using namespace flumen::test;

namespace {

constexpr Nanos kInterval = 200 * kMillisecond;

struct Slots {
  explicit Slots(Nanos interval) : schedule(interval) {}

  void append(uint32_t size) { append(size, now); }
  void append(uint32_t size, Nanos pushed) {
    Frame frame;
    writer.reserve(size);
    frame.bytes = writer.commit(size);
    stamper.stamp(frame, now);
    timeline.append(std::move(frame));
    schedule.appended(timeline, pushed);
  }
  Client* join(size_t count) {
    clients.push_back(std::make_unique<Client>());
    Client* client = clients.back().get();
    client->slot = schedule.assign(count);
    client->seq = timeline.next();
    schedule.enter(client, timeline);
    return client;
  }
  uint64_t patience() const { return schedule.patience(timeline, now); }
  /// Sweeps everything that is due; how many clients were visited.
  size_t sweep() {
    size_t visited = 0;
    while (FlushSlot* slot = schedule.due(now)) {
      schedule.begin_sweep(*slot, timeline);
      while (Client* client = schedule.next_in_sweep(*slot)) {
        client->seq = timeline.next();
        ++visited;
      }
      schedule.end_sweep(*slot, timeline, now);
    }
    return visited;
  }

  Ledger ledger;
  BlockWriter writer{ledger};
  Stamper stamper;
  Timeline timeline;
  Schedule schedule;
  Nanos now = 1000 * kSecond + 1;
  std::vector<std::unique_ptr<Client>> clients;
};

/// Two loops of the same clients: one that takes each frame when it is pushed, and one that sleeps as long as
/// its patience lasts, and perhaps a little too long.
struct Naps {
  Naps(Nanos flush, Nanos over) : interval(flush), oversleep(over), busy(flush), lazy(flush) {}

  void join(uint64_t count, size_t crowd) {
    wake();  // as any command does
    for (; count > 0; --count) {
      busy.join(crowd);
      lazy.join(crowd);
    }
    wake();
  }
  void push(uint32_t size) {
    busy.append(size);
    busy.sweep();
    times.push_back(busy.now);
    inbox.emplace_back(size, busy.now);
    if (patience.spend(size)) {
      ++spared;
    } else {
      wake();
    }
    check();
  }
  void pass(Nanos time) {
    // Both wake for all that is due on the way, or a slot's next place would depend on the step.
    for (const Nanos end = busy.now + time; busy.now < end;) {
      const Nanos alarm = lazy.schedule.next_due() == kNever ? kNever : lazy.schedule.next_due() + oversleep;
      busy.now = lazy.now = std::max(busy.now, std::min({end, busy.schedule.next_due(), alarm}));
      busy.sweep();
      if (alarm <= lazy.now) wake();
      check();
    }
  }
  void wake() {
    for (; !inbox.empty(); inbox.pop_front()) lazy.append(inbox.front().first, inbox.front().second);
    lazy.sweep();
    patience = Patience(lazy.patience());
  }
  void check() const {
    for (size_t i = 0; i < busy.clients.size(); i += 7) {
      const uint64_t seq = lazy.clients[i]->seq;
      if (oversleep == 0) REQUIRE(seq == busy.clients[i]->seq);
      if (seq < times.size()) REQUIRE(times[seq] + interval + oversleep >= lazy.now);
    }
  }

  Nanos interval;
  Nanos oversleep;
  Slots busy, lazy;
  std::vector<Nanos> times;                      // when each frame was pushed
  std::deque<std::pair<uint32_t, Nanos>> inbox;  // sizes and times
  Patience patience;
  uint64_t spared = 0;
};

}  // namespace

TEST_CASE("slots: a loop that has time for fewer than come due serves all of them in turn") {
  Slots slots(kInterval);
  const size_t crowd = Schedule::kSlots * Schedule::kClientsPerSlot;
  for (size_t i = 0; i < crowd; ++i) slots.join(crowd);
  std::map<const FlushSlot*, int> swept;
  for (size_t turn = 0; turn < 3 * Schedule::kSlots; ++turn) {
    slots.append(400);
    slots.now += kInterval / 4;
    FlushSlot* slot = slots.schedule.due(slots.now);
    if (slot == nullptr) continue;
    slots.schedule.begin_sweep(*slot, slots.timeline);
    while (Client* client = slots.schedule.next_in_sweep(*slot)) client->seq = slots.timeline.next();
    slots.schedule.end_sweep(*slot, slots.timeline, slots.now);
    ++swept[slot];
  }
  CHECK(swept.size() == Schedule::kSlots);
  for (const auto& [slot, times] : swept) CHECK(times >= 2);
}

TEST_CASE("Schedule: clamp(clients / 64, 1, 20) slots, filled evenly by runs of 64") {
  Slots slots(kInterval);
  std::map<int, int> members;
  for (size_t i = 0; i < 63; ++i) CHECK(slots.join(i)->slot == 0);
  for (size_t i = 63; i < 10'000; ++i) slots.join(i);
  for (const auto& client : slots.clients) ++members[client->slot];
  CHECK(members.size() == 20);
  for (const auto& [slot, count] : members) {
    CHECK(count >= 500 - 64);
    CHECK(count <= 500 + 64);
  }
  // Who came together is swept together.
  int runs = 1;
  for (size_t i = 1; i < 10'000; ++i) runs += slots.clients[i]->slot != slots.clients[i - 1]->slot ? 1 : 0;
  CHECK(runs <= 10'000 / 64 + 1);
  Slots at_once(0);
  for (size_t i = 0; i < 1000; ++i) CHECK(at_once.join(i)->slot == 0);
}

TEST_CASE("Schedule: interval 0 flushes now") {
  Slots slots(0);
  slots.join(0);
  CHECK(slots.schedule.next_due() == kNever);
  slots.append(1);
  CHECK(slots.schedule.next_due() == slots.now);
  CHECK(slots.sweep() == 1);
  CHECK(slots.schedule.next_due() == kNever);
}

TEST_CASE("Schedule: an interval collects, and no frame waits longer than it") {
  Slots slots(kInterval);
  slots.join(0);
  slots.append(100);
  const Nanos due = slots.schedule.next_due();
  CHECK(due > slots.now);
  CHECK(due <= slots.now + kInterval);
  // More frames do not put it off.
  slots.now += kMillisecond;
  slots.append(100);
  CHECK(slots.schedule.next_due() == due);
  slots.now = due - 1;
  CHECK(slots.sweep() == 0);
  slots.now = due;
  CHECK(slots.sweep() == 1);
  CHECK(slots.schedule.next_due() == kNever);
}

TEST_CASE("Schedule: 16 KiB pending do not wait") {
  Slots slots(kInterval);
  slots.join(0);
  slots.append(16 * 1024 - 1);
  CHECK(slots.schedule.next_due() > slots.now);
  slots.append(1);
  CHECK(slots.schedule.next_due() == slots.now);
  CHECK(slots.sweep() == 1);
  // Counted from the last sweep.
  slots.append(16 * 1024 - 1);
  CHECK(slots.schedule.next_due() > slots.now);
}

TEST_CASE("Schedule: slots are spread evenly over the interval, each at its own phase") {
  Slots slots(kInterval);
  for (size_t i = 0; i < 20 * 64; ++i) slots.join(1280);
  std::set<Nanos> phases;
  for (int round = 0; round < 3; ++round) {
    slots.append(1);
    std::vector<Nanos> times;
    while (slots.schedule.next_due() != kNever) {
      slots.now = slots.schedule.next_due();
      times.push_back(slots.now);
      phases.insert(slots.now % kInterval);
      CHECK(slots.sweep() == 64);
    }
    REQUIRE(times.size() == 20);
    for (size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] == kInterval / 20);
  }
  CHECK(phases.size() == 20);
}

TEST_CASE("Schedule: patience is what fits into the fullest slot, while a slot is due by itself") {
  Slots slots(kInterval);
  CHECK(slots.patience() == 0);
  slots.join(0);
  CHECK(slots.patience() == 0);  // nothing would wake the loop
  slots.append(1000);
  CHECK(slots.patience() == 16 * 1024 - 1 - 1000);
  slots.append(15 * 1024);
  CHECK(slots.patience() == 1024 - 1 - 1000);
  slots.append(23);
  CHECK(slots.patience() == 0);
  CHECK(slots.schedule.next_due() > slots.now);
  slots.append(1);
  CHECK(slots.patience() == 0);  // due now
  slots.sweep();
  CHECK(slots.patience() == 0);
  slots.append(1);
  slots.now = slots.schedule.next_due();
  CHECK(slots.patience() == 0);
  FlushSlot* slot = slots.schedule.due(slots.now);
  slots.schedule.begin_sweep(*slot, slots.timeline);
  CHECK(slots.patience() == 0);

  Slots at_once(0);
  at_once.join(0);
  at_once.append(1);
  CHECK(at_once.patience() == 0);
}

TEST_CASE("Schedule: no patience while a slot that is not armed comes before all that are") {
  Slots slots(kInterval);
  for (size_t i = 0; i < 64; ++i) slots.join(128);  // the first of two slots
  slots.now += kInterval - slots.now % kInterval + 1;
  slots.append(1);
  const Nanos first = slots.schedule.next_due();
  CHECK(slots.patience() > 0);
  slots.join(128);  // the second: empty-handed, half an interval before the first
  CHECK(slots.patience() == 0);
  slots.now = first - kInterval / 2;  // its place is the next one behind the first's
  CHECK(slots.patience() > 0);
  // A frame that was taken late is late for nobody: it counts from when it was pushed.
  const Nanos pushed = slots.now;
  slots.now = first + kInterval / 2 + kMillisecond;
  slots.append(1, pushed);
  CHECK(slots.sweep() == 65);
}

TEST_CASE("Schedule: what a patient loop takes late goes out when it would have gone otherwise") {
  uint64_t spared = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Choices choices(seed);
    Naps naps(seed % 2 == 0 ? kInterval : 20 * kMillisecond, seed % 3 == 0 ? kMillisecond : 0);
    const size_t crowd = choices.between(1, 20 * 64);
    for (int step = 0; step < 200; ++step) {
      if (choices.one_in(20)) naps.join(choices.below(100), crowd);
      if (choices.one_in(3))
        naps.push(static_cast<uint32_t>(choices.below(choices.one_in(10) ? 20'000 : 400)));
      naps.pass(static_cast<Nanos>(choices.below(static_cast<uint64_t>(naps.interval) / 8)));
    }
    spared += naps.spared;
  }
  CHECK(spared > 1000);
}

TEST_CASE("Schedule: leaving in the middle of a sweep skips nobody") {
  Slots slots(0);
  for (size_t i = 0; i < 5; ++i) slots.join(i);
  slots.append(1);
  FlushSlot* slot = slots.schedule.due(slots.now);
  REQUIRE(slot != nullptr);
  slots.schedule.begin_sweep(*slot, slots.timeline);
  CHECK(slots.schedule.next_in_sweep(*slot) == slots.clients[0].get());
  slots.schedule.leave(slots.clients[1].get());  // the next one
  slots.schedule.leave(slots.clients[0].get());  // the last one visited
  CHECK(slots.schedule.next_in_sweep(*slot) == slots.clients[2].get());
  CHECK(slots.schedule.next_due() == 0);  // a sweep under way wants to go on
  CHECK(slots.schedule.due(slots.now - 1) == slot);
  CHECK(slots.schedule.next_in_sweep(*slot) == slots.clients[3].get());
  CHECK(slots.schedule.next_in_sweep(*slot) == slots.clients[4].get());
  CHECK(slots.schedule.next_in_sweep(*slot) == nullptr);
  // A frame that came meanwhile makes the slot due again.
  slots.append(1);
  slots.schedule.end_sweep(*slot, slots.timeline, slots.now);
  CHECK(slots.schedule.next_due() == slots.now);
}

TEST_CASE("Schedule: hurry makes what is pending due, and nothing else") {
  Slots slots(kInterval);
  slots.join(0);
  slots.schedule.hurry(slots.now);
  CHECK(slots.schedule.next_due() == kNever);
  slots.append(1);
  slots.schedule.hurry(slots.now);
  CHECK(slots.schedule.next_due() == slots.now);
}

TEST_CASE("Schedule: low_seq is never newer than a member's cursor, and moves on with the sweeps") {
  Slots slots(kInterval);
  CHECK(slots.schedule.low_seq(7) == 7);
  slots.join(0);
  slots.append(1);
  slots.append(1);
  CHECK(slots.schedule.low_seq(2) == 0);
  slots.join(1);  // newer, in the same slot
  CHECK(slots.schedule.low_seq(2) == 0);
  slots.now += kInterval;
  slots.sweep();
  CHECK(slots.schedule.low_seq(2) == 2);
}

TEST_CASE("LagIndex: the oldest is found, whatever comes and goes") {
  LagIndex index(100);
  CHECK(index.lowest() == 100);
  Client a, b, c;
  a.seq = b.seq = 100;
  index.add(&a);
  index.add(&b);
  for (uint64_t next = 101; next <= 110; ++next) index.appended(next);
  CHECK(index.lowest() == 100);
  c.seq = 105;
  index.add(&c);
  CHECK(index.first_at(105) == &c);
  index.remove(&a);
  index.remove(&a);  // not there any more: nothing
  CHECK(index.lowest() == 100);
  index.remove(&b);
  CHECK(index.lowest() == 105);
  a.seq = 103;
  index.add(&a);
  CHECK(index.lowest() == 103);
  index.trim(103);
  CHECK(index.lowest() == 103);
  index.remove(&a);
  index.remove(&c);
  CHECK(index.lowest() == 110);
  index.trim(110);
  CHECK(index.lowest() == 110);
}

TEST_CASE("Roster: slots never move, are used again, lowest first, and are counted") {
  Ledger ledger;
  {
    Roster roster(ledger);
    std::vector<Client*> clients;
    for (uint32_t i = 0; i < 1000; ++i) {
      clients.push_back(roster.reserve());
      CHECK(clients.back()->index == i);
      CHECK(roster.at(i) == clients.back());
    }
    CHECK(roster.size() == 1000);
    CHECK(ledger.live_clients == 1000);
    clients[500]->bytes_sent = 77;
    clients[500]->prologue = copy_to_slice(ledger, std::vector<uint8_t>(10));
    roster.release(clients[500]);
    CHECK(ledger.live_blocks == 0);
    Client* again = roster.reserve();
    CHECK(again == clients[500]);
    CHECK(again->bytes_sent == 0);
    CHECK(again->state == ClientState::kReserved);
    CHECK(roster.at(100'000) == nullptr);
    const int64_t bytes = ledger.live_bytes;
    CHECK(bytes >= static_cast<int64_t>(1000 * sizeof(Client)));
  }
  CHECK(ledger.live_clients == 0);
  CHECK(ledger.live_bytes == 0);
}
