// Clients whose time is over: deadlines and idle timeouts, and what they still get.
#include <doctest/doctest.h>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

// An activity is known to the step of its tick.
constexpr Nanos kTick = Nanos{1} << 20;

SinkOptions idle(Nanos timeout) {
  SinkOptions options;
  options.idle_timeout = timeout;
  return options;
}

}  // namespace

TEST_CASE(
    "deadline: nothing newer is sent from then on; the wire says its last word, and the peer is waited for") {
  Rig rig{SinkOptions{}};
  Client* chunked = rig.add({.framing = Framing::kChunked, .deadline = rig.now + kSecond});
  Client* messages = rig.add({.framing = Framing::kWebsocket, .deadline = rig.now + kSecond});
  Client* stays = rig.add();
  rig.append("abc");
  rig.pass(kSecond - 1);
  CHECK(rig.shard->deadline() == rig.now + 1);
  CHECK_FALSE(rig.fd(chunked).our_fin);
  rig.append("in");
  rig.pass(1);
  rig.append("late");
  rig.settle();
  CHECK(rig.received(chunked) == "3\r\nabc\r\n2\r\nin\r\n0\r\n\r\n");
  CHECK(rig.received(messages) == std::string("\x82\x03"
                                              "abc\x82\x02in\x88\x02\x03\xe8"));
  CHECK(rig.received(stays) == "abcinlate");
  CHECK(rig.fd(chunked).our_fin);
  CHECK(rig.removals.empty());
  rig.io.peer_fin(rig.fd_of(chunked));
  rig.settle();
  CHECK(rig.reason_of(chunked) == Reason::kTimeout);
  CHECK_FALSE(rig.fd(chunked).was_reset);
  rig.pass(2 * kSecond);
  CHECK(rig.reason_of(messages) == Reason::kTimeout);
  CHECK(rig.reason_of(stays) == Reason::kNone);
  CHECK(rig.shard->deadline() == kNever);
}

TEST_CASE("deadline: a frame that waits for its turn at that moment is not for it any more") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add({.deadline = rig.now + kSecond});
  rig.settle();
  rig.now += kSecond;
  rig.append("late");
  rig.settle();
  CHECK(rig.received(client).empty());
  CHECK(rig.fd(client).our_fin);
}

TEST_CASE("deadline: the chunk begun is completed, and nothing behind it, when the peer reads in time") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add({.capacity = 30, .framing = Framing::kChunked, .deadline = rig.now + kSecond});
  rig.append(pattern(100, 1));
  rig.append(pattern(100, 2));
  rig.settle();
  rig.append(pattern(100, 3));
  rig.pass(kSecond);
  CHECK(client->state == ClientState::kBlocked);
  for (int i = 0; i < 10; ++i) {
    rig.io.peer_read(rig.fd_of(client), 30);
    rig.pass(100 * kMillisecond);
  }
  CHECK(rig.received(client) == "c8\r\n" + pattern(100, 1) + pattern(100, 2) + "\r\n0\r\n\r\n");
  rig.io.peer_fin(rig.fd_of(client));
  rig.settle();
  CHECK(rig.reason_of(client) == Reason::kTimeout);
  CHECK_FALSE(rig.fd(client).was_reset);
}

TEST_CASE("deadline: who does not take the rest of it within closeTimeout is reset") {
  SinkOptions options;
  SUBCASE("two seconds") { options.close_timeout = 2 * kSecond; }
  SUBCASE("none at all") { options.close_timeout = 0; }
  Rig rig(options);
  Client* client = rig.add({.capacity = 30, .deadline = rig.now + kSecond});
  Client* pipe = rig.add({.kind = FdKind::kPipe, .capacity = 30, .deadline = rig.now + kSecond});
  rig.append(pattern(100));
  rig.pass(kSecond + options.close_timeout - 1);
  CHECK(rig.removals.empty());
  rig.pass(2);
  CHECK(rig.reason_of(client) == Reason::kTimeout);
  CHECK(rig.fd(client).was_reset);
  CHECK(rig.reason_of(pipe) == Reason::kTimeout);
  CHECK(rig.shard->deadline() == kNever);
}

