// What a shard tells of a client: state, lag, first and last timestamp, activity.
#include <doctest/doctest.h>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

FrameInfo at(Nanos pts, uint8_t flags = 0) {
  FrameInfo info;
  info.pts = info.dts = pts;
  info.flags = flags;
  return info;
}

ClientReport ask(Rig& rig, Client* client) { return rig.shard->report(client, rig.now); }

}  // namespace

TEST_CASE("report: a newcomer has begun nothing; then the first and the newest frame, trimmed or not") {
  Rig rig({});
  rig.append("old", at(kSecond));
  Client* client = rig.add();
  rig.settle();
  ClientReport report = ask(rig, client);
  CHECK(report.state == ClientState::kCaughtUp);
  CHECK(report.first_pts == kNoTime);
  CHECK(report.last_pts == kNoTime);
  CHECK(report.active_at == report.added_at);
  rig.append("new", at(2 * kSecond));
  rig.append("newer", at(3 * kSecond));
  rig.pass(kSecond);
  CHECK(rig.shard->timeline().empty());
  report = ask(rig, client);
  CHECK(report.first_pts == 2 * kSecond);
  CHECK(report.last_pts == 3 * kSecond);
  CHECK(report.bytes_sent == 8);
  CHECK(report.lag_frames == 0);
  // In steps of about a millisecond.
  CHECK(report.active_at >= report.added_at);
  CHECK(report.active_at <= report.added_at + 2 * kMillisecond);
  CHECK(report.made_at == report.added_at + kSecond);
}

TEST_CASE("report: a blocked client's lag leaves the frame out that has been begun") {
  Rig rig({});
  Client* client = rig.add({.capacity = 10});
  rig.settle();
  for (int i = 1; i <= 4; ++i) rig.append("12345678", at(i * kSecond));
  rig.settle();
  const ClientReport report = ask(rig, client);
  CHECK(report.state == ClientState::kBlocked);
  CHECK(report.kernel_queue == 10);
  CHECK(report.first_pts == kSecond);
  CHECK(report.last_pts == 2 * kSecond);
  CHECK(report.lag_frames == 2);
  CHECK(report.lag_bytes == 16);
  CHECK(report.lag_time == kSecond);
}

TEST_CASE("report: a burst's first timestamp is that of its start") {
  SinkOptions options;
  options.start.method = SyncMethod::kBurst;
  options.start.min = {Unit::kFrames, 2};
  Rig rig(options);
  for (int i = 1; i <= 3; ++i) rig.append("x", at(i * kSecond));
  rig.settle();
  Client* client = rig.add();
  CHECK(ask(rig, client).first_pts == kNoTime);
  rig.settle();
  CHECK(ask(rig, client).first_pts == 2 * kSecond);
  CHECK(ask(rig, client).last_pts == 3 * kSecond);
}

TEST_CASE("report: what recovery skipped was never begun") {
  SinkOptions options;
  options.lag.soft = {Unit::kFrames, 1};
  options.lag.recover = RecoverPolicy::kLatest;
  options.lag.hard = {};
  Rig rig(options);
  Client* begun = rig.add({.capacity = 4});
  Client* fresh = rig.add({.capacity = 4, .prologue = "head!"});
  rig.settle();
  for (int i = 1; i <= 4; ++i) rig.append("123456", at(i * kSecond));
  rig.settle();
  CHECK(ask(rig, begun).first_pts == kSecond);
  CHECK(ask(rig, begun).last_pts == kSecond);
  CHECK(ask(rig, begun).frames_dropped == 2);
  CHECK(ask(rig, fresh).first_pts == kNoTime);
  for (int i = 0; i < 10; ++i) {
    for (Client* client : {begun, fresh}) rig.io.peer_read(rig.fd_of(client), 4);
    rig.settle();
  }
  for (Client* client : {begun, fresh}) CHECK(ask(rig, client).last_pts == 4 * kSecond);
  CHECK(ask(rig, begun).first_pts == kSecond);
  CHECK(ask(rig, fresh).first_pts == 4 * kSecond);
}

