// Where clients of a shard start, frame by frame, and what is kept for them: the golden vectors of
// multifdsink's own tests and of measurements on it, with our semantics worked out in the comments. B0 is the
// first frame pushed; a letter a frame: k is a key frame, d is none; 16 bytes each.
#include <doctest/doctest.h>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

constexpr size_t kLabelSize = 16;

/// What GStreamer's own test calls a label: sixteen bytes that tell their number.
std::string label(uint64_t number) {
  char text[kLabelSize + 1];
  std::snprintf(text, sizeof text, "deadbee%08llx", static_cast<unsigned long long>(number));
  return std::string(text, kLabelSize);
}

std::string labels(uint64_t first, uint64_t last) {
  std::string all;
  for (uint64_t number = first; number <= last; ++number) all += label(number);
  return all;
}

struct Labels : Rig {
  using Rig::Rig;

  void push(const char* pattern) {
    for (const char* at = pattern; *at != 0; ++at) {
      FrameInfo info;
      if (*at == 'd') info.flags = FrameFlags::kDelta;
      append(label(stamper.next()), info);
      settle();
    }
  }

  Client* enter(const StartRule* rule = nullptr) {
    Client* client = reserve();
    if (rule != nullptr) client->rules = std::make_unique<ClientRules>(ClientRules{*rule, {}, {}});
    shard->add(client, now);
    settle();
    return client;
  }

  uint64_t kept() const { return shard->timeline().size(); }
};

SinkOptions start_with(SyncMethod method, Amount min = {}, Amount max = {}) {
  SinkOptions options;
  options.start = {method, min, max};
  return options;
}

/// Two newcomers with bursts of their own beside one under the sink's rule, all placed by the next push.
void three_bursts(SyncMethod method, const char* pattern, const char* last, Amount second_max,
                  const std::string& first, const std::string& second, const std::string& third) {
  SinkOptions options = start_with(method, Amount{Unit::kBytes, 80});
  options.position_on_push = true;
  options.keep.bytes = 100;
  Labels rig(options);
  rig.push(pattern);
  // 100 bytes are reached by seven frames (112); the sink's own start needs fewer.
  CHECK(rig.kept() == 7);
  const StartRule of_b{method, Amount{Unit::kBytes, 50}, second_max};
  const StartRule of_c{method, Amount{Unit::kBytes, 50}, Amount{Unit::kBytes, 50}};
  Client* a = rig.enter();
  Client* b = rig.enter(&of_b);
  Client* c = rig.enter(&of_c);
  for (const Client* client : {a, b, c}) CHECK(client->state == ClientState::kWaiting);
  rig.push(last);
  CHECK(rig.received(a) == first);
  CHECK(rig.received(b) == second);
  CHECK(rig.received(c) == third);
}

}  // namespace

TEST_CASE("start: bursts by bytes, each client its own") {
  // With B9: five frames are 80 bytes: A from B5. B: four are 64 >= 50: B6. C: 64 is over its maximum of 50,
  // so three, 48 bytes: B7.
  three_bursts(SyncMethod::kBurst, "kkkkkkkkk", "k", Amount{Unit::kBytes, 200}, labels(5, 9), labels(6, 9),
               labels(7, 9));
}

TEST_CASE("start: burst-keyframe by bytes") {
  // Key frames B0, B4, B8. A: burst B5, the key frame before it B4. B: burst B6, B4 would be 96 bytes and 90
  // are allowed: the first key frame after it, B8. C: burst B7, likewise B8.
  three_bursts(SyncMethod::kBurstKeyframe, "kdddkdddk", "d", Amount{Unit::kBytes, 90}, labels(4, 9),
               labels(8, 9), labels(8, 9));
}

TEST_CASE("start: burst-with-keyframe by bytes") {
  // As before, but where the key frame is too far it is the burst that counts: B6 and B7.
  three_bursts(SyncMethod::kBurstWithKeyframe, "kdddkdddk", "d", Amount{Unit::kBytes, 90}, labels(4, 9),
               labels(6, 9), labels(7, 9));
}

