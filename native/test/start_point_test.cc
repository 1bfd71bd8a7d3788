// Where a client starts, worked out on tables: each expectation is computed in the comment next to it.
#include <doctest/doctest.h>

#include "core/timeline/stamper.h"
#include "core/timeline/start_point.h"
#include "test/choices.h"
#include "test/model.h"

using namespace flumen;
using namespace flumen::test;

namespace {

/// A timeline and the model's list of the same frames.
struct Filled {
  Ledger ledger;
  BlockWriter writer{ledger};
  Stamper stamper;
  Timeline timeline;
  ModelStream model;

  void append(uint32_t size, bool key, Nanos dts = kNoTime, Nanos now = 0) {
    Frame frame;
    frame.info.dts = dts;
    frame.info.flags = key ? 0 : FrameFlags::kDelta;
    model.append(nullptr, size, frame.info, now);
    writer.reserve(size);
    frame.bytes = writer.commit(size);
    stamper.stamp(frame, now);
    timeline.append(std::move(frame));
  }

  /// One frame a letter: k is a key frame, d is none. 100 ms apart.
  void append_all(const char* pattern, uint32_t size) {
    for (const char* at = pattern; *at != 0; ++at) {
      append(size, *at == 'k', static_cast<Nanos>(timeline.next()) * 100 * kMillisecond);
    }
  }

  uint64_t start(SyncMethod method, Amount min = {}, Amount max = {}) const {
    return start_point(timeline, {method, min, max});
  }
};

constexpr Amount bytes(uint64_t value) { return {Unit::kBytes, value}; }
constexpr Amount frames(uint64_t value) { return {Unit::kFrames, value}; }
constexpr Amount ms(uint64_t value) { return {Unit::kTime, value * kMillisecond}; }

constexpr SyncMethod kAll[] = {SyncMethod::kLatest,         SyncMethod::kNextKeyframe,
                               SyncMethod::kLatestKeyframe, SyncMethod::kBurst,
                               SyncMethod::kBurstKeyframe,  SyncMethod::kBurstWithKeyframe};

}  // namespace

TEST_CASE("start: an empty timeline") {
  Filled filled;
  CHECK(filled.start(SyncMethod::kLatest) == 0);
  CHECK(filled.start(SyncMethod::kNextKeyframe) == kWaitForKey);
  CHECK(filled.start(SyncMethod::kLatestKeyframe) == kWaitForKey);
  CHECK(filled.start(SyncMethod::kBurst, bytes(10)) == 0);
  CHECK(filled.start(SyncMethod::kBurstKeyframe, bytes(10)) == kWaitForKey);
  CHECK(filled.start(SyncMethod::kBurstWithKeyframe, bytes(10)) == 0);
  for (const SyncMethod method : kAll) CHECK(start_needs(filled.timeline, {method, bytes(10), {}}) == 0);
  filled.append_all("kkk", 10);
  filled.timeline.trim(3);
  // The same behind frames that are gone.
  CHECK(filled.start(SyncMethod::kLatestKeyframe) == kWaitForKey);
  CHECK(filled.start(SyncMethod::kBurst, bytes(10)) == 3);
  CHECK(filled.start(SyncMethod::kBurstKeyframe, bytes(10)) == kWaitForKey);
}

TEST_CASE("start: the three that need no amount") {
  Filled filled;
  filled.append_all("dkdkdd", 10);
  CHECK(filled.start(SyncMethod::kLatest) == 6);
  CHECK(filled.start(SyncMethod::kNextKeyframe) == kWaitForKey);
  CHECK(filled.start(SyncMethod::kLatestKeyframe) == 3);
  filled.timeline.trim(4);
  CHECK(filled.start(SyncMethod::kLatestKeyframe) == kWaitForKey);  // the key frame is gone
  filled.append_all("k", 10);
  CHECK(filled.start(SyncMethod::kLatestKeyframe) == 6);
}