TEST_CASE("deadline: over before it came, it gets its head and the end of the body, no frame") {
  SinkOptions options;
  options.start = {SyncMethod::kBurst, {Unit::kFrames, 1}, {}};
  Rig rig(options);
  rig.append("old");
  rig.settle();
  Client* client =
      rig.add({.framing = Framing::kChunked, .prologue = "head|", .deadline = rig.now - kSecond});
  Client* file = rig.add({.kind = FdKind::kFile, .deadline = 0});
  rig.settle();
  CHECK(rig.received(client) == "head|0\r\n\r\n");
  CHECK(rig.received(file).empty());
  CHECK(rig.reason_of(file) == Reason::kTimeout);
}

TEST_CASE("deadline: set, extended, lifted; too late for one that is going") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add({.deadline = rig.now + kSecond});
  Client* plain = rig.add();
  rig.settle();
  rig.shard->set_deadline(client, rig.now + 3 * kSecond, rig.now);
  rig.shard->set_deadline(plain, rig.now + 2 * kSecond, rig.now);
  rig.pass(2 * kSecond - 1);
  CHECK_FALSE(rig.fd(plain).our_fin);
  rig.pass(1);
  CHECK(rig.fd(plain).our_fin);
  rig.shard->set_deadline(client, kNever, rig.now);
  rig.shard->set_deadline(plain, kNever, rig.now);
  rig.pass(10 * kSecond);
  CHECK(rig.reason_of(plain) == Reason::kTimeout);
  CHECK_FALSE(rig.fd(client).our_fin);
  rig.shard->set_deadline(client, rig.now, rig.now);
  rig.settle();
  CHECK(rig.fd(client).our_fin);
  rig.io.peer_fin(rig.fd_of(client));
  rig.settle();
  CHECK(rig.reason_of(client) == Reason::kTimeout);
  rig.shard->set_deadline(client, rig.now + 1, rig.now);  // gone
  CHECK(rig.shard->deadline() == kNever);
}

TEST_CASE("deadline: beats an end that is further off, and waits for none that is not") {
  Rig rig{SinkOptions{}};
  Client* flushed = rig.add({.capacity = 30, .deadline = rig.now + kSecond});
  Client* nearly = rig.add({.capacity = 30, .deadline = rig.now + kSecond});
  rig.append(pattern(40, 1));
  rig.settle();
  rig.shard->remove(nearly, rig.now, true);
  rig.append(pattern(40, 2));
  rig.settle();
  rig.shard->remove(flushed, rig.now, true);
  rig.pass(kSecond);
  for (Client* client : {flushed, nearly}) {
    rig.io.peer_read(rig.fd_of(client), 30);
    rig.settle();
    CHECK(rig.received(client) == pattern(40, 1));
    rig.io.peer_fin(rig.fd_of(client));
  }
  rig.settle();
  CHECK(rig.reason_of(flushed) == Reason::kTimeout);
  CHECK(rig.reason_of(nearly) == Reason::kRemoved);
}

TEST_CASE("deadline of a client that waits for a key frame: it goes without a frame") {
  SinkOptions options;
  options.start.method = SyncMethod::kNextKeyframe;
  Rig rig(options);
  Client* client = rig.add({.kind = FdKind::kPipe, .deadline = rig.now + kSecond});
  rig.pass(kSecond);
  CHECK(rig.reason_of(client) == Reason::kTimeout);
  CHECK(rig.removals[0].at == rig.now);
}

TEST_CASE("idle timeout: counted from add and from every byte taken, whether or not something waits") {
  Rig rig(idle(kSecond));
  Client* silent = rig.add({.kind = FdKind::kPipe});
  rig.pass(kSecond - 1);
  CHECK(rig.removals.empty());
  rig.pass(kTick + 1);
  CHECK(rig.reason_of(silent) == Reason::kTimeout);

  Client* served = rig.add({.kind = FdKind::kPipe});
  for (int i = 0; i < 5; ++i) {
    rig.pass(900 * kMillisecond);
    rig.append("x");
    rig.settle();
  }
  CHECK(rig.reason_of(served) == Reason::kNone);
  const Nanos last = rig.now;
  rig.pass(5 * kSecond);
  CHECK(rig.reason_of(served) == Reason::kTimeout);
  CHECK(rig.removals[1].at >= last + kSecond);
  CHECK(rig.removals[1].at <= last + kSecond + kTick);
}

