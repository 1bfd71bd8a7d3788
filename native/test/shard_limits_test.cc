// How far a client may lag and how long it may stall: design §4, each rule with exact numbers.
#include <doctest/doctest.h>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

SinkOptions limit(Unit unit, uint64_t value) {
  SinkOptions options;
  options.lag.hard = {unit, value};
  options.stall_timeout = 0;
  return options;
}

/// A client whose kernel buffer is full to the brim with whole frames, so that nothing of the next one is
/// begun.
Client* full_client(Rig& rig) {
  Client* client = rig.add({.capacity = 100});
  rig.settle();
  rig.append(pattern(100));
  rig.settle();
  REQUIRE(rig.fd(client).queued == 100);
  return client;
}

}  // namespace

TEST_CASE("hard limit: lag may reach it, one more and the client is slow, and reset") {
  SUBCASE("frames") {
    Rig rig(limit(Unit::kFrames, 3));
    Client* client = full_client(rig);
    for (int i = 0; i < 3; ++i) rig.append("x");
    rig.settle();
    CHECK(rig.removals.empty());
    rig.append("x");
    rig.settle();
    CHECK(rig.reason_of(client) == Reason::kSlow);
    CHECK(rig.fd(client).was_reset);
  }
  SUBCASE("bytes") {
    Rig rig(limit(Unit::kBytes, 1000));
    Client* client = full_client(rig);
    rig.append(pattern(1000));
    rig.settle();
    CHECK(rig.removals.empty());
    rig.append("x");
    rig.settle();
    CHECK(rig.reason_of(client) == Reason::kSlow);
  }
  SUBCASE("time") {
    Rig rig(limit(Unit::kTime, 2 * kSecond));
    Client* client = full_client(rig);
    FrameInfo info;
    for (int i = 0; i <= 2; ++i) {
      info.dts = i * kSecond;
      rig.append("x", info);
    }
    rig.settle();
    CHECK(rig.removals.empty());
    info.dts += 1;
    rig.append("x", info);
    rig.settle();
    CHECK(rig.reason_of(client) == Reason::kSlow);
  }
}

TEST_CASE("hard limit: media bytes count, not those of the chunk framing") {
  Rig rig(limit(Unit::kBytes, 10));
  Client* client = rig.add({.capacity = 6, .framing = Framing::kChunked});
  rig.settle();
  rig.append("x");  // 1 CRLF x CRLF: fills the buffer
  rig.settle();
  for (int i = 0; i < 10; ++i) rig.append("y");
  rig.settle();
  CHECK(rig.removals.empty());
  rig.append("z");
  rig.settle();
  CHECK(rig.reason_of(client) == Reason::kSlow);
}

TEST_CASE("hard limit: the frame begun does not count") {
  Rig rig(limit(Unit::kBytes, 1000));
  Client* client = rig.add({.capacity = 10});
  rig.settle();
  rig.append(pattern(5000));  // far over the limit, but begun
  rig.settle();
  CHECK(rig.fd(client).queued == 10);
  CHECK(rig.removals.empty());
  rig.append(pattern(1000));
  rig.settle();
  CHECK(rig.removals.empty());
  rig.append("x");
  rig.settle();
  CHECK(rig.reason_of(client) == Reason::kSlow);
}