TEST_CASE("start: burst by bytes, ten frames of 16 bytes") {
  // amount(9) = 16, (8) = 32, (7) = 48, (6) = 64, (5) = 80, (4) = 96 … (0) = 160
  Filled filled;
  filled.append_all("kkkkkkkkkk", 16);
  const auto burst = [&](Amount min, Amount max = {}) { return filled.start(SyncMethod::kBurst, min, max); };
  CHECK(burst(bytes(0)) == 9);
  CHECK(burst(bytes(16)) == 9);
  CHECK(burst(bytes(17)) == 8);
  CHECK(burst(bytes(80)) == 5);
  CHECK(burst(bytes(160)) == 0);
  CHECK(burst(bytes(161)) == 0);             // less than that is there: the oldest
  CHECK(burst(bytes(50), bytes(200)) == 6);  // 64 reaches 50 and is within 200
  CHECK(burst(bytes(50), bytes(50)) == 7);   // 64 is beyond 50: moved newer, to 48
  CHECK(burst(bytes(33), bytes(40)) == 8);   // 48 reaches 33, but is beyond 40: 32
  CHECK(burst(bytes(0), bytes(0)) == 9);     // never past the newest
  CHECK(burst(bytes(100), bytes(5)) == 9);   // even the newest is beyond 5
  CHECK(burst({}, bytes(100)) == 9);         // no minimum
  CHECK(burst(frames(4)) == 6);
  CHECK(burst(frames(4), bytes(40)) == 8);  // four frames are 64 bytes; 40 bytes hold two
  CHECK(burst(bytes(20), frames(1)) == 9);
  CHECK(burst(ms(300)) == 6);  // T(9) − T(6) = 300 ms
  CHECK(burst(ms(301)) == 5);
  CHECK(burst(bytes(100), ms(200)) == 7);  // 112 bytes reach 100 at frame 3; 200 ms is frame 7
}

TEST_CASE("start: burst-keyframe and burst-with-keyframe, ten frames of 16 bytes, key frames 0, 4 and 8") {
  Filled filled;
  filled.append_all("kdddkdddkd", 16);
  const auto check = [&](Amount min, Amount max, uint64_t keyframe, uint64_t with) {
    CHECK(filled.start(SyncMethod::kBurstKeyframe, min, max) == keyframe);
    CHECK(filled.start(SyncMethod::kBurstWithKeyframe, min, max) == with);
  };
  check(bytes(80), {}, 4, 4);  // burst 5; the key frame at or before it is 4
  check(bytes(50), bytes(90), 8,
        6);  // burst 6; key 4 is 96 bytes, beyond 90: first key after 6; else the burst
  check(bytes(50), bytes(50), 8, 7);            // burst 7 (48 bytes); key 4 is beyond
  check(bytes(50), bytes(96), 4, 4);            // 96 is allowed
  check(bytes(32), {}, 8, 8);                   // burst 8 is key itself
  check(bytes(16), {}, 8, 8);                   // burst 9; key at or before: 8
  check(bytes(16), bytes(16), kWaitForKey, 9);  // key 8 is 32 bytes, and none after 9
  check(bytes(0), bytes(0), kWaitForKey, 9);
  check(bytes(1000), {}, 0, 0);
  check(frames(3), frames(5), 8, 7);  // burst 7; key 4 is six frames
  check(ms(150), ms(550), 4, 4);      // burst 7 (200 ms); key 4 is 500 ms
  check(ms(150), ms(450), 8, 7);
  filled.timeline.trim(5);
  check(bytes(80), {}, 8, 5);  // no key frame at or before 5 any more
  check(bytes(16), bytes(16), kWaitForKey, 9);
}

TEST_CASE("start: no key frame at all") {
  Filled filled;
  filled.append_all("dddd", 16);
  CHECK(filled.start(SyncMethod::kLatestKeyframe) == kWaitForKey);
  CHECK(filled.start(SyncMethod::kBurstKeyframe, bytes(32)) == kWaitForKey);
  CHECK(filled.start(SyncMethod::kBurstWithKeyframe, bytes(32)) == 2);
}

TEST_CASE("start: time is the running time, whatever the timestamps do") {
  // dts 0, 1 s, 2 s, 1.5 s (back: counts 0), none (0), arrival 3 s later (1 s on), 50 s (a splice: 0), 51 s
  Filled filled;
  filled.append(10, true, 0);
  filled.append(10, false, kSecond);
  filled.append(10, true, 2 * kSecond);
  filled.append(10, false, 1500 * kMillisecond);
  filled.append(10, true, kNoTime, 100 * kSecond);
  filled.append(10, false, kNoTime, 101 * kSecond);
  filled.append(10, false, 50 * kSecond);
  filled.append(10, false, 51 * kSecond);
  // T: 0 1 2 2 2 3 3 4; amounts: 4 3 2 2 2 1 1 0
  CHECK(filled.start(SyncMethod::kBurst, ms(1)) == 6);
  CHECK(filled.start(SyncMethod::kBurst, ms(1000)) == 6);
  CHECK(filled.start(SyncMethod::kBurst, ms(1001)) == 4);
  CHECK(filled.start(SyncMethod::kBurst, ms(2000)) == 4);
  CHECK(filled.start(SyncMethod::kBurst, ms(2001)) == 1);
  CHECK(filled.start(SyncMethod::kBurstKeyframe, ms(1000), ms(2000)) == 4);
  CHECK(filled.start(SyncMethod::kBurstKeyframe, ms(1000), ms(1500)) == kWaitForKey);
  CHECK(filled.start(SyncMethod::kBurstWithKeyframe, ms(1000), ms(1500)) == 6);
}

