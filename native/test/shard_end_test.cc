// How clients leave: reasons, last bytes, FINs and resets.
#include <doctest/doctest.h>

#include <cerrno>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

TEST_CASE("FIN: the client gets what is pending, then it is closed; frames that come later are not for it") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add({.capacity = 300});
  rig.settle();
  rig.append(pattern(1000, 1));
  rig.settle();
  rig.io.peer_fin(rig.fd_of(client));
  rig.settle();
  rig.append(pattern(1000, 2));
  CHECK(rig.removals.empty());
  for (int i = 0; i < 10; ++i) {
    rig.io.peer_read(rig.fd_of(client), 300);
    rig.settle();
  }
  CHECK(rig.received(client) == pattern(1000, 1));
  CHECK(rig.reason_of(client) == Reason::kClosed);
  CHECK_FALSE(rig.fd(client).was_reset);
  CHECK_FALSE(rig.fd(client).open);
}

TEST_CASE("FIN of a client that waits for its slot: what is pending goes out at once") {
  SinkOptions options;
  options.flush_interval = 200 * kMillisecond;
  Rig rig(options);
  Client* client = rig.add({.framing = Framing::kChunked});
  rig.settle();
  rig.append("abc");
  rig.settle();
  CHECK(rig.received(client).empty());
  rig.io.peer_fin(rig.fd_of(client));
  rig.settle();
  CHECK(rig.received(client) == "3\r\nabc\r\n");  // closed is no end: no last chunk
  CHECK(rig.reason_of(client) == Reason::kClosed);
}

TEST_CASE("reset and broken pipe are closed, found by reading or by writing") {
  Rig rig{SinkOptions{}};
  Client* idle = rig.add();
  Client* pipe = rig.add({.kind = FdKind::kPipe});
  Client* gone = rig.add();
  rig.settle();
  rig.io.peer_reset(rig.fd_of(idle));
  rig.io.peer_close(rig.fd_of(pipe));
  rig.settle();
  CHECK(rig.reason_of(idle) == Reason::kClosed);
  CHECK(rig.reason_of(pipe) == Reason::kClosed);
  // Written to before the loop has seen the event.
  rig.io.peer_reset(rig.fd_of(gone));
  rig.append("x");
  rig.shard->tick(rig.now);
  CHECK(rig.reason_of(gone) == Reason::kClosed);
  rig.settle();
  CHECK(rig.removals.size() == 3);
  CHECK(rig.io.still_open() == 0);
  CHECK(rig.io.violations.empty());
}

TEST_CASE("end(): the rest, the last chunk where there is one, FIN, and the peer's FIN is waited for") {
  SinkOptions options;
  options.flush_interval = 200 * kMillisecond;
  Rig rig(options);
  Client* chunked = rig.add({.framing = Framing::kChunked});
  Client* raw = rig.add();
  Client* pipe = rig.add({.kind = FdKind::kPipe});
  Client* file = rig.add({.kind = FdKind::kFile});
  rig.settle();
  rig.append("abc");
  rig.shard->end();
  rig.settle();
  CHECK(rig.received(chunked) == "3\r\nabc\r\n0\r\n\r\n");
  CHECK(rig.received(raw) == "abc");
  CHECK(rig.received(pipe) == "abc");
  CHECK(rig.received(file) == "abc");
  CHECK(rig.reason_of(pipe) == Reason::kEnded);
  CHECK(rig.reason_of(file) == Reason::kEnded);
  CHECK(rig.reason_of(raw) == Reason::kNone);
  CHECK(rig.fd(raw).our_fin);
  CHECK(rig.finished == 0);
  rig.io.peer_fin(rig.fd_of(raw));
  rig.settle();
  CHECK(rig.reason_of(raw) == Reason::kEnded);
  CHECK_FALSE(rig.fd(raw).was_reset);
  // The other never answers: it is reset after closeTimeout, and has ended all the same.
  rig.pass(options.close_timeout - 1);
  CHECK(rig.reason_of(chunked) == Reason::kNone);
  rig.pass(1);
  CHECK(rig.reason_of(chunked) == Reason::kEnded);
  CHECK(rig.fd(chunked).was_reset);
  CHECK(rig.finished == 1);
  rig.shard->end();
  rig.settle();
  CHECK(rig.finished == 1);
}

TEST_CASE("end(): a client in the middle of a frame gets all of it and the last chunk behind it") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add({.capacity = 30, .framing = Framing::kChunked});
  rig.settle();
  rig.append(pattern(100));
  rig.settle();
  rig.shard->end();
  for (int i = 0; i < 10; ++i) {
    rig.settle();
    rig.io.peer_read(rig.fd_of(client), 30);
  }
  CHECK(rig.received(client) == "64\r\n" + pattern(100) + "\r\n0\r\n\r\n");
  CHECK(rig.fd(client).our_fin);
}

