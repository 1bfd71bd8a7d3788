// What clients send, where it is wanted: in order, bounded, and the end only behind it.
#include <doctest/doctest.h>

#include <numeric>

#include "test/rig.h"
#include "test/talker.h"

using namespace flumen;
using namespace flumen::test;

namespace {

std::string all(const Rig& rig) { return std::accumulate(rig.heard.begin(), rig.heard.end(), std::string()); }

/// A client's frame with a first byte of its own: fragments begin and end messages as they like.
std::string frame_with(uint8_t first, std::string_view payload) {
  std::string frame = client_frame(0, payload);
  frame[0] = static_cast<char>(first);
  return frame;
}

/// Acknowledges what has been passed on since the last time.
class Hearer : public Rig {
 public:
  using Rig::Rig;

  void acknowledge(Client* client) {
    uint32_t cost = 0;
    for (; taken_ < heard.size(); ++taken_) cost += ClientInput::cost_of(heard[taken_].size());
    shard->acknowledge_input(client, cost, now);
    settle();
  }

 private:
  size_t taken_ = 0;
};

}  // namespace

TEST_CASE("input: what Node had read comes first, then all that the client sends, in order") {
  Rig rig{SinkOptions{}};
  Client* client = rig.reserve({.wants_input = true});
  client->input->prelude = copy_to_slice(rig.ledger, {reinterpret_cast<const uint8_t*>("pre|"), 4});
  rig.io.peer_say(rig.fd_of(client), "before|");
  rig.shard->add(client, rig.now);
  rig.settle();
  rig.io.peer_say(rig.fd_of(client), "after|");
  rig.settle();
  CHECK(all(rig) == "pre|before|after|");
  Client* other = rig.add();
  rig.io.peer_say(rig.fd_of(other), "discarded");
  rig.settle();
  CHECK(all(rig) == "pre|before|after|");
  CHECK(rig.fd(other).input == 0);
}

