// What the recover policies do to one blocked client, with exact numbers. The client's kernel buffer holds
// one frame: it has been sent B0 and lags from B1 on. A letter a frame: k is a key frame, d is none.
#include <doctest/doctest.h>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

constexpr size_t kSize = 4096;

struct Stuck : Rig {
  explicit Stuck(const LagRule& rule, size_t capacity = kSize, Framing framing = Framing::kRaw)
      : Rig(with(rule)) {
    client = add({.capacity = capacity, .framing = framing});
    settle();
    push("k");
  }

  static SinkOptions with(const LagRule& rule) {
    SinkOptions options;
    options.lag = rule;
    options.stall_timeout = 0;
    return options;
  }

  void push(const char* letters) {
    for (const char* at = letters; *at != 0; ++at) {
      FrameInfo info;
      if (*at == 'd') info.flags = FrameFlags::kDelta;
      append(frame(stamper.next()), info);
      settle();
    }
  }

  static std::string frame(uint64_t seq) { return pattern(kSize, seq); }

  /// The peer reads everything: what it got, as numbers of frames.
  std::vector<uint64_t> read_all() {
    const int fd = fd_of(client);
    for (int i = 0; i < 100; ++i) {
      io.peer_read(fd, kSize);
      settle();
    }
    return frames_of(received(fd));
  }

  std::vector<uint64_t> frames_of(const std::string& bytes) const {
    std::vector<uint64_t> numbers;
    for (size_t at = 0; at < bytes.size(); at += kSize) {
      uint64_t seq = 0;
      while (seq < stamper.next() && bytes.substr(at, kSize) != frame(seq)) ++seq;
      numbers.push_back(seq);
    }
    return numbers;
  }

  Client* client = nullptr;
};

LagRule soft(uint64_t frames, RecoverPolicy policy) { return {{Unit::kFrames, frames}, {}, policy}; }

using Numbers = std::vector<uint64_t>;

}  // namespace

TEST_CASE("recover: soft limit 3 frames, all key frames, eight pushed") {
  // After Bn the lag of B1 is n frames. It is over 3 for the first time with B4.
  SUBCASE("none: everything comes, late") {
    Stuck rig(soft(3, RecoverPolicy::kNone));
    rig.push("kkkkkkk");
    CHECK(rig.client->frames_dropped == 0);
    CHECK(rig.read_all() == Numbers{0, 1, 2, 3, 4, 5, 6, 7});
  }
  SUBCASE("latest: to the newest frame, and again each time") {
    // B4: to B4, three dropped, lag 1. B7: lag 4 again, to B7, three more.
    Stuck rig(soft(3, RecoverPolicy::kLatest));
    rig.push("kkk");
    CHECK(rig.client->frames_dropped == 0);
    rig.push("k");
    CHECK(rig.client->seq == 4);
    CHECK(rig.client->frames_dropped == 3);
    rig.push("kk");
    CHECK(rig.client->frames_dropped == 3);
    rig.push("k");
    CHECK(rig.client->frames_dropped == 6);
    CHECK(rig.read_all() == Numbers{0, 7});
  }
  SUBCASE("soft-limit: exactly the excess, from B4 on one a push") {
    Stuck rig(soft(3, RecoverPolicy::kSoftLimit));
    rig.push("kkkk");
    CHECK(rig.client->seq == 2);
    rig.push("kkk");
    CHECK(rig.client->frames_dropped == 4);
    CHECK(rig.read_all() == Numbers{0, 5, 6, 7});
  }
  SUBCASE("keyframe: to the newest key frame, which is the newest frame here") {
    Stuck rig(soft(3, RecoverPolicy::kKeyframe));
    rig.push("kkkkkkk");
    CHECK(rig.client->frames_dropped == 6);
    CHECK(rig.read_all() == Numbers{0, 7});
  }
}

TEST_CASE("recover: key frame policy on a stream with few of them") {
  // k d d k d d d d d k, soft limit 5. B6: lag of B1 is 6, the newest key frame ahead is B3: two dropped,
  // lag 4. B8: lag 6 again, but the cursor is on the newest key frame: it stays, however far it lags. B9: a
  // newer one.
  Stuck rig(soft(5, RecoverPolicy::kKeyframe));
  rig.push("ddkdd");
  CHECK(rig.client->frames_dropped == 0);
  rig.push("d");
  CHECK(rig.client->seq == 3);
  CHECK(rig.client->frames_dropped == 2);
  SUBCASE("it stays on the key frame, and misses nothing behind it") {
    rig.push("dd");
    CHECK(rig.client->seq == 3);
    CHECK(rig.client->frames_dropped == 2);
    CHECK(rig.read_all() == Numbers{0, 3, 4, 5, 6, 7, 8});
  }
  SUBCASE("until a newer one comes: B3 to B8 are dropped") {
    rig.push("ddk");
    CHECK(rig.client->seq == 9);
    CHECK(rig.client->frames_dropped == 8);
    CHECK(rig.read_all() == Numbers{0, 9});
  }
  SUBCASE("beyond that key frame it does not wait for the next one: once is enough") {
    rig.io.peer_read(rig.fd_of(rig.client), kSize);
    rig.settle();  // B3 is out
    CHECK(rig.client->seq == 4);
    rig.push("dddd");
    CHECK(rig.client->await == Await::kNothing);
    CHECK(rig.client->frames_dropped == 2);
  }
}