TEST_CASE("end(): who sent its FIN before is closed, who comes after is ended and gets nothing") {
  Rig rig{SinkOptions{}};
  Client* half = rig.add({.capacity = 10, .framing = Framing::kChunked});
  rig.settle();
  rig.append(pattern(20));
  rig.settle();
  rig.io.peer_fin(rig.fd_of(half));
  rig.settle();
  rig.shard->end();
  Client* late = rig.add({.prologue = "head"});
  CHECK(rig.reason_of(late) == Reason::kEnded);
  for (int i = 0; i < 10; ++i) {
    rig.settle();
    rig.io.peer_read(rig.fd_of(half), 10);
  }
  CHECK(rig.received(half) == "14\r\n" + pattern(20) + "\r\n");
  CHECK(rig.reason_of(half) == Reason::kClosed);
  CHECK(rig.received(late).empty());
  CHECK(rig.finished == 1);
  CHECK(rig.ledger.open_fds == 0);
}

TEST_CASE("end() without anybody finishes in the next turn") {
  Rig rig{SinkOptions{}};
  rig.shard->end();
  CHECK(rig.shard->deadline() == 0);
  rig.settle();
  CHECK(rig.finished == 1);
  CHECK(rig.shard->deadline() == kNever);
}

TEST_CASE("close(): whoever is not through by closeTimeout is removed and reset") {
  SinkOptions options;
  Rig rig(options);
  Client* quick = rig.add();
  Client* stuck = rig.add({.capacity = 10});
  Client* pipe = rig.add({.kind = FdKind::kPipe, .capacity = 10});
  rig.settle();
  rig.append(pattern(100));
  rig.settle();
  rig.shard->close(rig.now);
  rig.io.peer_fin(rig.fd_of(quick));
  rig.settle();
  CHECK(rig.received(quick) == pattern(100));
  // Its FIN came before the end was through: what it was promised it has.
  CHECK(rig.reason_of(quick) == Reason::kEnded);
  rig.pass(options.close_timeout - 1);
  CHECK(rig.reason_of(stuck) == Reason::kNone);
  rig.pass(1);
  CHECK(rig.reason_of(stuck) == Reason::kRemoved);
  CHECK(rig.fd(stuck).was_reset);
  CHECK(rig.reason_of(pipe) == Reason::kRemoved);
  CHECK_FALSE(rig.fd(pipe).was_reset);
  CHECK(rig.finished == 1);
}

TEST_CASE("close() after end() sets the time limit, a second close() does not move it") {
  SinkOptions options;
  Rig rig(options);
  Client* stuck = rig.add({.capacity = 10});
  rig.settle();
  rig.append(pattern(100));
  rig.shard->end();
  rig.pass(10 * kSecond);
  CHECK(rig.removals.empty());
  rig.shard->close(rig.now);
  rig.pass(kSecond);
  rig.shard->close(rig.now);
  rig.pass(kSecond);
  CHECK(rig.reason_of(stuck) == Reason::kRemoved);
  CHECK(rig.finished == 1);
}

TEST_CASE("remove: at once, also in the middle of a frame; a remove that comes too late does nothing") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add({.capacity = 10});
  rig.settle();
  rig.append(pattern(100));
  rig.settle();
  rig.shard->remove(client, rig.now);
  CHECK(rig.reason_of(client) == Reason::kRemoved);
  rig.shard->remove(client, rig.now);
  rig.shard->on_event(client, {0, true, true, true, true}, rig.now);
  rig.settle();
  CHECK(rig.removals.size() == 1);
  CHECK(rig.io.counts.closes == 1);
  CHECK_FALSE(rig.fd(client).was_reset);
  CHECK(rig.io.violations.empty());
}

