// Gather lists: what goes out is the framed stream from a place on, wherever the kernel cuts it.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/client/client.h"
#include "core/timeline/stamper.h"
#include "core/wire/private_bytes.h"
#include "test/choices.h"
#include "test/naive_wire.h"
#include "test/rig.h"

using namespace flumen;
using flumen::test::Decoded;
using flumen::test::naive_decode;
using flumen::test::pattern;

namespace {

constexpr uint64_t kNoStop = Client::kNoStop;
struct Form {
  Framing framing;
  bool gdp = false;
};
constexpr Form kForms[] = {
    {Framing::kRaw},       {Framing::kChunked},       {Framing::kWebsocket},      {Framing::kIcy},
    {Framing::kRaw, true}, {Framing::kChunked, true}, {Framing::kWebsocket, true}};

// The body as one payload has it.
struct Body {
  std::string bytes;
  std::vector<size_t> sizes;   // of the frames that are not empty
  std::vector<size_t> before;  // each frame

  void append(const std::string& frame) {
    before.push_back(bytes.size());
    bytes += frame;
    if (!frame.empty()) sizes.push_back(frame.size());
  }
  std::string until(uint64_t seq) const { return seq < before.size() ? bytes.substr(0, before[seq]) : bytes; }
  std::string from(uint64_t seq) const { return bytes.substr(until(seq).size()); }
};

struct Wire {
  Ledger ledger;
  BlockWriter writer{ledger};
  Stamper stamper;
  Timeline timeline;
  StateRef state;
  Body raw, packed;