TEST_CASE("start: next-keyframe waits for it, and its head does not") {
  Labels rig(start_with(SyncMethod::kNextKeyframe));
  rig.push("k");
  Client* client = rig.reserve({.prologue = "head"});
  rig.shard->add(client, rig.now);
  rig.settle();
  CHECK(rig.received(client) == "head");
  CHECK(client->state == ClientState::kWaiting);
  rig.push("dd");
  CHECK(rig.received(client) == "head");
  CHECK(rig.kept() == 0);
  rig.push("kd");
  CHECK(rig.received(client) == "head" + labels(3, 4));
}

TEST_CASE("start: latest-keyframe, placed by add and placed by push") {
  for (const bool on_push : {false, true}) {
    CAPTURE(on_push);
    SinkOptions options = start_with(SyncMethod::kLatestKeyframe);
    options.position_on_push = on_push;
    Labels rig(options);
    Client* first = rig.enter();
    rig.push("dkdd");
    CHECK(rig.received(first) == labels(1, 3));  // no key frame was there: the next one
    CHECK(rig.kept() == 3);                      // from B1 on, for newcomers
    Client* second = rig.enter();
    CHECK(rig.received(second) == (on_push ? "" : labels(1, 3)));
    rig.push("d");
    CHECK(rig.received(second) == labels(1, 4));
    rig.push("k");
    CHECK(rig.kept() == 1);
    CHECK(rig.received(second) == labels(1, 5));
  }
}

TEST_CASE("start: a client's own method gets what the sink happens to keep") {
  for (const bool on_push : {false, true}) {
    CAPTURE(on_push);
    SinkOptions options;  // latest: nothing is kept
    options.position_on_push = on_push;
    Labels rig(options);
    rig.push("kd");
    CHECK(rig.kept() == 0);
    const StartRule rule{SyncMethod::kLatestKeyframe, {}, {}};
    Client* client = rig.enter(&rule);
    rig.push("d");  // no key frame in sight
    CHECK(rig.received(client) == "");
    rig.push("dkd");
    CHECK(rig.received(client) == labels(4, 5));
  }
}

TEST_CASE("start: burst-keyframe without a maximum takes the key frame in front of the burst") {
  // k d d d: 32 bytes are reached at B2, the key frame before is B0, and no maximum forbids it: it is kept,
  // and a newcomer starts there. (multifdsink keeps it too, but then refuses it for being the oldest.)
  Labels rig(start_with(SyncMethod::kBurstKeyframe, Amount{Unit::kBytes, 32}));
  rig.push("kddd");
  CHECK(rig.kept() == 4);
  const StartRule with{SyncMethod::kBurstWithKeyframe, Amount{Unit::kBytes, 32}, {}};
  Client* a = rig.enter();
  Client* b = rig.enter(&with);
  CHECK(rig.received(a) == labels(0, 3));
  CHECK(rig.received(b) == labels(0, 3));
  rig.push("ddkd");
  CHECK(rig.received(a) == labels(0, 7));
  CHECK(rig.received(b) == labels(0, 7));
  CHECK(rig.kept() == 2);  // 32 bytes from B6, a key frame
}

TEST_CASE("start: latest placed by push is the frame pushed, whatever it is") {
  SinkOptions options;
  options.position_on_push = true;
  Labels rig(options);
  rig.push("k");
  Client* client = rig.enter();
  CHECK(client->state == ClientState::kWaiting);
  rig.push("d");
  CHECK(rig.received(client) == label(1));
}