TEST_CASE("report: who waits for a key frame lags behind nothing, and starts with its timestamp") {
  SinkOptions options;
  options.start.method = SyncMethod::kNextKeyframe;
  Rig rig(options);
  for (const bool on_push : {false, true}) {
    CAPTURE(on_push);
    options.position_on_push = on_push;
    Rig waits(options);
    Client* client = waits.add();
    for (int i = 1; i <= 3; ++i) waits.append("x", at(i * kSecond, FrameFlags::kDelta));
    waits.settle();
    CHECK(ask(waits, client).state == ClientState::kWaiting);
    CHECK(ask(waits, client).lag_frames == 0);
    CHECK(ask(waits, client).last_pts == kNoTime);
    waits.append("k", at(4 * kSecond));
    waits.settle();
    CHECK(ask(waits, client).first_pts == 4 * kSecond);
    CHECK(ask(waits, client).last_pts == 4 * kSecond);
  }
}

TEST_CASE("report: lingering keeps its figures while the timeline goes on; gone says nothing") {
  Rig rig({});
  Client* client = rig.add();
  Client* other = rig.add();
  rig.settle();
  rig.append("x", at(kSecond));
  rig.settle();
  rig.shard->remove(client, rig.now, true);
  rig.settle();
  rig.append("y", at(2 * kSecond));
  rig.settle();
  CHECK(ask(rig, client).state == ClientState::kLingering);
  CHECK(ask(rig, client).last_pts == kSecond);
  CHECK(ask(rig, client).lag_frames == 0);
  CHECK(ask(rig, client).bytes_sent == 1);
  CHECK(ask(rig, other).last_pts == 2 * kSecond);
  rig.shard->remove(other, rig.now);
  CHECK(ask(rig, other).state == ClientState::kGone);
}

TEST_CASE("totals: clients by state and the time queued, once a turn") {
  SinkOptions options;
  options.keep.frames = 3;
  Rig rig(options);
  const auto count = [&](ClientState state) {
    return rig.shard->totals().by_state[static_cast<size_t>(state)].load();
  };
  Client* blocked = rig.add({.capacity = 4});
  Client* lingering = rig.add();
  Client* gone = rig.add();
  rig.add();
  rig.settle();
  CHECK(count(ClientState::kCaughtUp) == 4);
  for (int i = 1; i <= 3; ++i) rig.append("123456", at(i * kSecond));
  rig.settle();
  CHECK(count(ClientState::kCaughtUp) == 3);
  CHECK(count(ClientState::kBlocked) == 1);
  CHECK(rig.shard->totals().time_queued == 2 * kSecond);
  rig.shard->remove(lingering, rig.now, true);
  rig.shard->remove(gone, rig.now);
  rig.settle();
  CHECK(count(ClientState::kCaughtUp) == 1);
  CHECK(count(ClientState::kLingering) == 1);
  for (int i = 0; i < 10; ++i) {
    rig.io.peer_read(rig.fd_of(blocked), 4);
    rig.settle();
  }
  CHECK(count(ClientState::kCaughtUp) == 2);
  rig.shard->clear(rig.now);
  rig.settle();
  for (size_t i = 0; i < kClientStates; ++i) CHECK(rig.shard->totals().by_state[i] == 0);
}

TEST_CASE("totals: who waits for a key frame, and who has not had its turn") {
  SinkOptions options;
  options.start.method = SyncMethod::kNextKeyframe;
  Rig rig(options);
  rig.add();
  rig.add();
  rig.settle();
  CHECK(rig.shard->totals().by_state[static_cast<size_t>(ClientState::kWaiting)] == 2);
  CHECK(rig.shard->totals().by_state[static_cast<size_t>(ClientState::kReserved)] == 0);
}
