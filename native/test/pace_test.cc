// The gate of a producer that waits: when it closes, when it opens, and that it tells once.
#include <doctest/doctest.h>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

SinkOptions wait_for(Unit unit, uint64_t soft) {
  SinkOptions options;
  options.pace = PaceRule::kWait;
  options.lag.soft = {unit, soft};
  options.lag.hard = {};
  return options;
}

std::unique_ptr<ClientRules> own_soft(uint64_t frames) {
  auto rules = std::make_unique<ClientRules>();
  rules->lag.emplace().soft = {Unit::kFrames, frames};
  return rules;
}

Client* add_ruled(Rig& rig, const ClientSetup& setup, uint64_t soft) {
  Client* client = rig.reserve(setup);
  client->rules = own_soft(soft);
  rig.shard->add(client, rig.now);
  return client;
}

}  // namespace

TEST_CASE("pace: at the soft limit the gate is open, beyond it closed; the frame that ends it tells once") {
  Rig rig(wait_for(Unit::kBytes, 200));
  Client* client = rig.add({.capacity = 100});
  rig.settle();
  CHECK(rig.push(pattern(100)));  // taken
  rig.settle();
  CHECK(rig.push(pattern(100)));
  CHECK(rig.push(pattern(100)));  // 200 lie before it: at the limit
  CHECK_FALSE(rig.push(pattern(1)));
  CHECK_FALSE(rig.push(pattern(1)));
  rig.settle();
  CHECK(rig.drained == 0);
  rig.io.peer_read(rig.fd_of(client), 40);
  rig.settle();  // 40 bytes of the second: it is begun, so 102 lie before it
  CHECK(rig.drained == 1);
  CHECK(rig.resumed == 0);
  CHECK(rig.push(pattern(98)));
  CHECK_FALSE(rig.push(pattern(1)));
  rig.settle();
  rig.io.peer_read(rig.fd_of(client), 1000);
  rig.settle();
  CHECK(rig.drained == 2);
  CHECK(rig.removals.empty());
}

TEST_CASE("pace: a frame that is begun counts no more, only if all at that frame have begun it") {
  Rig rig(wait_for(Unit::kFrames, 0));
  Client* begun = rig.add({.capacity = 150});
  Client* stuck = rig.add({.capacity = 100});
  rig.settle();
  CHECK(rig.push(pattern(100)) == false);
  rig.settle();
  CHECK(rig.drained == 1);
  CHECK(rig.push(pattern(100)) == false);
  rig.settle();
  CHECK(begun->offset == 50);
  CHECK(stuck->offset == 0);
  CHECK(rig.drained == 1);
  rig.io.peer_read(rig.fd_of(stuck), 40);
  rig.settle();
  CHECK(stuck->offset == 40);
  CHECK(rig.drained == 2);
}

