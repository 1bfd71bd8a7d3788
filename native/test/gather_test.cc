// Gather lists: what goes out is the wire bytes from the cursor on, wherever the kernel cuts them.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/client/client.h"
#include "core/timeline/stamper.h"
#include "core/wire/gather.h"
#include "test/choices.h"
#include "test/rig.h"

using namespace flumen;
using flumen::test::pattern;

namespace {

constexpr uint64_t kNoStop = Client::kNoStop;

struct Wire {
  Ledger ledger;
  BlockWriter writer{ledger};
  Stamper stamper;
  Timeline timeline;
  std::string raw, chunked;

  void append(const std::string& bytes) {
    Frame frame;
    frame.bytes = writer.copy({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    stamper.stamp(frame, 0);
    timeline.append(std::move(frame));
    raw += bytes;
    char head[16];
    std::snprintf(head, sizeof head, "%zx\r\n", bytes.size());
    if (!bytes.empty()) chunked += head + bytes + "\r\n";
  }
  const std::string& wire(Framing framing) const { return framing == Framing::kRaw ? raw : chunked; }
};

std::string text_of(const Gather& gather) {
  std::string text;
  for (int i = 0; i < gather.iov_count; ++i) {
    const iovec& part = gather.iov[static_cast<size_t>(i)];
    text.append(static_cast<const char*>(part.iov_base), part.iov_len);
  }
  return text;
}

// Sends everything, the kernel taking `piece(i)` bytes the i-th time, moving the cursor as a shard does.
template <typename Piece>
std::string send_all(const Wire& wire, Framing framing, size_t budget, Piece piece) {
  Gather gather;
  uint64_t seq = 0;
  uint32_t offset = 0;
  std::string sent;
  for (int i = 0; seq < wire.timeline.next() && i < 100'000; ++i) {
    gather_from(wire.timeline, seq, offset, framing, kNoStop, budget, gather);
    const std::string offered = text_of(gather);
    REQUIRE(offered.size() == gather.bytes);
    const size_t taken = std::min<size_t>(piece(i), offered.size());
    sent += offered.substr(0, taken);
    if (taken == offered.size()) {
      seq = gather.end_seq;
      offset = gather.end_offset;
    } else if (taken > 0) {
      advance(wire.timeline, framing, taken, seq, offset);
    }
  }
  return sent;
}

}  // namespace

TEST_CASE("gather: neighbouring frames are one iovec, a new block begins another") {
  Wire wire;
  for (int i = 0; i < 100; ++i) wire.append(pattern(417, i));
  Gather gather;
  gather_from(wire.timeline, 0, 0, Framing::kRaw, kNoStop, 1 << 20, gather);
  CHECK(gather.iov_count == 1);
  CHECK(gather.bytes == 41'700);
  CHECK(gather.end_seq == 100);
  for (int i = 0; i < 100; ++i) wire.append(pattern(417, i));
  gather_from(wire.timeline, 3, 17, Framing::kRaw, kNoStop, 1 << 20, gather);
  CHECK(gather.iov_count == 2);
  CHECK(text_of(gather) == wire.raw.substr(3 * 417 + 17));
  CHECK(gather.made_for(3, 17, Framing::kRaw, kNoStop));
  CHECK_FALSE(gather.made_for(3, 17, Framing::kChunked, kNoStop));
  CHECK_FALSE(gather.made_for(3, 18, Framing::kRaw, kNoStop));
  CHECK_FALSE(gather.made_for(3, 17, Framing::kRaw, 99));
}

TEST_CASE("gather: the budget cuts raw frames anywhere, a chunk is never begun without its end") {
  Wire wire;
  wire.append(pattern(1000, 1));
  wire.append(pattern(1000, 2));
  Gather gather;
  gather_from(wire.timeline, 0, 0, Framing::kRaw, kNoStop, 1500, gather);
  CHECK(gather.bytes == 1500);
  CHECK(gather.end_seq == 1);
  CHECK(gather.end_offset == 500);
  gather_from(wire.timeline, 0, 0, Framing::kChunked, kNoStop, 500, gather);
  CHECK(text_of(gather) == wire.chunked.substr(0, 1000 + 7));
  CHECK(gather.end_seq == 1);
  CHECK(gather.end_offset == 0);
}

TEST_CASE("gather: stops before the stop, and never asks for more iovecs than there are") {
  Wire wire;
  for (int i = 0; i < 300; ++i) wire.append(pattern(40'000, i));  // a block each
  Gather gather;
  gather_from(wire.timeline, 0, 0, Framing::kRaw, 5, size_t{1} << 30, gather);
  CHECK(gather.end_seq == 5);
  CHECK(gather.iov_count == 5);
  gather_from(wire.timeline, 5, 0, Framing::kRaw, 5, size_t{1} << 30, gather);
  CHECK(gather.bytes == 0);
  CHECK(gather.iov_count == 0);
  gather_from(wire.timeline, 0, 0, Framing::kRaw, kNoStop, size_t{1} << 30, gather);
  CHECK(gather.iov_count <= Gather::kIovMax);
  CHECK(gather.end_seq == static_cast<uint64_t>(gather.iov_count));
  gather_from(wire.timeline, 0, 0, Framing::kChunked, kNoStop, size_t{1} << 30, gather);
  CHECK(gather.iov_count <= Gather::kIovMax);
  CHECK(text_of(gather) == wire.chunked.substr(0, gather.bytes));
}

TEST_CASE("gather: cut at every single byte, the pieces join to the whole") {
  Wire wire;
  for (const size_t size : {3u, 0u, 16u, 1u, 0u, 0u, 300u, 15u, 0u}) wire.append(pattern(size, size));
  for (const Framing framing : {Framing::kRaw, Framing::kChunked}) {
    const std::string& whole = wire.wire(framing);
    for (size_t cut = 0; cut <= whole.size(); ++cut) {
      REQUIRE(send_all(wire, framing, 1 << 20, [&](int i) { return i == 0 ? cut : whole.size(); }) == whole);
    }
    for (size_t piece = 1; piece < 40; ++piece) {
      REQUIRE(send_all(wire, framing, 1 << 20, [&](int) { return piece; }) == whole);
      REQUIRE(send_all(wire, framing, piece, [&](int) { return whole.size(); }) == whole);
    }
  }
}

TEST_CASE("gather: cuts by chance through many frames and blocks") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    flumen::test::Choices choices(seed);
    Wire wire;
    for (uint64_t i = choices.between(50, 200); i > 0; --i) {
      wire.append(pattern(choices.one_in(10) ? choices.below(90'000) : choices.below(600), i));
    }
    for (const Framing framing : {Framing::kRaw, Framing::kChunked}) {
      const size_t budget = choices.between(1, 300'000);
      const std::string sent =
          send_all(wire, framing, budget, [&](int) { return choices.one_in(4) ? 0 : choices.below(70'000); });
      REQUIRE(sent == wire.wire(framing));
    }
  }
}

TEST_CASE("wire_size: what a frame becomes; an empty one is no chunk, for that would end the body") {
  Wire wire;
  wire.append("");
  wire.append("x");
  wire.append(pattern(16));
  CHECK(wire_size(wire.timeline.at(0), Framing::kRaw) == 0);
  CHECK(wire_size(wire.timeline.at(0), Framing::kChunked) == 0);
  CHECK(wire_size(wire.timeline.at(1), Framing::kChunked) == 1 + 5);
  CHECK(wire_size(wire.timeline.at(2), Framing::kChunked) == 16 + 6);
}