TEST_CASE(
    "idle timeout: what the client sends is no activity; a blocked one is reset, another gets its last "
    "word") {
  SinkOptions options = idle(kSecond);
  options.stall_timeout = 0;
  Rig rig(options);
  Client* stuck = rig.add({.capacity = 30});
  Client* silent = rig.add({.framing = Framing::kChunked});
  rig.append(pattern(100));
  for (int i = 0; i < 12; ++i) {
    rig.pass(100 * kMillisecond);
    rig.io.peer_send(rig.fd_of(silent), 100);
    rig.io.peer_send(rig.fd_of(stuck), 100);
  }
  CHECK(rig.reason_of(stuck) == Reason::kTimeout);
  CHECK(rig.fd(stuck).was_reset);
  CHECK(rig.received(silent) == "64\r\n" + pattern(100) + "\r\n0\r\n\r\n");
  rig.io.peer_fin(rig.fd_of(silent));
  rig.settle();
  CHECK(rig.reason_of(silent) == Reason::kTimeout);
}

TEST_CASE("idle timeout beside a deadline: whichever comes first, each alone") {
  Rig rig(idle(kSecond));
  Client* first = rig.add({.kind = FdKind::kPipe, .deadline = rig.now + 500 * kMillisecond});
  Client* second = rig.add({.kind = FdKind::kPipe, .deadline = rig.now + 5 * kSecond});
  rig.pass(500 * kMillisecond);
  CHECK(rig.reason_of(first) == Reason::kTimeout);
  rig.pass(501 * kMillisecond + kTick);
  CHECK(rig.reason_of(second) == Reason::kTimeout);
}

TEST_CASE("time costs nothing where nobody asked for it, and one entry a client where somebody did") {
  Rig rig{SinkOptions{}};
  rig.add();
  rig.settle();
  CHECK(rig.shard->deadline() == kNever);
  Rig timed(idle(kSecond));
  for (int i = 0; i < 1000; ++i) timed.add({.kind = FdKind::kPipe});
  timed.settle();
  const uint64_t turns = timed.turns;
  for (int i = 0; i < 9; ++i) {
    timed.pass(100 * kMillisecond);
    timed.append("x");
    timed.settle();
  }
  // A turn a frame, and not one for a timer: sends do not move them.
  CHECK(timed.turns - turns <= 9 * 2);
  timed.pass(5 * kSecond);
  CHECK(timed.removals.size() == 1000);
}

TEST_CASE(
    "a terminal that takes nothing is tried again after 1, 2, 4 … 50 ms, and the loop is free meanwhile") {
  SinkOptions options;
  options.stall_timeout = 10 * kSecond;
  Rig rig(options);
  Client* busy = rig.add({.kind = FdKind::kFile});
  Client* other = rig.add({.kind = FdKind::kFile});
  rig.settle();
  rig.fd(busy).busy = true;
  const Nanos start = rig.now;
  std::vector<Nanos> tries;
  rig.io.on_write = [&](int fd, std::span<const iovec>, int64_t) {
    if (fd == rig.fd_of(busy)) tries.push_back((rig.now - start) / kMillisecond);
  };
  rig.append("abc");
  rig.pass(300 * kMillisecond);
  CHECK(tries == std::vector<Nanos>{0, 1, 2, 4, 8, 16, 32, 64, 114, 164, 214, 264});
  rig.append("def");
  rig.settle();
  CHECK(rig.received(other) == "abcdef");
  rig.fd(busy).busy = false;
  rig.pass(50 * kMillisecond);
  CHECK(rig.received(busy) == "abcdef");
  CHECK(rig.shard->deadline() == kNever);
}