TEST_CASE("start: what must be kept for a key frame ends at the gop limit") {
  Filled filled;
  filled.append(1, true);
  for (uint64_t i = 1; i < kGopLimit; ++i) filled.append(1, false);
  const StartRule latest{SyncMethod::kLatestKeyframe, {}, {}};
  const StartRule keyframe{SyncMethod::kBurstKeyframe, bytes(1), {}};
  const StartRule with{SyncMethod::kBurstWithKeyframe, bytes(1), {}};
  for (const StartRule& rule : {latest, keyframe, with}) CHECK(start_needs(filled.timeline, rule) == 0);
  filled.append(1, false);
  CHECK(start_needs(filled.timeline, latest) == filled.timeline.next());
  CHECK(start_needs(filled.timeline, keyframe) == filled.timeline.next());
  CHECK(start_needs(filled.timeline, with) == filled.timeline.next() - 1);  // the burst itself
  // What is there is still used.
  CHECK(start_point(filled.timeline, latest) == 0);
}

TEST_CASE("start: a burst of more frames than the gop limit is kept all the same") {
  Filled filled;
  for (uint64_t i = 0; i < 3 * kGopLimit; ++i) filled.append(1, i % 10 == 0);
  const Amount min = bytes(2 * kGopLimit);
  // The burst starts at 4096; the key frame before it is 4090. The limit says how far before it one may lie.
  for (const SyncMethod method : {SyncMethod::kBurstKeyframe, SyncMethod::kBurstWithKeyframe}) {
    CHECK(start_needs(filled.timeline, {method, min, {}}) == 4090);
  }
  // No key frame near it: the first one after it is what a newcomer gets then.
  Filled rare;
  rare.append(1, true);
  for (uint64_t i = 1; i < 3 * kGopLimit; ++i) rare.append(1, i == 2 * kGopLimit + 5);
  CHECK(start_needs(rare.timeline, {SyncMethod::kBurstKeyframe, bytes(kGopLimit), {}}) == 2 * kGopLimit + 5);
  CHECK(start_needs(rare.timeline, {SyncMethod::kBurstWithKeyframe, bytes(kGopLimit), {}}) == 2 * kGopLimit);
}

TEST_CASE("start: every method agrees with a walk over all frames, whatever the units") {
  constexpr Unit kUnits[] = {Unit::kNone, Unit::kFrames, Unit::kBytes, Unit::kTime};
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Choices choices(seed);
    Filled filled;
    Nanos dts = 0, now = 0;
    const uint64_t gop = choices.between(1, 30);
    for (uint64_t i = choices.below(60); i > 0; --i) {
      dts += static_cast<Nanos>(choices.below(4)) * kSecond - kSecond / 2;
      now += static_cast<Nanos>(choices.below(3)) * kSecond;
      filled.append(choices.one_in(4) ? 0 : static_cast<uint32_t>(choices.below(50)), choices.one_in(gop),
                    choices.one_in(5) ? kNoTime : dts, now);
      if (choices.one_in(20)) filled.timeline.trim(choices.below(filled.timeline.next() + 1));
    }
    const auto random_amount = [&] {
      const Unit unit = kUnits[choices.below(4)];
      const uint64_t value = choices.below(unit == Unit::kBytes ? 1500 : 60);
      return Amount{unit, unit == Unit::kNone ? 0 : unit == Unit::kTime ? value * kSecond : value};
    };
    for (int i = 0; i < 60; ++i) {
      const StartRule rule{kAll[choices.below(6)], random_amount(), random_amount()};
      CAPTURE(seed);
      CAPTURE(static_cast<int>(rule.method));
      REQUIRE(start_point(filled.timeline, rule) == filled.model.start(rule, filled.timeline.tail()));
    }
  }
}
