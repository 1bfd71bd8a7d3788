// When a shard may be left asleep while frames come for it, and when not.
#include <doctest/doctest.h>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

SinkOptions collecting() {
  SinkOptions options;
  options.flush_interval = 200 * kMillisecond;
  return options;
}

/// A client that has everything but the last frame, which waits for its slot.
struct Drowsy : Rig {
  explicit Drowsy(const SinkOptions& options = collecting()) : Rig(options) {
    first = add();
    settle();
    append("frame");
    settle();
  }
  uint64_t patience() const { return shard->patience_at(now).bytes(); }

  Client* first = nullptr;
};

constexpr uint64_t kFull = Schedule::kFlushBytes - 1 - 5;

}  // namespace

TEST_CASE("patience: of a shard whose clients have caught up and wait for their slot") {
  Drowsy rig;
  CHECK(rig.received(rig.first).empty());
  CHECK(rig.patience() == kFull);
  rig.pass(200 * kMillisecond);
  CHECK(rig.received(rig.first) == "frame");
  CHECK(rig.patience() == 0);  // nothing is due: the next frame must say when
  rig.append("frame");
  CHECK(rig.patience() == 0);  // a turn is due
  rig.settle();
  CHECK(rig.patience() == kFull);
  rig.shard->remove(rig.first, rig.now);
  CHECK(rig.patience() == 0);
}

TEST_CASE("patience: none without an interval or without clients") {
  Drowsy rig{SinkOptions{}};
  rig.append("frame");
  CHECK(rig.patience() == 0);
  rig.settle();
  CHECK(rig.patience() == 0);
  Rig empty(collecting());
  empty.append("frame");
  empty.settle();
  CHECK(empty.shard->patience_at(empty.now).bytes() == 0);
}

TEST_CASE("patience: none while somebody is behind, whose limits are judged when a frame comes") {
  Drowsy rig;
  Client* slow = rig.add({.capacity = 2, .prologue = "head"});
  CHECK(rig.patience() == 0);  // a newcomer has its turn
  rig.settle();
  CHECK(slow->state == ClientState::kBlocked);
  CHECK(rig.patience() == 0);
  rig.shard->remove(slow, rig.now);
  rig.settle();
  CHECK(rig.patience() == kFull);
}

TEST_CASE("patience: none while somebody waits for the next frame, or for a key frame") {
  SinkOptions options = collecting();
  options.start.method = SyncMethod::kNextKeyframe;
  Rig rig(options);
  Client* first = rig.add();
  rig.settle();
  rig.append("key");
  rig.settle();
  CHECK(first->state == ClientState::kCaughtUp);
  rig.append("key");
  rig.settle();
  CHECK(rig.shard->patience_at(rig.now).bytes() > 0);
  Client* waiting = rig.add();
  rig.settle();
  CHECK(waiting->state == ClientState::kWaiting);
  CHECK(rig.shard->patience_at(rig.now).bytes() == 0);
}

TEST_CASE("patience: none where the producer waits for clients") {
  SinkOptions options = collecting();
  options.pace = PaceRule::kWait;
  options.lag.soft = {Unit::kFrames, 100};
  Drowsy rig(options);
  CHECK(rig.first->state == ClientState::kCaughtUp);
  CHECK(rig.patience() == 0);
}

TEST_CASE("patience: none where what may come could break the memory cap") {
  SinkOptions options = collecting();
  const uint64_t room = Schedule::kFlushBytes + Patience::kFrames * (sizeof(Frame) + sizeof(LagBucket));
  options.memory_cap = room + 1000;
  CHECK(Drowsy(options).patience() == kFull);
  options.memory_cap = room;
  CHECK(Drowsy(options).patience() == 0);
}

TEST_CASE("patience: a frame that was taken late is not sent later than the interval") {
  Drowsy rig;
  rig.pass(200 * kMillisecond);
  rig.now += 7 * kMillisecond;
  const Nanos pushed = rig.now;
  rig.now += 199 * kMillisecond;  // its loop was busy elsewhere
  Frame frame;
  frame.bytes = rig.copy("late");
  rig.stamp(frame);
  rig.shard->append(std::move(frame), pushed);
  rig.settle();
  rig.pass(kMillisecond);
  CHECK(rig.received(rig.first) == "framelate");
}
