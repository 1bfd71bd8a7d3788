// Framings in a shard: chunks, messages and ICY blocks around headers, titles, recovery and the end, with the
// kernel cutting everywhere.
#include <doctest/doctest.h>

#include "test/naive_wire.h"
#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

constexpr Framing kFramings[] = {Framing::kRaw, Framing::kChunked, Framing::kWebsocket, Framing::kIcy};

struct Stream : Rig {
  explicit Stream(const SinkOptions& options) : Rig(options) {}

  void state_is(const std::string& header, const std::string& title) {
    std::vector<BlockSlice> headers;
    headers.push_back(
        copy_to_slice(ledger, {reinterpret_cast<const uint8_t*>(header.data()), header.size()}));
    state = StateRef(StreamState::create(ledger, header.empty() ? std::vector<BlockSlice>() : headers,
                                         test::titled(title)));
  }
  void read_all(Client* client, size_t piece) {
    for (int i = 0; i < 1000; ++i) {
      io.peer_read(fd_of(client), piece);
      settle();
    }
  }
};

SinkOptions recovering() {
  SinkOptions options;
  options.lag = {{Unit::kFrames, 3}, {}, RecoverPolicy::kLatest};
  options.stall_timeout = 0;
  return options;
}

// Frame n of those tests: "<n…>", of different lengths.
std::string frame(uint64_t n) { return "<" + std::to_string(n) + std::string(n % 3 * 4, '.') + ">"; }

std::string block(const std::string& title) { return "\x01StreamTitle='" + title + "';"; }

}  // namespace

TEST_CASE("framing: recovery and the end, with the kernel stopping at every byte of every framing") {
  for (const Framing framing : kFramings) {
    for (size_t capacity = 1; capacity < 90; ++capacity) {
      CAPTURE(static_cast<int>(framing));
      CAPTURE(capacity);
      Stream rig(recovering());
      Client* client = rig.add({.capacity = capacity, .framing = framing, .icy_interval = 7});
      rig.state_is("[header]", "x");
      for (uint64_t n = 0; n < 4; ++n) rig.append(frame(n));
      rig.settle();
      for (uint64_t n = 4; n < 10; ++n) {
        if (n == 7) rig.state_is("[header]", "y");
        rig.append(frame(n));
        rig.settle();
      }
      rig.shard->end();
      rig.read_all(client, capacity);
      std::string bytes = rig.received(client);
      if (framing == Framing::kWebsocket) {
        REQUIRE(bytes.ends_with("\x88\x02\x03\xe8"));
        bytes.resize(bytes.size() - 4);
      }
      const Decoded got = naive_decode(framing, bytes, 7);
      REQUIRE(got.wrong == "");
      REQUIRE(got.whole);
      REQUIRE(got.last_chunk == (framing == Framing::kChunked));
      REQUIRE(got.media.starts_with("[header]"));
      uint64_t sent = 0;
      size_t at = 8;
      size_t title_y = std::string::npos;  // where the frames of that title begin
      for (uint64_t n = 0; n < 10; ++n) {
        if (got.media.compare(at, frame(n).size(), frame(n)) != 0) continue;
        if (n >= 7 && title_y == std::string::npos) title_y = at;
        at += frame(n).size();
        ++sent;
      }
      REQUIRE(at == got.media.size());
      REQUIRE(sent + client->frames_dropped == 10);
      REQUIRE(got.media.ends_with(frame(9)));
      std::string told;
      for (const auto& [position, text] : got.blocks) {
        const std::string title = position >= title_y ? "StreamTitle='y';" : "StreamTitle='x';";
        REQUIRE(text == (title == told ? "" : title));
        told = title;
      }
    }
  }
}

TEST_CASE("framing: a begun chunk is completed before the cursor moves; what it covers is not dropped") {
  Stream rig(recovering());
  Client* client = rig.add({.capacity = 8, .framing = Framing::kChunked});
  rig.settle();
  for (const char* text : {"aaaa", "bbbb", "cccc"}) rig.append(text);
  rig.settle();
  CHECK(rig.received(client) == "c\r\naaaab");
  CHECK(client->owed == 7);
  rig.append("dddd");
  rig.append("eeee");
  rig.append("ffff");
  rig.settle();
  CHECK(client->seq == 5);
  CHECK(client->frames_dropped == 2);
  CHECK(rig.shard->timeline().tail() == 5);
  rig.read_all(client, 8);
  CHECK(rig.received(client) == "c\r\naaaabbbbcccc\r\n4\r\nffff\r\n");
}