TEST_CASE("clear: everybody goes, wherever they hang, and the shard goes on") {
  SinkOptions options;
  options.flush_interval = 200 * kMillisecond;
  Rig rig(options);
  rig.add();                  // caught up
  rig.add({.capacity = 10});  // blocked, below
  rig.settle();
  rig.append(pattern(20'000));  // over 16 KiB: at once
  rig.settle();
  rig.add({.prologue = "x"});  // ready
  rig.shard->clear(rig.now);
  CHECK(rig.removals.size() == 3);
  for (const Removal& removal : rig.removals) CHECK(removal.reason == Reason::kRemoved);
  rig.settle();
  CHECK(rig.io.still_open() == 0);
  CHECK(rig.shard->timeline().empty());
  Client* next = rig.add();
  rig.settle();
  rig.append("on");
  rig.pass(200 * kMillisecond);
  CHECK(rig.received(next) == "on");
  CHECK(rig.finished == 0);
}

TEST_CASE("abandon: every descriptor is closed, nobody is told") {
  Rig rig{SinkOptions{}};
  Client* removed = rig.add();
  rig.add({.capacity = 10});
  rig.add({.kind = FdKind::kFile});
  rig.settle();
  rig.append(pattern(100));
  rig.settle();
  rig.add({.prologue = "x"});
  rig.shard->remove(removed, rig.now);  // its close still waits
  rig.shard->abandon();
  CHECK(rig.removals.size() == 1);
  CHECK(rig.io.still_open() == 0);
  CHECK(rig.finished == 0);
}

TEST_CASE("a client's record is final when it is reported: bytes, times, reason") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add({.prologue = "head"});
  const Nanos added = rig.now;
  rig.settle();
  rig.append("frame");
  rig.settle();
  rig.pass(3 * kSecond);
  rig.shard->remove(client, rig.now);
  CHECK(client->bytes_sent == 9);
  CHECK(client->added_at == added);
  CHECK(client->removed_at == added + 3 * kSecond);
  CHECK(client->reason == Reason::kRemoved);
  CHECK(client->fd == -1);
  CHECK_FALSE(client->prologue);
}

TEST_CASE("end(): a peer that answers our FIN with a reset has had everything: ended") {
  Rig rig({});
  Client* client = rig.add();
  rig.settle();
  rig.append("abc");
  rig.shard->end();
  rig.settle();
  rig.io.peer_reset(rig.fd_of(client));
  rig.settle();
  CHECK(rig.received(client) == "abc");
  CHECK(rig.reason_of(client) == Reason::kEnded);
}

TEST_CASE("remove with flush ends the body: last chunk, WebSocket close; a plain remove says nothing") {
  Rig rig({});
  Client* chunked = rig.add({.framing = Framing::kChunked});
  Client* messages = rig.add({.framing = Framing::kWebsocket});
  Client* cut = rig.add({.framing = Framing::kChunked});
  rig.settle();
  rig.append("abc");
  for (Client* client : {chunked, messages}) rig.shard->remove(client, rig.now, true);
  rig.settle();
  rig.shard->remove(cut, rig.now);
  rig.append("late");
  rig.settle();
  CHECK(rig.received(chunked) == "3\r\nabc\r\n0\r\n\r\n");
  CHECK(rig.received(messages) ==
        "\x82\x03"
        "abc\x88\x02\x03\xe8");
  CHECK(rig.received(cut) == "3\r\nabc\r\n");
}

TEST_CASE("keep_half_closed: a client that has sent its FIN goes on listening, until it resets") {
  SinkOptions options;
  options.keep_half_closed = true;
  Rig rig(options);
  Client* client = rig.add();
  rig.settle();
  rig.io.peer_fin(rig.fd_of(client));
  rig.settle();
  rig.append("abc");
  rig.settle();
  CHECK(rig.received(client) == "abc");
  CHECK(rig.removals.empty());
  rig.io.peer_reset(rig.fd_of(client));
  rig.settle();
  CHECK(rig.reason_of(client) == Reason::kClosed);
}

TEST_CASE("who has left keeps nothing of the stream, also before its record is drained") {
  for (const Framing framing : {Framing::kRaw, Framing::kChunked, Framing::kWebsocket, Framing::kIcy}) {
    for (const bool gdp : {false, true}) {
      if (gdp && framing == Framing::kIcy) continue;
      CAPTURE(static_cast<int>(framing));
      CAPTURE(gdp);
      Rig rig({});
      constexpr std::array<uint8_t, 3> kHeaders{1, 2, 3};
      std::vector<int64_t> left;
      for (int round = 0; round < 3; ++round) {
        rig.state = StateRef(StreamState::create(rig.ledger, {copy_to_slice(rig.ledger, kHeaders)}, {}));
        Client* client = rig.add({.framing = framing, .gdp = gdp});
        rig.append("frame");
        rig.settle();
        rig.shard->remove(client, rig.now);
        rig.state = {};
        rig.append("behind");
        rig.settle();
        REQUIRE(rig.reason_of(client) == Reason::kRemoved);
        left.push_back(rig.ledger.live_blocks);
      }
      CHECK(left[1] == left[0]);
      CHECK(left[2] == left[0]);
    }
  }
}