TEST_CASE("recover: no key frame ahead: it waits for the next one, without lag and without a stall clock") {
  SinkOptions options = Stuck::with(soft(3, RecoverPolicy::kKeyframe));
  options.lag.hard = {Unit::kFrames, 8};
  options.stall_timeout = kSecond;
  Stuck rig(options.lag);
  rig.shard = std::make_unique<Shard>(options, rig.io, rig, rig.ledger, ShardPlace{&rig.newest, nullptr, 0});
  rig.client = rig.add({.capacity = kSize});
  rig.settle();
  rig.push("k");  // B1 fills its buffer
  rig.push("dddd");
  CHECK(rig.client->state == ClientState::kWaiting);
  CHECK(rig.client->frames_dropped == 4);
  rig.pass(10 * kSecond);
  rig.push("dddddddddddd");
  CHECK(rig.removals.empty());
  rig.push("k");  // B18: the kernel is still full
  CHECK(rig.client->frames_dropped == 16);
  CHECK(rig.client->state == ClientState::kBlocked);
  CHECK(rig.read_all() == Numbers{1, 18});
  // It has caught up: the next time counts again.
  CHECK(rig.client->state == ClientState::kCaughtUp);
  rig.pass(2 * kSecond);
  CHECK(rig.removals.empty());
}

TEST_CASE("recover: a frame begun is completed, then the target follows") {
  for (const Framing framing : {Framing::kRaw, Framing::kChunked}) {
    CAPTURE(static_cast<int>(framing));
    // 1000 bytes of B0 are out. Its rest is the client's own; B1 to B3 are skipped: from B1 the lag is 4 at
    // B4.
    Stuck rig(soft(3, RecoverPolicy::kLatest), 1000, framing);
    CHECK(rig.client->offset == (framing == Framing::kChunked ? 994 : 1000));
    rig.push("kkkk");
    CHECK(rig.client->seq == 4);
    CHECK(rig.client->offset == 0);
    CHECK(rig.client->frames_dropped == 3);
    CHECK(rig.shard->timeline().tail() == 4);
    rig.read_all();
    const std::string head = framing == Framing::kChunked ? "1000\r\n" : "";
    const std::string tail = framing == Framing::kChunked ? "\r\n" : "";
    CHECK(rig.received(rig.client) == head + Stuck::frame(0) + tail + head + Stuck::frame(4) + tail);
  }
}

TEST_CASE("recover: who waits with the rest of a frame can still stall") {
  SinkOptions options = Stuck::with(soft(3, RecoverPolicy::kKeyframe));
  options.stall_timeout = kSecond;
  Rig rig(options);
  Client* client = rig.add({.capacity = 1000});
  Client* other = rig.add({.capacity = 1000});
  rig.settle();
  rig.append(pattern(kSize));
  rig.settle();
  FrameInfo delta;
  delta.flags = FrameFlags::kDelta;
  // The key frame begun is the newest one: both stay on it. Behind it they would wait.
  for (int i = 0; i < 4; ++i) rig.append("x", delta);
  rig.settle();
  CHECK(client->await == Await::kNothing);
  rig.pass(kSecond);
  CHECK(rig.reason_of(client) == Reason::kSlow);
  CHECK(rig.reason_of(other) == Reason::kSlow);

  Client* third = rig.add({.capacity = 1000});
  rig.settle();
  rig.append(pattern(kSize), delta);
  for (int i = 0; i < 4; ++i) rig.append("x", delta);
  rig.settle();
  CHECK(third->await == Await::kKeyframe);
  CHECK(third->state == ClientState::kBlocked);
  rig.pass(kSecond - 1);
  CHECK(rig.reason_of(third) == Reason::kNone);
  rig.pass(1);
  CHECK(rig.reason_of(third) == Reason::kSlow);
}

TEST_CASE("recover: before the hard limit is judged, and that on the new position") {
  Stuck rig({{Unit::kFrames, 3}, {Unit::kFrames, 3}, RecoverPolicy::kLatest});
  rig.push("kkkkkkkkkkkk");
  CHECK(rig.removals.empty());
  // With bytes one frame may be over the hard limit by itself.
  Stuck doomed({{Unit::kFrames, 3}, {Unit::kBytes, 4 * kSize - 1}, RecoverPolicy::kNone});
  doomed.push("kkkk");
  CHECK(doomed.reason_of(doomed.client) == Reason::kSlow);
}