TEST_CASE("framing: a key frame that a begun chunk covers needs no jump") {
  SinkOptions options = recovering();
  options.lag = {{Unit::kFrames, 2}, {}, RecoverPolicy::kKeyframe};
  Stream rig(options);
  Client* client = rig.add({.capacity = 8, .framing = Framing::kChunked});
  rig.settle();
  FrameInfo delta;
  delta.flags = FrameFlags::kDelta;
  for (const char* text : {"aaaa", "bbbb"}) rig.append(text, delta);
  rig.append("KKKK");
  for (const char* text : {"cccc", "dddd"}) rig.append(text, delta);
  rig.settle();
  CHECK(client->await == Await::kNothing);
  CHECK(client->seq == 1);
  rig.read_all(client, 8);
  CHECK(rig.received(client) == "14\r\naaaabbbbKKKKccccdddd\r\n");
  CHECK(client->frames_dropped == 0);
}

TEST_CASE("framing: the hard limit counts what a begun chunk still owes, but for the frame begun") {
  SinkOptions options;
  options.lag = {{}, {Unit::kBytes, 8}, RecoverPolicy::kNone};
  Stream rig(options);
  Client* client = rig.add({.capacity = 5, .framing = Framing::kChunked});
  rig.settle();
  rig.append("aaaa");
  rig.append("bbbb");
  rig.append("cccc");
  rig.settle();
  CHECK(rig.received(client) == "c\r\naa");
  CHECK(rig.removals.empty());
  rig.append("d");
  rig.settle();
  CHECK(rig.reason_of(client) == Reason::kSlow);
}

TEST_CASE("ICY: blocks after every interval of the body, headers included, the head not") {
  Stream rig(recovering());
  Client* client = rig.add({.framing = Framing::kIcy, .prologue = "head ", .icy_interval = 6});
  rig.state_is("<hd>", "x");
  rig.append("abcdefgh");
  rig.settle();
  CHECK(rig.received(client) == "head <hd>ab" + block("x") + "cdefgh");
  // A block goes out with the byte behind it, so it has the title of that byte.
  rig.state_is("<hd>", "y");
  rig.append("ijklmnopq");
  rig.settle();
  CHECK(rig.received(client) ==
        "head <hd>ab" + block("x") + "cdefgh" + block("y") + "ijklmn" + std::string(1, '\0') + "opq");
}

TEST_CASE("ICY: a block in the middle of headers, and a title that changed back says nothing") {
  Stream rig(recovering());
  Client* client = rig.add({.framing = Framing::kIcy, .icy_interval = 4});
  rig.state_is("<header>", "x");
  rig.append("a");
  rig.settle();
  CHECK(rig.received(client) == "<hea" + block("x") + "der>" + std::string(1, '\0') + "a");
  rig.state_is("<header>", "y");
  rig.append("b");
  rig.state_is("<header>", "x");
  rig.append("cd");
  rig.settle();
  CHECK(rig.received(client) == "<hea" + block("x") + "der>" + std::string(1, '\0') + "abcd");
  rig.append("e");
  rig.settle();
  CHECK(rig.received(client).ends_with("abcd" + std::string(1, '\0') + "e"));
}

TEST_CASE("ICY: no title is a block of nothing, one that is taken back is an empty title") {
  Stream rig(recovering());
  Client* client = rig.add({.framing = Framing::kIcy, .icy_interval = 2});
  rig.append("abc");
  rig.state_is("", "x");
  rig.append("de");
  rig.state_is("", "");
  rig.append("fg");
  rig.settle();
  CHECK(rig.received(client) ==
        "ab" + std::string(1, '\0') + "cd" + block("x") + "ef" + block("") + std::string(1, '\0') + "g");
}
