// WebSocket framing (RFC 6455): what clients are sent, and what their pings and closes bring about.
#include <doctest/doctest.h>

#include "core/wire/websocket_input.h"
#include "core/wire/wrap.h"
#include "test/rig.h"
#include "test/talker.h"

using namespace flumen;
using namespace flumen::test;

namespace {

std::string text(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

bool feed(WebsocketInput& input, std::string_view bytes) {
  return input.feed({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

std::string head_of(size_t size) {
  const Wrap wrap = wrap_for(size, Framing::kWebsocket);
  CHECK(wrap.tail_size == 0);
  return {wrap.head.data(), wrap.head_size};
}

}  // namespace

TEST_CASE("websocket: lengths in 7, 16 and 64 bits") {
  CHECK(head_of(0).empty());
  CHECK(head_of(1) == std::string("\x82\x01", 2));
  CHECK(head_of(125) == std::string("\x82\x7d", 2));
  CHECK(head_of(126) == std::string("\x82\x7e\x00\x7e", 4));
  CHECK(head_of(65'535) == std::string("\x82\x7e\xff\xff", 4));
  CHECK(head_of(65'536) == std::string("\x82\x7f\0\0\0\0\0\1\0\0", 10));
}

TEST_CASE("websocket: pings and closes are found at any cut of bytes") {
  const std::string bytes = client_frame(2, std::string(300, 'd')) + client_frame(9, "first") +
                            client_frame(1, "") + client_frame(9, "") + client_frame(9, "newest") +
                            client_frame(8,
                                         "\x03\xe9"
                                         "bye");
  for (size_t piece = 1; piece < bytes.size(); ++piece) {
    WebsocketInput input;
    for (size_t at = 0; at < bytes.size(); at += piece)
      CHECK(feed(input, std::string_view(bytes).substr(at, piece)));
    CHECK(text(input.take_pong()) == "\x8a\x06newest");
    CHECK_FALSE(input.has_pong());
    CHECK(input.closing());
    CHECK(text(input.close_frame()) == "\x88\x02\x03\xe9");
  }
}

TEST_CASE("websocket: what breaks the protocol is closed with 1002") {
  const std::string long_ping = client_frame(9, std::string(126, 'x'));
  const std::string fragment_of_ping = std::string("\x09\x80", 2);
  for (const std::string& bad : {std::string("\x82\x01x"), std::string("\xc2\x80", 2),
                                 std::string("\x83\x80", 2), std::string("\x8b\x80", 2), long_ping,
                                 fragment_of_ping, std::string("\x82\xff\xff\0\0\0\0\0\0\0mask", 14)}) {
    WebsocketInput input;
    CHECK_FALSE(feed(input, bad));
    CHECK(input.closing());
    CHECK(text(input.close_frame()) == "\x88\x02\x03\xea");
  }
}

TEST_CASE("websocket: a client that waits for a key frame may say goodbye, however many frames have passed") {
  SinkOptions options;
  options.start.method = SyncMethod::kNextKeyframe;
  Rig rig(options);
  Client* client = rig.add({.framing = Framing::kWebsocket});
  rig.settle();
  FrameInfo delta;
  delta.flags = FrameFlags::kDelta;
  for (int i = 0; i < 3; ++i) {
    rig.append("x", delta);
    rig.settle();
  }
  rig.io.peer_say(rig.fd_of(client), client_frame(8, "\x03\xe9"));
  rig.io.peer_fin(rig.fd_of(client));
  rig.settle();
  CHECK(rig.received(client) == "\x88\x02\x03\xe9");
  CHECK(rig.reason_of(client) == Reason::kClosed);
}

TEST_CASE("websocket: messages are frames; a pong goes between them, a close comes behind the one begun") {
  Rig rig({});
  Client* client = rig.add({.capacity = 5, .framing = Framing::kWebsocket});
  Client* other = rig.add({.framing = Framing::kWebsocket});
  rig.settle();
  rig.append("abcdefgh");
  rig.settle();
  CHECK(rig.received(client) ==
        "\x82\x08"
        "abc");
  const auto read = [&] {
    for (int i = 0; i < 10; ++i) {
      rig.io.peer_read(rig.fd_of(client), 5);
      rig.settle();
    }
  };
  client->websocket->feed({reinterpret_cast<const uint8_t*>(client_frame(9, "hi").data()), 8});
  read();
  // Behind the frame begun, and without waiting for another.
  CHECK(rig.received(client) ==
        "\x82\x08"
        "abcdefgh"
        "\x8a\x02hi");
  rig.append("z");
  rig.settle();
  read();
  CHECK(rig.received(client) ==
        "\x82\x08"
        "abcdefgh"
        "\x8a\x02hi"
        "\x82\x01z");
  rig.shard->end();
  rig.settle();
  CHECK(rig.received(other) ==
        "\x82\x08"
        "abcdefgh"
        "\x82\x01z"
        "\x88\x02\x03\xe8");
}

TEST_CASE("websocket: a close from a client that waits for a key frame, long after the frame it came at") {
  SinkOptions options;
  options.start.method = SyncMethod::kNextKeyframe;
  Rig rig(options);
  Client* client = rig.add({.framing = Framing::kWebsocket});
  rig.settle();
  for (int i = 0; i < 5; ++i) {
    rig.append("delta", {.flags = FrameFlags::kDelta});
    rig.settle();
  }
  CHECK(rig.shard->timeline().tail() == 5);
  rig.io.peer_say(rig.fd_of(client), client_frame(8, ""));
  rig.settle();
  CHECK(rig.received(client) == "\x88\x02\x03\xe8");
  CHECK(client->state == ClientState::kLingering);
  CHECK(client->stop_reason == Reason::kClosed);
}

TEST_CASE("websocket: a ping behind more than is read in one go is answered without another event") {
  Rig rig({});
  Client* client = rig.add({.framing = Framing::kWebsocket});
  rig.settle();
  const std::string message = client_frame(2, std::string(300'000, 'm'));
  rig.io.peer_say(rig.fd_of(client), message + client_frame(9, "hi"));
  rig.settle();
  CHECK(rig.fd(client).input == 0);
  CHECK(rig.received(client) == "\x8a\x02hi");
}
