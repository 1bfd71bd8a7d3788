// The ground floor: ring, list, blocks, stamps.
#include <doctest/doctest.h>

#include <cstring>
#include <string_view>

#include "core/base/intrusive_list.h"
#include "core/base/ring.h"
#include "core/timeline/block_writer.h"
#include "core/timeline/stamper.h"

using namespace flumen;

TEST_CASE("SeqRing: absolute numbers survive growth and popping, from any start") {
  for (const uint64_t first : {uint64_t{0}, uint64_t{5}, (uint64_t{1} << 40) + 3}) {
    SeqRing<uint64_t> ring(first);
    CHECK(ring.empty());
    CHECK(ring.begin() == first);
    uint64_t low = first;
    for (uint64_t seq = first; seq < first + 1000; ++seq) {
      ring.push(seq * 7);
      if (seq % 3 == 0) {
        ring.pop();
        ++low;
      }
      REQUIRE(ring.begin() == low);
      REQUIRE(ring.end() == seq + 1);
      for (uint64_t at = low; at <= seq; at += 97) REQUIRE(ring[at] == at * 7);
    }
    CHECK(ring.size() == first + 1000 - low);
    CHECK((ring.capacity() & (ring.capacity() - 1)) == 0);
  }
}

TEST_CASE("SeqRing: a popped slot holds nothing any more") {
  Ledger ledger;
  SeqRing<BlockRef> ring;
  ring.push(BlockRef(Block::create(ledger, 10)));
  CHECK(ledger.live_blocks == 1);
  ring.pop();
  CHECK(ledger.live_blocks == 0);
}

namespace {
struct Item {
  int value = 0;
  ListLink<Item> link;
};
using List = IntrusiveList<Item, &Item::link>;

std::string contents(const List& list) {
  std::string text;
  for (Item* item = list.front(); item != nullptr; item = List::next(item))
    text += std::to_string(item->value);
  std::string back;
  for (Item* item = list.back(); item != nullptr; item = item->link.prev)
    back = std::to_string(item->value) + back;
  CHECK(text == back);
  return text;
}
}  // namespace

TEST_CASE("IntrusiveList: unlinking from the front, the middle and the back; inserting anywhere") {
  Item items[6];
  for (int i = 0; i < 6; ++i) items[i].value = i;
  List list;
  CHECK(list.empty());
  CHECK(list.pop_front() == nullptr);
  for (int i = 0; i < 4; ++i) list.push_back(&items[i]);
  CHECK(contents(list) == "0123");
  list.remove(&items[2]);
  CHECK(contents(list) == "013");
  CHECK_FALSE(List::linked(&items[2]));
  list.insert_after(&items[0], &items[2]);
  CHECK(contents(list) == "0213");
  list.insert_after(nullptr, &items[4]);
  CHECK(contents(list) == "40213");
  list.insert_after(list.back(), &items[5]);
  CHECK(contents(list) == "402135");
  list.remove(&items[5]);
  list.remove(&items[4]);
  CHECK(contents(list) == "0213");
  CHECK(list.pop_front() == &items[0]);
  while (list.pop_front() != nullptr) continue;
  CHECK(list.empty());
  CHECK(list.back() == nullptr);
}

TEST_CASE("Block: counted while somebody refers to it") {
  Ledger ledger;
  {
    BlockRef first(Block::create(ledger, 1000));
    CHECK(ledger.live_blocks == 1);
    CHECK(ledger.live_bytes == static_cast<int64_t>(1000 + sizeof(Block)));
    BlockRef second = first;
    first.reset();
    CHECK_FALSE(first);
    CHECK(ledger.live_blocks == 1);
    BlockRef third = std::move(second);
    CHECK(third);
    BlockRef& same = third;
    third = same;
    CHECK(ledger.live_blocks == 1);
  }
  CHECK(ledger.live_blocks == 0);
  CHECK(ledger.live_bytes == 0);
}

TEST_CASE("BlockWriter: small frames lie back to back, big ones get a block of their own") {
  Ledger ledger;
  BlockWriter writer(ledger);
  const std::string text(400, 'x');
  const std::span<const uint8_t> bytes{reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  const BlockSlice first = writer.copy(bytes);
  const BlockSlice second = writer.copy(bytes);
  const BlockSlice empty = writer.copy({});
  const BlockSlice third = writer.copy(bytes.first(1));
  CHECK(first.block.get() == second.block.get());
  CHECK(second.offset == first.offset + first.size);
  CHECK(empty.size == 0);
  CHECK(third.offset == second.offset + second.size);
  CHECK(ledger.live_blocks == 1);
  CHECK(ledger.live_bytes == static_cast<int64_t>(BlockWriter::kBlockBytes));

  const std::string big(BlockWriter::kCapacity + 1, 'y');
  const BlockSlice own = writer.copy({reinterpret_cast<const uint8_t*>(big.data()), big.size()});
  CHECK(own.offset == 0);
  CHECK(own.block->capacity() == big.size());
  CHECK(std::memcmp(own.block->data(), big.data(), big.size()) == 0);
  const BlockSlice after = writer.copy(bytes);
  CHECK(after.block.get() != own.block.get());

  // Exactly what is left fits; one byte more does not.
  const std::string rest(BlockWriter::kCapacity - 400, 'z');
  const BlockSlice full = writer.copy({reinterpret_cast<const uint8_t*>(rest.data()), rest.size()});
  CHECK(full.block.get() == after.block.get());
  CHECK(writer.copy(bytes.first(1)).block.get() != full.block.get());
}

namespace {
Frame stamped(Stamper& stamper, Nanos dts, Nanos pts, Nanos arrival) {
  Frame frame;
  frame.info.dts = dts;
  frame.info.pts = pts;
  frame.bytes.size = 10;
  stamper.stamp(frame, arrival);
  return frame;
}
}  // namespace

TEST_CASE("Stamper: sequence numbers, prefix sums, running time from dts, else pts, else arrival") {
  Stamper stamper;
  const Nanos start = 500 * kSecond;
  CHECK(stamped(stamper, start, 0, 0).running_time == 0);
  Frame frame = stamped(stamper, start + kSecond, 999 * kSecond, 0);
  CHECK(frame.running_time == kSecond);
  CHECK(frame.seq == 1);
  CHECK(frame.bytes_before == 10);
  // pts stands in for a missing dts.
  CHECK(stamped(stamper, kNoTime, start + 3 * kSecond, 0).running_time == 3 * kSecond);
  // Backwards counts nothing, and what follows counts from there.
  CHECK(stamped(stamper, start, kNoTime, 0).running_time == 3 * kSecond);
  CHECK(stamped(stamper, start + kSecond, kNoTime, 0).running_time == 4 * kSecond);
  // A jump over ten seconds is a splice; exactly ten is time.
  CHECK(stamped(stamper, start + 11 * kSecond + 1, kNoTime, 0).running_time == 4 * kSecond);
  CHECK(stamped(stamper, start + 21 * kSecond + 1, kNoTime, 0).running_time == 14 * kSecond);
  // From timestamps to arrival times nothing can be said; between arrivals it can.
  CHECK(stamped(stamper, kNoTime, kNoTime, 7 * kSecond).running_time == 14 * kSecond);
  CHECK(stamped(stamper, kNoTime, kNoTime, 9 * kSecond).running_time == 16 * kSecond);
  CHECK(stamped(stamper, start + 22 * kSecond, kNoTime, 0).running_time == 16 * kSecond);
  CHECK(stamper.bytes() == 100);
}