TEST_CASE("recover: a newcomer's soft limit is what it started with, until it has caught up") {
  SinkOptions options = Stuck::with(soft(2, RecoverPolicy::kSoftLimit));
  options.start = {SyncMethod::kBurst, {Unit::kFrames, 6}, {}};
  Rig rig(options);
  for (uint64_t i = 0; i < 6; ++i) rig.append(pattern(100, i));
  rig.settle();
  Client* client = rig.add({.capacity = 90});
  rig.settle();  // B0 is begun: five behind it
  rig.append(pattern(100, 6));
  rig.settle();
  CHECK(client->frames_dropped == 0);  // six behind it: its due
  rig.append(pattern(100, 7));
  rig.settle();
  CHECK(client->frames_dropped == 1);  // seven: one too many
  CHECK(client->seq == 2);
}

TEST_CASE("recover: rules of a client's own, and rules that change while it runs") {
  SinkOptions options;
  options.lag = {};
  options.stall_timeout = 0;
  Rig rig(options);
  Client* own = rig.reserve({.capacity = 100});
  own->rules = std::make_unique<ClientRules>(ClientRules{{}, soft(2, RecoverPolicy::kLatest), {}});
  rig.shard->add(own, rig.now);
  Client* plain = rig.add({.capacity = 100});
  rig.settle();
  for (uint64_t i = 0; i < 4; ++i) {
    rig.append(pattern(100, i));
    rig.settle();
  }
  CHECK(own->frames_dropped == 2);
  CHECK(plain->frames_dropped == 0);
  rig.shard->set_lag(soft(1, RecoverPolicy::kSoftLimit));
  rig.settle();  // without a new frame
  CHECK(plain->frames_dropped == 2);
  CHECK(own->frames_dropped == 2);
  rig.shard->set_lag({{}, {Unit::kBytes, 99}, RecoverPolicy::kNone});
  rig.settle();
  CHECK(rig.reason_of(plain) == Reason::kSlow);
  CHECK(rig.reason_of(own) == Reason::kNone);
}

TEST_CASE("recover: a client with a start of its own, or socket options, has the limits of the sink") {
  SinkOptions options;
  options.lag = {};
  options.stall_timeout = 0;
  Rig rig(options);
  Client* own = rig.reserve({.capacity = 100});
  own->rules = std::make_unique<ClientRules>();
  own->rules->start = StartRule{SyncMethod::kBurst, {}, {}};
  own->rules->socket = SocketCare{};
  rig.shard->add(own, rig.now);
  for (uint64_t i = 0; i < 4; ++i) {
    rig.append(pattern(100, i));
    rig.settle();
  }
  rig.shard->set_lag(soft(1, RecoverPolicy::kSoftLimit));
  rig.settle();
  CHECK(own->frames_dropped == 2);
}

TEST_CASE("recover: the newest key frame counts also when it is kept no more") {
  // Recovered to B4 (key), then past B6 (key) without ever catching up. B6 is newer than B4: a second
  // recovery is due, and as none is ahead, it waits; that B6 itself has long been sent and dropped changes
  // nothing.
  Stuck rig(soft(3, RecoverPolicy::kKeyframe));
  rig.push("dddk");
  CHECK(rig.client->seq == 4);
  rig.push("dk");
  for (int i = 0; i < 3; ++i) {
    rig.io.peer_read(rig.fd_of(rig.client), kSize);
    rig.push("d");
  }
  CHECK(rig.client->seq == 7);
  CHECK(rig.shard->timeline().tail() == 7);
  rig.push("d");
  CHECK(rig.client->state == ClientState::kWaiting);
}

TEST_CASE("flush: an idle client leaves at once; needs no further frame") {
  Stuck rig({{}, {}, RecoverPolicy::kNone}, kMiB);
  CHECK(rig.client->state == ClientState::kCaughtUp);
  rig.shard->remove(rig.client, rig.now, true);
  rig.settle();
  CHECK(rig.fd(rig.client).our_fin);
  rig.io.peer_fin(rig.fd_of(rig.client));
  rig.settle();
  CHECK(rig.reason_of(rig.client) == Reason::kRemoved);
}

TEST_CASE("flush: who lags gets exactly what was pending at the call") {
  Stuck rig(soft(2, RecoverPolicy::kLatest));
  SUBCASE("nothing that is pushed later") {
    rig.push("kk");
    rig.shard->remove(rig.client, rig.now, true);
    rig.push("kk");
    CHECK(rig.read_all() == Numbers{0, 1, 2});
  }
  SUBCASE("and all of it: the recover policy leaves it alone now") {
    rig.push("kk");
    rig.shard->remove(rig.client, rig.now, true);
    rig.push("kkkkkkkk");
    CHECK(rig.client->frames_dropped == 0);
    CHECK(rig.read_all() == Numbers{0, 1, 2});
    rig.io.peer_fin(rig.fd_of(rig.client));
    rig.settle();
    CHECK(rig.reason_of(rig.client) == Reason::kRemoved);
  }
  SUBCASE("a remove without flush in between ends it") {
    rig.push("kk");
    rig.shard->remove(rig.client, rig.now, true);
    rig.shard->remove(rig.client, rig.now);
    rig.settle();
    CHECK(rig.reason_of(rig.client) == Reason::kRemoved);
    CHECK(rig.frames_of(rig.received(rig.client)) == Numbers{0});
  }
}