TEST_CASE("hard limit: a send is tried before anybody is judged") {
  Rig rig(limit(Unit::kBytes, 1000));
  Client* client = rig.add({.capacity = kMiB});
  rig.settle();
  // All in one turn, far over the limit; but the kernel takes it.
  for (int i = 0; i < 100; ++i) rig.append(pattern(1000, i));
  rig.settle();
  CHECK(rig.removals.empty());
  CHECK(rig.received(client).size() == 100'000);
}

TEST_CASE("hard limit: a burst over the limit kills no newcomer; once caught up the limit is the limit") {
  SinkOptions options = limit(Unit::kBytes, 1000);
  options.start.method = SyncMethod::kBurst;
  options.start.min = {Unit::kBytes, 5000};
  Rig rig(options);
  for (int i = 0; i < 5; ++i) rig.append(pattern(1000, i));
  rig.settle();
  Client* client = rig.add({.capacity = 1000});
  Client* doomed = rig.add({.capacity = 1000});
  rig.settle();  // one frame of five is out, 4,000 lag
  rig.append(pattern(1000, 5));
  rig.settle();  // 5,000 lag: as much as at its start
  CHECK(rig.removals.empty());
  for (int i = 0; i < 5; ++i) {
    rig.io.peer_read(rig.fd_of(client), 1000);
    rig.settle();
  }
  CHECK(client->caught_up_once);
  rig.append("x");  // 5,001 lag for one, and 1 for the other
  rig.settle();
  CHECK(rig.reason_of(doomed) == Reason::kSlow);
  CHECK(rig.reason_of(client) == Reason::kNone);
  rig.append(pattern(1000, 6));  // 1,001, and it has caught up before
  rig.settle();
  CHECK(rig.reason_of(client) == Reason::kSlow);
}

TEST_CASE("stall clock: starts at the first short write, restarts with every byte, does not run while idle") {
  SinkOptions options = limit(Unit::kNone, 0);
  options.stall_timeout = kSecond;
  Rig rig(options);
  Client* client = rig.add({.capacity = 90});
  rig.settle();
  rig.append(pattern(90));
  rig.settle();
  // The buffer is full, but nothing was refused: no clock.
  rig.pass(10 * kSecond);
  CHECK(rig.removals.empty());
  rig.append(pattern(300));
  rig.settle();  // EAGAIN: now it runs
  rig.pass(999 * kMillisecond);
  CHECK(rig.removals.empty());
  rig.io.peer_read(rig.fd_of(client), 30);
  rig.settle();  // thirty bytes more: it starts again
  CHECK(rig.fd(client).accepted == 120);
  rig.pass(999 * kMillisecond);
  CHECK(rig.removals.empty());
  rig.pass(kMillisecond);
  REQUIRE(rig.removals.size() == 1);
  CHECK(rig.reason_of(client) == Reason::kSlow);
  CHECK(rig.fd(client).was_reset);
}

TEST_CASE(
    "stall clock: waking up without taking a byte is no progress, and the order of the clocks stays right") {
  SinkOptions options = limit(Unit::kNone, 0);
  options.stall_timeout = kSecond;
  Rig rig(options);
  Client* first = rig.add({.capacity = 90});
  Client* second = rig.add({.capacity = 90});
  rig.settle();
  rig.append(pattern(90));
  rig.settle();
  rig.append(pattern(100));
  rig.settle();  // both are refused
  const Nanos start = rig.now;
  rig.pass(400 * kMillisecond);
  rig.io.peer_read(rig.fd_of(second), 90);
  rig.settle();  // the second moves: its clock began anew at 400 ms
  rig.pass(300 * kMillisecond);
  // The first is told of space, but the kernel changes its mind.
  rig.io.peer_read(rig.fd_of(first), 90);
  rig.io.settle();
  for (const IoEvent& event : rig.io.wait(rig.now, rig.now)) {
    rig.shard->on_event(reinterpret_cast<Client*>(event.token), event, rig.now);
  }
  rig.fd(first).queued = 90;
  rig.settle();
  CHECK(first->state == ClientState::kBlocked);
  rig.pass(10 * kSecond);
  REQUIRE(rig.removals.size() == 2);
  CHECK(rig.removals[0].client == first);
  CHECK(rig.removals[0].at == start + kSecond);
  CHECK(rig.removals[1].client == second);
  CHECK(rig.removals[1].at == start + 1400 * kMillisecond);
}

TEST_CASE("memory cap: who pins the oldest frames goes, the rest stay and miss nothing") {
  SinkOptions options = limit(Unit::kNone, 0);
  options.memory_cap = 100'000;
  Rig rig(options);
  Client* stuck = rig.add({.capacity = 10});
  Client* lagging = rig.add({.capacity = 60'000});
  Client* healthy = rig.add({.capacity = 10 * kMiB});
  rig.settle();
  std::string all;
  for (int i = 0; i < 12; ++i) {
    all += pattern(10'000, i);
    rig.append(pattern(10'000, i));
    rig.settle();
    CHECK(rig.shard->bytes_held() <= options.memory_cap);
  }
  REQUIRE(rig.removals.size() == 1);
  CHECK(rig.reason_of(stuck) == Reason::kSlow);
  CHECK(rig.received(healthy) == all);
  for (int i = 0; i < 10; ++i) {
    rig.io.peer_read(rig.fd_of(lagging), 60'000);
    rig.settle();
  }
  CHECK(rig.received(lagging) == all);
}

TEST_CASE("memory cap: a burst gives way before any client does") {
  SinkOptions options = limit(Unit::kNone, 0);
  options.start.method = SyncMethod::kBurst;
  options.start.min = {Unit::kBytes, kMiB};
  options.memory_cap = 50'000;
  Rig rig(options);
  Client* client = rig.add({.capacity = 10 * kMiB});
  rig.settle();
  for (int i = 0; i < 100; ++i) {
    rig.append(pattern(1000, i));
    rig.settle();
    CHECK(rig.shard->bytes_held() <= options.memory_cap);
  }
  CHECK(rig.removals.empty());
  CHECK(rig.received(client).size() == 100'000);
}

TEST_CASE("memory cap: clients that wait for their flush slot are served early instead") {
  SinkOptions options = limit(Unit::kNone, 0);
  options.flush_interval = 200 * kMillisecond;
  options.memory_cap = 5'000;
  Rig rig(options);
  Client* client = rig.add();
  rig.settle();
  for (int i = 0; i < 8; ++i) rig.append(pattern(1000, i));
  rig.settle();
  CHECK(rig.removals.empty());
  CHECK(rig.received(client).size() == 8000);
  CHECK(rig.shard->bytes_held() <= options.memory_cap);
}

TEST_CASE(
    "stall clock: a terminal that takes nothing is asked again and again, and goes as slow in the end") {
  SinkOptions options;
  options.stall_timeout = 1 * kSecond;
  Rig rig(options);
  Client* quick = rig.add({.kind = FdKind::kFile});
  Client* stuck = rig.add({.kind = FdKind::kFile});
  rig.settle();
  rig.fd(quick).busy = rig.fd(stuck).busy = true;
  rig.append("abc");
  for (int i = 0; i < 10; ++i) {
    CHECK(rig.turn());
    rig.now += 50 * kMillisecond;
  }
  rig.fd(quick).busy = false;
  CHECK(rig.turn());
  CHECK(rig.received(quick) == "abc");
  CHECK(rig.removals.empty());
  rig.now += 500 * kMillisecond;
  rig.turn();
  CHECK(rig.reason_of(stuck) == Reason::kSlow);
  rig.settle();
}

TEST_CASE("memory cap: response heads count when no frame is there, too") {
  SinkOptions options;
  options.memory_cap = 10'000;
  Rig rig(options);
  const std::string head = pattern(900);
  for (int i = 0; i < 12; ++i) rig.add({.capacity = 10, .prologue = head});
  rig.settle();
  CHECK(rig.removals.size() == 1);
  CHECK(rig.removals[0].reason == Reason::kSlow);
  CHECK(rig.shard->bytes_held() <= options.memory_cap);
}
