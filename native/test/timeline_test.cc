// The timeline's look-ups, each against a walk over all frames.
#include <doctest/doctest.h>

#include "core/timeline/stamper.h"
#include "core/timeline/timeline.h"
#include "test/choices.h"

using namespace flumen;
using flumen::test::Choices;

namespace {

struct Stamped {
  Ledger ledger;
  BlockWriter writer{ledger};
  Stamper stamper;
  Timeline timeline;

  void append(uint32_t size, Nanos dts) {
    Frame frame;
    writer.reserve(size);
    frame.bytes = writer.commit(size);
    frame.info.dts = dts;
    stamper.stamp(frame, 0);
    timeline.append(std::move(frame));
  }
};

uint64_t naive_oldest_within(const Timeline& timeline, Amount limit) {
  for (uint64_t seq = timeline.tail(); seq < timeline.next(); ++seq) {
    if (timeline.amount(seq, limit.unit) <= limit.value) return seq;
  }
  return timeline.next();
}

uint64_t naive_newest_reaching(const Timeline& timeline, Amount minimum) {
  for (uint64_t seq = timeline.next(); seq > timeline.tail(); --seq) {
    if (timeline.amount(seq - 1, minimum.unit) >= minimum.value) return seq - 1;
  }
  return timeline.tail();
}

uint64_t naive_frame_at_byte(const Timeline& timeline, uint64_t position) {
  for (uint64_t seq = timeline.tail(); seq < timeline.next(); ++seq) {
    if (timeline.at(seq).bytes_before + timeline.at(seq).size() > position) return seq;
  }
  return timeline.next();
}

}  // namespace

TEST_CASE("Timeline: amounts count up to the newest inclusive") {
  Stamped filled;
  CHECK(filled.timeline.empty());
  CHECK(filled.timeline.newest_reaching({Unit::kBytes, 5}) == 0);
  CHECK(filled.timeline.oldest_within({Unit::kBytes, 5}) == 0);
  filled.append(10, 0);
  filled.append(20, 2 * kSecond);
  filled.append(30, 3 * kSecond);
  const Timeline& timeline = filled.timeline;
  CHECK(timeline.amount(0, Unit::kFrames) == 3);
  CHECK(timeline.amount(2, Unit::kFrames) == 1);
  CHECK(timeline.amount(3, Unit::kFrames) == 0);
  CHECK(timeline.amount(0, Unit::kBytes) == 60);
  CHECK(timeline.amount(1, Unit::kBytes) == 50);
  CHECK(timeline.amount(0, Unit::kTime) == 3 * kSecond);
  CHECK(timeline.amount(2, Unit::kTime) == 0);
  CHECK(timeline.bytes_kept() == 60);
  CHECK(timeline.bytes_before(3) == 60);
}

TEST_CASE(
    "Timeline: a burst of nothing starts at the newest frame, one of more than there is at the oldest") {
  Stamped filled;
  for (int i = 0; i < 5; ++i) filled.append(10, i * kSecond);
  CHECK(filled.timeline.newest_reaching({Unit::kBytes, 0}) == 4);
  CHECK(filled.timeline.newest_reaching({Unit::kBytes, 10}) == 4);
  CHECK(filled.timeline.newest_reaching({Unit::kBytes, 11}) == 3);
  CHECK(filled.timeline.newest_reaching({Unit::kBytes, 50}) == 0);
  CHECK(filled.timeline.newest_reaching({Unit::kBytes, 51}) == 0);
  CHECK(filled.timeline.oldest_within({Unit::kBytes, 9}) == 5);
  CHECK(filled.timeline.oldest_within({Unit::kBytes, 20}) == 3);
  CHECK(filled.timeline.oldest_within({Unit::kNone, 0}) == 0);
}

TEST_CASE("Timeline: every look-up agrees with a walk, empty frames included") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Choices choices(seed);
    Stamped filled;
    Nanos dts = 0;
    const uint64_t count = choices.between(1, 80);
    for (uint64_t i = 0; i < count; ++i) {
      filled.append(choices.one_in(3) ? 0 : static_cast<uint32_t>(choices.below(50)), dts);
      dts += static_cast<Nanos>(choices.below(3)) * kSecond;
      if (choices.one_in(5)) filled.timeline.trim(choices.below(filled.timeline.next() + 1));
    }
    const Timeline& timeline = filled.timeline;
    for (const Unit unit : {Unit::kFrames, Unit::kBytes, Unit::kTime}) {
      for (int i = 0; i < 40; ++i) {
        const uint64_t scale = unit == Unit::kTime ? kSecond : 1;
        const Amount amount{unit, choices.below(unit == Unit::kBytes ? 3000 : 90) * scale};
        REQUIRE(timeline.oldest_within(amount) == naive_oldest_within(timeline, amount));
        REQUIRE(timeline.newest_reaching(amount) == naive_newest_reaching(timeline, amount));
      }
    }
    for (uint64_t at = timeline.bytes_total() - timeline.bytes_kept(); at <= timeline.bytes_total(); ++at) {
      REQUIRE(timeline.frame_at_byte(at) == naive_frame_at_byte(timeline, at));
    }
  }
}

TEST_CASE("Timeline: trimming gives blocks back and keeps numbers") {
  Stamped filled;
  for (int i = 0; i < 10; ++i) filled.append(40'000, i);
  filled.writer.reset();
  CHECK(filled.ledger.live_blocks == 10);
  filled.timeline.trim(7);
  CHECK(filled.ledger.live_blocks == 3);
  CHECK(filled.timeline.tail() == 7);
  CHECK(filled.timeline.at(7).bytes_before == 280'000);
  filled.timeline.trim(3);  // older than the tail: nothing
  CHECK(filled.timeline.tail() == 7);
  filled.timeline.trim(10);
  CHECK(filled.timeline.empty());
  CHECK(filled.timeline.next() == 10);
  CHECK(filled.timeline.bytes_kept() == 0);
  CHECK(filled.ledger.live_blocks == 0);
}