TEST_CASE("start: the end, and the peer's, find a client that waits: it leaves at once") {
  Labels rig(start_with(SyncMethod::kNextKeyframe));
  Client* hung_up = rig.enter();
  Client* stays = rig.enter();
  Client* chunked = rig.reserve({.framing = Framing::kChunked});
  rig.shard->add(chunked, rig.now);
  Client* with_head = rig.reserve({.capacity = 3, .prologue = "head"});
  rig.shard->add(with_head, rig.now);
  rig.push("d");
  rig.io.peer_fin(rig.fd_of(hung_up));
  rig.settle();
  CHECK(rig.reason_of(hung_up) == Reason::kClosed);
  rig.shard->end();
  rig.settle();
  CHECK(rig.fd(stays).our_fin);
  CHECK(rig.received(stays) == "");
  CHECK(rig.received(chunked) == "0\r\n\r\n");
  CHECK_FALSE(rig.fd(with_head).our_fin);  // its head first
  rig.io.peer_read(rig.fd_of(with_head), 3);
  rig.settle();
  CHECK(rig.received(with_head) == "head");
  CHECK(rig.fd(with_head).our_fin);
}

TEST_CASE("start: who waits is neither slow nor stalled, however long") {
  SinkOptions options = start_with(SyncMethod::kNextKeyframe);
  options.lag.hard = {Unit::kFrames, 1};
  options.stall_timeout = kSecond;
  Labels rig(options);
  Client* client = rig.enter();
  for (int i = 0; i < 50; ++i) {
    rig.push("d");
    rig.pass(kSecond);
  }
  CHECK(rig.removals.empty());
  rig.push("k");
  CHECK(rig.received(client) == label(50));
}

TEST_CASE("start: heads of clients that wait count against the cap, and those that are stuck go") {
  SinkOptions options = start_with(SyncMethod::kNextKeyframe);
  options.memory_cap = 10'000;
  Labels rig(options);
  const std::string head = pattern(900);
  for (int i = 0; i < 12; ++i) rig.add({.capacity = 10, .prologue = head});
  Client* bare = rig.enter();
  rig.push("d");
  // 12 · 900 > 10,000: one head less is enough.
  REQUIRE(rig.removals.size() == 1);
  CHECK(rig.removals[0].reason == Reason::kSlow);
  CHECK(rig.reason_of(bare) == Reason::kNone);
}

TEST_CASE("keep: a number of frames is kept steadily") {
  SinkOptions options;
  options.keep.frames = 5;
  Labels rig(options);
  for (const uint64_t expected : {1, 2, 3, 4, 5, 5, 5}) {
    rig.push("k");
    CHECK(rig.kept() == expected);
  }
}

TEST_CASE("keep: the most of frames, bytes, time and the sink's own start") {
  SinkOptions options = start_with(SyncMethod::kLatestKeyframe);
  options.keep = {3, 100, 2 * kSecond};
  Rig rig(options);
  const auto push = [&](size_t size, Nanos dts, bool key) {
    FrameInfo info;
    info.dts = dts;
    info.flags = key ? 0 : FrameFlags::kDelta;
    rig.append(pattern(size), info);
    rig.settle();
    return rig.shard->timeline().size();
  };
  for (int i = 0; i < 20; ++i) push(50, i * 3 * kSecond, true);
  CHECK(rig.shard->timeline().size() == 3);  // frames: 3; bytes: 2; time: 2; key: 1
  for (int i = 0; i < 20; ++i) push(10, 60 * kSecond + i * 3 * kSecond, true);
  CHECK(rig.shard->timeline().size() == 10);  // bytes: 10
  for (int i = 0; i < 100; ++i) push(50, 200 * kSecond + i * 100 * kMillisecond, true);
  CHECK(rig.shard->timeline().size() == 21);  // time: T(newest) − T(s) >= 2 s needs 20 steps
  for (int i = 0; i < 40; ++i) push(50, 210 * kSecond + i * 100 * kMillisecond, false);
  CHECK(rig.shard->timeline().size() == 41);  // the newest key frame
}

TEST_CASE("keep: no more than the gop limit for a key frame") {
  Labels rig(start_with(SyncMethod::kLatestKeyframe));
  rig.push("k");
  for (uint64_t i = 1; i < kGopLimit; ++i) rig.push("d");
  CHECK(rig.kept() == kGopLimit);
  rig.push("d");
  CHECK(rig.kept() == 0);
  Client* client = rig.enter();
  CHECK(client->state == ClientState::kWaiting);
  rig.push("k");
  CHECK(rig.kept() == 1);
}