TEST_CASE(
    "input: at 64 KiB under way it is read no more, until some is acknowledged; the FIN behind it waits") {
  Hearer rig{SinkOptions{}};
  Client* client = rig.add({.wants_input = true});
  rig.settle();
  const std::string said = pattern(200'000);
  rig.io.peer_say(rig.fd_of(client), said);
  rig.io.peer_fin(rig.fd_of(client));
  rig.settle();
  CHECK(all(rig).size() <= ClientInput::kMost);
  CHECK(all(rig).size() > ClientInput::kMost - 1024);
  CHECK_FALSE(client->peer_fin);
  // It is served meanwhile, and events change nothing.
  rig.append("abc");
  rig.settle();
  CHECK(rig.received(client) == "abc");
  const size_t before = all(rig).size();
  rig.shard->on_event(client, {0, true, true, true, false}, rig.now);
  CHECK(all(rig).size() == before);
  for (int i = 0; i < 3; ++i) {
    CHECK(rig.reason_of(client) == Reason::kNone);
    rig.acknowledge(client);
  }
  CHECK(all(rig) == said);
  CHECK(rig.reason_of(client) == Reason::kClosed);
  rig.acknowledge(client);  // too late, and nothing
}

TEST_CASE("input: many small pieces count as more than their bytes") {
  Hearer rig{SinkOptions{}};
  Client* client = rig.add({.wants_input = true});
  rig.settle();
  for (int i = 0; i < 2000; ++i) {
    rig.io.peer_say(rig.fd_of(client), "x");
    rig.settle();
  }
  CHECK(rig.heard.size() < 1100);
  rig.acknowledge(client);
  rig.acknowledge(client);
  CHECK(all(rig).size() == 2000);
}

TEST_CASE("input: more than a turn's worth of control frames is read over several turns") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add({.framing = Framing::kWebsocket, .wants_input = true});
  rig.settle();
  std::string pings;
  while (pings.size() < 200'000) pings += frame_with(0x89, std::string(125, 'p'));
  rig.io.peer_say(rig.fd_of(client), pings + frame_with(0x82, "heard"));
  const uint64_t reads = rig.io.counts.reads;
  rig.turn();
  CHECK(rig.io.counts.reads - reads == 8);  // by the event, and by the turn behind it
  CHECK(rig.shard->deadline() == 0);
  rig.settle();
  CHECK(rig.heard == std::vector<std::string>{"heard"});
}

TEST_CASE("input: a reset is found behind what can still be read, also with half-closed clients kept") {
  SinkOptions options;
  SUBCASE("kept") { options.keep_half_closed = true; }
  SUBCASE("closed") { options.keep_half_closed = false; }
  Hearer rig(options);
  Client* client = rig.add({.wants_input = true});
  rig.settle();
  rig.io.peer_say(rig.fd_of(client), "last words");
  rig.settle();
  rig.io.peer_reset(rig.fd_of(client));
  rig.settle();
  CHECK(all(rig) == "last words");
  CHECK(rig.reason_of(client) == Reason::kClosed);
}

TEST_CASE("input: halfClose keep: after its FIN a client listens on, until it resets") {
  SinkOptions options;
  options.keep_half_closed = true;
  Hearer rig(options);
  Client* client = rig.add({.wants_input = true});
  rig.settle();
  rig.io.peer_say(rig.fd_of(client), pattern(100'000));
  rig.io.peer_fin(rig.fd_of(client));
  rig.settle();
  rig.acknowledge(client);
  CHECK(all(rig) == pattern(100'000));
  rig.append("abc");
  rig.settle();
  CHECK(rig.received(client) == "abc");
  CHECK(rig.removals.empty());
  rig.io.peer_reset(rig.fd_of(client));
  rig.settle();
  CHECK(rig.reason_of(client) == Reason::kClosed);
}

TEST_CASE("input: a client that is being let go is heard until it has left, and not a byte longer") {
  Hearer rig{SinkOptions{}};
  Client* client = rig.add({.wants_input = true});
  rig.settle();
  rig.shard->remove(client, rig.now, true);
  rig.settle();
  CHECK(client->state == ClientState::kLingering);
  rig.io.peer_say(rig.fd_of(client), "bye");
  rig.settle();
  CHECK(all(rig) == "bye");
  rig.io.peer_fin(rig.fd_of(client));
  rig.settle();
  CHECK(rig.reason_of(client) == Reason::kRemoved);
  CHECK(rig.io.violations.empty());
}

TEST_CASE("websocket input: a call is a whole message, fragments joined, pings and pongs in between") {
  const std::string bytes = frame_with(0x81, "text") + frame_with(0x02, "in ") + frame_with(0x89, "ping") +
                            frame_with(0x00, "") + frame_with(0x00, "three ") + frame_with(0x80, "parts") +
                            frame_with(0x82, "") + frame_with(0x82, pattern(65'536));
  const std::vector<std::string> messages{"text", "in three parts", "", pattern(65'536)};
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, size_t{1000}, bytes.size()}) {
    WebsocketInput input(65'536);
    std::vector<std::string> heard;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      const std::string part = bytes.substr(at, piece);
      REQUIRE(input.feed({reinterpret_cast<const uint8_t*>(part.data()), part.size()}));
      for (const auto& message : input.take_messages()) heard.emplace_back(message.begin(), message.end());
    }
    CHECK(heard == messages);
    CHECK(input.has_pong());
  }
}

TEST_CASE(
    "websocket input: too long is 1009, fragments out of place are 1002; what came before is delivered") {
  struct Bad {
    std::string bytes;
    const char* close;
  };
  const std::vector<Bad> bad = {
      {frame_with(0x82, pattern(65'537)), "\x88\x02\x03\xf1"},
      {frame_with(0x02, pattern(65'536)) + frame_with(0x00, "x"), "\x88\x02\x03\xf1"},
      {frame_with(0x80, "continues nothing"), "\x88\x02\x03\xea"},
      {frame_with(0x02, "one") + frame_with(0x82, "another"), "\x88\x02\x03\xea"},
  };
  for (const Bad& one : bad) {
    Hearer rig{SinkOptions{}};
    Client* client = rig.add({.framing = Framing::kWebsocket, .wants_input = true});
    rig.settle();
    rig.io.peer_say(rig.fd_of(client), frame_with(0x82, "good") + one.bytes + frame_with(0x82, "never"));
    rig.settle();
    rig.acknowledge(client);
    CHECK(rig.heard == std::vector<std::string>{"good"});
    CHECK(rig.received(client) == one.close);
    rig.io.peer_fin(rig.fd_of(client));
    rig.settle();
    CHECK(rig.reason_of(client) == Reason::kClosed);
  }
}

TEST_CASE("websocket: what was fed before it was added counts: messages, a ping, a close") {
  Rig rig{SinkOptions{}};
  Client* client = rig.reserve({.framing = Framing::kWebsocket, .wants_input = true});
  client->websocket = std::make_unique<WebsocketInput>(ClientInput::kMost);
  const std::string early = frame_with(0x82, "early") + frame_with(0x88, "\x03\xe9");
  client->websocket->feed({reinterpret_cast<const uint8_t*>(early.data()), early.size()});
  rig.shard->add(client, rig.now);
  rig.settle();
  CHECK(rig.heard == std::vector<std::string>{"early"});
  CHECK(rig.received(client) == "\x88\x02\x03\xe9");
}