  const Body& body(bool gdp) const { return gdp ? packed : raw; }
  void title(const std::string& text) {
    state = StateRef(StreamState::create(ledger, {}, test::titled(text)));
  }
  void append(const std::string& bytes) {
    Frame frame;
    frame.bytes = writer.copy({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    frame.state = state;
    // Shorter than real ones: what matters is that it is not empty.
    const std::string packet = pattern(4 + bytes.size() % 3, ~bytes.size());
    frame.packet = copy_to_slice(ledger, {reinterpret_cast<const uint8_t*>(packet.data()), packet.size()});
    stamper.stamp(frame, 0);
    timeline.append(std::move(frame));
    raw.append(bytes);
    packed.append(packet + bytes);
  }
};

void put_text(const Gather& gather, std::string& text) {
  text.clear();
  for (int i = 0; i < gather.iov_count; ++i) {
    const iovec& part = gather.iov[static_cast<size_t>(i)];
    text.append(static_cast<const char*>(part.iov_base), part.iov_len);
  }
}

std::string text_of(const Gather& gather) {
  std::string text;
  put_text(gather, text);
  return text;
}

// Moves along the stream as a shard does with its clients.
struct Sender {
  const Wire& wire;
  Form form;
  uint32_t interval = 0;
  WirePlace place = {};
  StateRef told = {};
  Gather gather = {};
  std::string sent = {};
  std::string offered = {};  // used again and again: a sanitizer's allocator is dear

  Sender(const Wire& from, Form with, uint32_t icy_interval = 5)
      : wire(from), form(with), interval(with.framing == Framing::kIcy ? icy_interval : 0) {
    place.until_block = interval;
  }
  bool through() const { return place.seq >= wire.timeline.next(); }
  StateRef state() const { return wire.timeline.at(place.seq).state; }
  WireFormat format() const {
    const bool icy = form.framing == Framing::kIcy;
    return {form.framing, interval, icy && title_of(told) != title_of(state()), form.gdp};
  }
  void go_to(const WirePlace& to, bool title_due, const StateRef& with) {
    place = to;
    if (!title_due) told = with;
  }
  /// Offers what fits the budget, and takes `most` of it, and what must follow then.
  void step(size_t budget, size_t most) {
    const StateRef with = state();
    gather_from(wire.timeline, place, format(), kNoStop, budget, gather);
    put_text(gather, offered);
    REQUIRE(offered.size() == gather.bytes);
    const size_t taken = std::min(most, offered.size());
    sent.append(offered, 0, taken);
    if (taken == offered.size()) {
      go_to(gather.end, gather.title_due_after, with);
    } else if (taken > 0) {
      const Consumed now = consume(wire.timeline, gather, taken);
      go_to(now.place, now.title_due, with);
      sent.append(now.begun.begin(), now.begun.end());
      REQUIRE(offered.compare(taken, now.begun.size(), std::string(now.begun.begin(), now.begun.end())) == 0);
    }
  }
  /// Completes what has been begun, as one private slice.
  void complete_begun(uint64_t until) {
    if (place.seq >= until) return;
    const StateRef with = state();
    WireFormat now = format();
    Ledger ledger;
    const BlockSlice rest = wire_until(wire.timeline, until, now, place, {}, ledger);
    go_to(place, now.title_due, with);
    sent.append(reinterpret_cast<const char*>(rest.data()), rest.size);
  }
  uint64_t begun_until() const { return flumen::begun_until(wire.timeline, place, format()); }
};

// The blocks that must lie in the body, by the titles that belong to the bytes behind them.
std::vector<std::pair<size_t, std::string>> blocks_of(const Wire& wire, size_t interval) {
  std::vector<std::pair<size_t, std::string>> blocks;
  std::string told;
  for (size_t at = interval; at < wire.raw.bytes.size(); at += interval) {
    const std::string title(title_of(wire.timeline.at(wire.timeline.frame_at_byte(at)).state));
    blocks.emplace_back(at, title == told ? "" : "StreamTitle='" + title + "';");
    told = title;
  }
  return blocks;
}

void check_sent(const Wire& wire, const Sender& sender) {
  const Framing framing = sender.form.framing;
  const Body& body = wire.body(sender.form.gdp);
  const Decoded got = naive_decode(framing, sender.sent, sender.interval);
  REQUIRE(got.wrong == "");
  REQUIRE(got.whole);
  REQUIRE(got.media == body.bytes);
  if (framing == Framing::kWebsocket) REQUIRE(got.runs == body.sizes);
  if (framing == Framing::kIcy) REQUIRE(got.blocks == blocks_of(wire, sender.interval));
  if (framing != Framing::kChunked) return;
  size_t frame = 0;
  for (const size_t run : got.runs) {
    size_t covered = body.sizes[frame++];
    if (covered > kChunkBytes) REQUIRE(run == covered);
    while (covered < run) covered += body.sizes[frame++];
    REQUIRE(covered == run);  // ends with a frame
    if (run > kChunkBytes) REQUIRE(run == body.sizes[frame - 1]);
  }
}

template <typename Piece>
void send_all(const Wire& wire, Sender& sender, size_t budget, Piece piece) {
  sender.sent.reserve(2 * wire.body(sender.form.gdp).bytes.size());
  for (int i = 0; !sender.through() && i < 100'000; ++i) sender.step(budget, piece(i));
  check_sent(wire, sender);
}

}  // namespace

TEST_CASE("gather: neighbouring frames are one iovec, a new block begins another") {
  Wire wire;
  for (int i = 0; i < 100; ++i) wire.append(pattern(417, i));
  Gather gather;
  gather_from(wire.timeline, {}, {}, kNoStop, 1 << 20, gather);
  CHECK(gather.iov_count == 1);
  CHECK(gather.bytes == 41'700);
  CHECK(gather.end.seq == 100);
  for (int i = 0; i < 100; ++i) wire.append(pattern(417, i));
  const WirePlace place{3, 17};
  gather_from(wire.timeline, place, {}, kNoStop, 1 << 20, gather);
  CHECK(gather.iov_count == 2);
  CHECK(text_of(gather) == wire.raw.bytes.substr(3 * 417 + 17));
  CHECK(gather.made_for(place, {}, kNoStop));
  CHECK_FALSE(gather.made_for(place, {Framing::kChunked}, kNoStop));
  CHECK_FALSE(gather.made_for({3, 18}, {}, kNoStop));
  CHECK_FALSE(gather.made_for({3, 17, 1}, {}, kNoStop));
  CHECK_FALSE(gather.made_for({3, 17, 0, 1}, {}, kNoStop));
  CHECK_FALSE(gather.made_for(place, {}, 99));
}

TEST_CASE("gather: 38 small frames are one chunk in three iovecs, 100 of them three chunks") {
  Wire wire;
  for (int i = 0; i < 38; ++i) wire.append(pattern(417, i));
  Gather gather;
  gather_from(wire.timeline, {}, {Framing::kChunked}, kNoStop, 1 << 20, gather);
  CHECK(gather.iov_count == 3);
  CHECK(text_of(gather) == "3de6\r\n" + wire.raw.bytes + "\r\n");
  for (int i = 0; i < 62; ++i) wire.append(pattern(417, i));
  gather_from(wire.timeline, {}, {Framing::kChunked}, kNoStop, 1 << 20, gather);
  const Decoded got = naive_decode(Framing::kChunked, text_of(gather));
  CHECK(got.runs == std::vector<size_t>{39 * 417, 39 * 417, 22 * 417});
}

TEST_CASE("gather: a chunk of 16 KiB is full, a bigger frame is one of its own") {
  Wire wire;
  for (const size_t size : {16'383u, 1u, 1u, 16'385u, 16'384u, 40'000u, 5u}) wire.append(pattern(size, size));
  Gather gather;
  gather_from(wire.timeline, {}, {Framing::kChunked}, kNoStop, 1 << 20, gather);
  CHECK(naive_decode(Framing::kChunked, text_of(gather)).runs ==
        std::vector<size_t>{16'384, 1, 16'385, 16'384, 40'000, 5});
}

TEST_CASE("gather: a chunk ends where headers may have to come in between") {
  Wire wire;
  wire.append("ab");
  wire.title("now known");
  wire.append("cd");
  Gather gather;
  gather_from(wire.timeline, {}, {Framing::kChunked}, kNoStop, 1 << 20, gather);
  CHECK(text_of(gather) == "2\r\nab\r\n");
  CHECK(gather.end == WirePlace{1});
}

TEST_CASE("gather: the budget cuts frames anywhere; what a chunk has announced follows") {
  Wire wire;
  wire.append(pattern(1000, 1));
  wire.append(pattern(1000, 2));
  Gather gather;
  gather_from(wire.timeline, {}, {}, kNoStop, 1500, gather);
  CHECK(gather.bytes == 1500);
  CHECK(gather.end == WirePlace{1, 500});
  gather_from(wire.timeline, {}, {Framing::kChunked}, kNoStop, 1500, gather);
  CHECK(text_of(gather) == "7d0\r\n" + wire.raw.bytes.substr(0, 1500));
  CHECK(gather.end == WirePlace{1, 500, 500});
  const WirePlace later = gather.end;
  gather_from(wire.timeline, later, {Framing::kChunked}, kNoStop, 1500, gather);
  CHECK(text_of(gather) == wire.raw.bytes.substr(1500) + "\r\n");
}

TEST_CASE("gather: stops before the stop, and never asks for more iovecs than there are") {
  Wire wire;
  for (int i = 0; i < 100; ++i) wire.append(pattern(40'000, i));  // a block each
  Gather gather;
  gather_from(wire.timeline, {}, {}, 5, size_t{1} << 30, gather);
  CHECK(gather.end.seq == 5);
  CHECK(gather.iov_count == 5);
  gather_from(wire.timeline, {5}, {}, 5, size_t{1} << 30, gather);
  CHECK(gather.bytes == 0);
  CHECK(gather.iov_count == 0);
  for (const Form form : kForms) {
    Sender sender(wire, form, 1000);
    gather_from(wire.timeline, sender.place, sender.format(), kNoStop, size_t{1} << 30, gather);
    CHECK(gather.iov_count <= Gather::kIovMax);
    CHECK(gather.iov_count > Gather::kIovMax - 4);
    send_all(wire, sender, size_t{1} << 30, [](int) { return SIZE_MAX; });
  }
}

TEST_CASE("gather: cut at every two places, the pieces join to the whole") {
  Wire wire;
  for (const size_t size : {3u, 0u, 16u, 1u, 0u}) wire.append(pattern(size, size));
  wire.title("one");
  for (const size_t size : {0u, 27u, 2u}) wire.append(pattern(size, size + 1));
  wire.title("two, which is longer than sixteen bytes");
  for (const size_t size : {4u, 0u, 5u}) wire.append(pattern(size, size + 2));
  wire.title("one");
  for (const size_t size : {9u, 0u}) wire.append(pattern(size, size + 3));
  for (const Form form : kForms) {
    CAPTURE(static_cast<int>(form.framing));
    CAPTURE(form.gdp);
    Sender whole(wire, form);
    send_all(wire, whole, 1 << 20, [](int) { return SIZE_MAX; });
    for (size_t cut = 0; cut <= whole.sent.size(); ++cut) {
      for (size_t next = 1; next <= whole.sent.size() - cut; ++next) {
        Sender sender(wire, form);
        send_all(wire, sender, 1 << 20, [&](int i) { return i == 0 ? cut : i == 1 ? next : SIZE_MAX; });
      }
    }
    for (size_t piece = 1; piece < 40; ++piece) {
      Sender cut_each(wire, form), small_budget(wire, form);
      send_all(wire, cut_each, 1 << 20, [&](int) { return piece; });
      send_all(wire, small_budget, piece, [&](int) { return SIZE_MAX; });
    }
  }
}

TEST_CASE("gather: left at every place, what has been begun is completed and the last frame follows") {
  Wire wire;
  for (const size_t size : {3u, 0u, 16u, 1u, 20'000u, 0u, 5u, 7u}) wire.append(pattern(size, size));
  const uint64_t last = wire.timeline.next() - 1;
  for (const Form form : kForms) {
    CAPTURE(static_cast<int>(form.framing));
    CAPTURE(form.gdp);
    Sender whole(wire, form, 300);
    send_all(wire, whole, 1 << 20, [](int) { return SIZE_MAX; });
    for (size_t cut = 1; cut < whole.sent.size() - 8; ++cut) {
      if (cut == 60 + 30 * size_t{form.gdp}) cut = 19'900;
      Sender sender(wire, form, 300);
      for (size_t left = cut; left > 0;) {
        const size_t before = sender.sent.size();
        sender.step(1 << 20, left);
        left -= std::min(left, sender.sent.size() - before);
      }
      const uint64_t until = sender.begun_until();
      sender.complete_begun(until);
      const Decoded begun = naive_decode(form.framing, sender.sent, 300);
      REQUIRE(begun.wrong == "");
      REQUIRE(begun.whole);
      REQUIRE(begun.media == wire.body(form.gdp).until(until));
      if (until < last) sender.place.seq = last;
      while (!sender.through()) sender.step(1 << 20, SIZE_MAX);
      const Decoded got = naive_decode(form.framing, sender.sent, 300);
      REQUIRE(got.whole);
      REQUIRE(got.media == begun.media + wire.body(form.gdp).from(std::max(until, last)));
    }
  }
}

TEST_CASE("gather: cuts by chance through many frames and blocks") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    flumen::test::Choices choices(seed);
    Wire wire;
    for (uint64_t i = choices.between(50, 200); i > 0; --i) {
      if (choices.one_in(20)) wire.title("title " + std::to_string(choices.below(3)));
      wire.append(pattern(choices.one_in(10) ? choices.below(90'000) : choices.below(600), i));
    }
    for (const Form form : kForms) {
      const size_t budget = choices.between(1, 300'000);
      Sender sender(wire, form, static_cast<uint32_t>(choices.between(256, 20'000)));
      send_all(wire, sender, budget, [&](int) { return choices.one_in(4) ? 0 : choices.below(70'000); });
    }
  }
}

TEST_CASE("wire: an empty frame is nothing on the wire, for as a chunk it would end the body") {
  Wire wire;
  wire.append("");
  for (const Form form : kForms) {
    Sender sender(wire, form);
    sender.step(1 << 20, SIZE_MAX);
    if (form.gdp) continue;  // there it is a packet like any other
    CHECK(sender.sent == "");
    CHECK(sender.through());
  }
}