TEST_CASE("pace: what lies in inboxes counts, before the shard has seen frame or client") {
  Rig rig(wait_for(Unit::kFrames, 3));
  rig.settle();
  const auto pass = [&](uint64_t frames) { return rig.pace->pass(Pace::kPush, {{frames, 0, 0}}); };
  CHECK(pass(1'000));  // nobody is there
  rig.reserve();       // on its way
  CHECK_FALSE(pass(1'001));
  rig.pace->mark(0, {}, {{1'001 + 3, 0, 0}}, 1);  // it has come, and waits for a key frame
  CHECK(pass(1'002));
}

TEST_CASE("pace: without clients, or with such as only wait for a frame, the gate is never closed") {
  SinkOptions options = wait_for(Unit::kFrames, 1);
  options.start.method = SyncMethod::kNextKeyframe;
  Rig rig(options);
  FrameInfo delta;
  delta.flags = FrameFlags::kDelta;
  for (int i = 0; i < 10; ++i) CHECK(rig.push("abc", delta));
  rig.add({.capacity = 2, .prologue = "head"});
  rig.settle();
  for (int i = 0; i < 10; ++i) {
    CHECK(rig.push("abc", delta));
    rig.settle();
  }
  CHECK(rig.drained == 0);
}

TEST_CASE("pace: time of stream counts as a soft limit, too") {
  Rig rig(wait_for(Unit::kTime, 100 * kMillisecond));
  Client* client = rig.add({.capacity = 3});
  rig.settle();
  FrameInfo info;
  info.pts = 0;
  CHECK(rig.push("abc", info));
  rig.settle();
  info.pts = 50 * kMillisecond;
  CHECK(rig.push("def", info));  // waits from here on
  rig.settle();
  info.pts = 150 * kMillisecond;
  CHECK(rig.push("ghi", info));
  info.pts = 151 * kMillisecond;
  CHECK_FALSE(rig.push("jkl", info));
  rig.settle();
  CHECK(rig.drained == 0);
  rig.io.peer_read(rig.fd_of(client), 3);
  rig.settle();
  CHECK(rig.drained == 1);
}

TEST_CASE("pace: whatever takes the slowest client away opens the gate") {
  SinkOptions options = wait_for(Unit::kFrames, 1);
  options.stall_timeout = kSecond;
  Rig rig(options);
  Client* stuck = rig.add({.capacity = 1});
  rig.add({.capacity = kMiB});
  rig.settle();
  bool more = true;
  for (int i = 0; i < 4; ++i) {
    more = rig.push("frame");
    rig.settle();
  }
  CHECK_FALSE(more);
  CHECK(rig.drained == 0);
  SUBCASE("removed") { rig.shard->remove(stuck, rig.now); }
  SUBCASE("reset by its peer") { rig.io.peer_reset(rig.fd_of(stuck)); }
  SUBCASE("dead: the stall timeout") { rig.pass(kSecond); }
  SUBCASE("cleared") { rig.shard->clear(rig.now); }
  SUBCASE("ended: nothing is pushed any more") { rig.shard->end(); }
  SUBCASE("closed") { rig.shard->close(rig.now); }
  SUBCASE("a higher soft limit") { rig.shard->set_lag({{Unit::kFrames, 100}, {}, RecoverPolicy::kNone}); }
  rig.settle();
  CHECK(rig.drained == 1);
}

TEST_CASE("pace: a lower soft limit closes the gate with the next push") {
  Rig rig(wait_for(Unit::kFrames, 10));
  rig.add({.capacity = 1});
  rig.settle();
  for (int i = 0; i < 5; ++i) CHECK(rig.push("frame"));
  rig.shard->set_lag({{Unit::kFrames, 2}, {}, RecoverPolicy::kNone});
  rig.settle();
  CHECK_FALSE(rig.push("frame"));
}

TEST_CASE("pace: a client is held to its own soft limit, the others to the sink's") {
  SUBCASE("tighter") {
    Rig rig(wait_for(Unit::kFrames, 100));
    Client* tight = add_ruled(rig, {.capacity = 1}, 2);
    rig.settle();
    CHECK(rig.push("abc"));  // begun
    rig.settle();
    CHECK(rig.push("abc"));
    CHECK(rig.push("abc"));
    rig.settle();
    CHECK_FALSE(rig.push("abc"));
    rig.io.peer_read(rig.fd_of(tight), 1);
    rig.settle();
    CHECK(rig.drained == 0);  // within the frame still
    for (int i = 0; i < 3; ++i) {
      rig.io.peer_read(rig.fd_of(tight), 1);
      rig.settle();
    }
    CHECK(rig.drained == 1);
  }
  SUBCASE("wider: it hangs further back than the slowest of the others") {
    Rig rig(wait_for(Unit::kFrames, 3));
    Client* wide = add_ruled(rig, {.capacity = 1}, 20);
    Client* other = rig.add({.capacity = kMiB});
    rig.settle();
    for (int i = 0; i < 15; ++i) {
      CHECK(rig.push("abc"));
      rig.settle();
    }
    CHECK(wide->seq == 0);
    rig.fd(other).capacity = rig.fd(other).queued;  // now it takes nothing
    for (int i = 0; i < 3; ++i) {
      CHECK(rig.push("abc"));
      rig.settle();
    }
    CHECK_FALSE(rig.push("abc"));
    rig.io.peer_read(rig.fd_of(other), 100);
    rig.settle();
    CHECK(rig.drained == 1);
    CHECK(wide->seq == 0);
  }
}

TEST_CASE("pace: while the producer waits nothing is collected for the flush interval") {
  SinkOptions options = wait_for(Unit::kFrames, 2);
  options.flush_interval = 10 * kSecond;
  Rig rig(options);
  Client* client = rig.add();
  rig.settle();
  CHECK(rig.push("a"));
  CHECK(rig.push("b"));
  rig.settle();
  CHECK(rig.received(client).empty());
  CHECK_FALSE(rig.push("c"));
  rig.settle();
  CHECK(rig.received(client) == "abc");
  CHECK(rig.drained == 1);
}

TEST_CASE("pace: source and push are told each of what it was told") {
  Rig rig(wait_for(Unit::kFrames, 0));
  rig.add();
  rig.settle();
  rig.append("abc");
  CHECK_FALSE(rig.pace->pass(Pace::kSource, {{1, 3, 0}}));
  rig.settle();
  CHECK(rig.drained == 0);
  CHECK(rig.resumed == 1);
  rig.append("abc");
  CHECK_FALSE(rig.pace->pass(Pace::kSource, {{2, 6, 0}}));
  CHECK_FALSE(rig.pace->pass(Pace::kPush, {{2, 6, 0}}));
  rig.settle();
  CHECK(rig.drained == 1);
  CHECK(rig.resumed == 2);
  CHECK_FALSE(rig.pace->closed());
}
