// Scenarios of one shard with exact expectations: who is sent what, and when.
#include <doctest/doctest.h>

#include <cerrno>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

SinkOptions burst(uint64_t bytes) {
  SinkOptions options;
  options.start.method = SyncMethod::kBurst;
  options.start.min = {Unit::kBytes, bytes};
  return options;
}

}  // namespace

TEST_CASE("latest: a newcomer starts with the next frame") {
  Rig rig{SinkOptions{}};
  rig.append("before");
  Client* client = rig.add();
  rig.settle();
  CHECK(rig.received(client).empty());
  CHECK(rig.shard->timeline().empty());
  rig.append("after");
  rig.settle();
  CHECK(rig.received(client) == "after");
  CHECK(rig.fd(client).tuned == 1);
}

TEST_CASE(
    "burst: the newest frames that reach the minimum, the oldest kept when they do not, the newest for 0") {
  for (const auto& sample : {std::pair<uint64_t, const char*>{0, "dddd"},
                             {4, "dddd"},
                             {5, "ccdddd"},
                             {6, "ccdddd"},
                             {7, "bbbccdddd"},
                             {10, "abbbccdddd"},
                             {11, "abbbccdddd"}}) {
    const auto& [minimum, expected] = sample;
    Rig rig(burst(minimum));
    Client* first = rig.add();
    rig.settle();
    for (const char* frame : {"a", "bbb", "cc", "dddd"}) rig.append(frame);
    rig.settle();
    CHECK(rig.received(first) == "abbbccdddd");  // was here: no burst
    CHECK(rig.received(rig.add()).empty());
    Client* late = rig.add();
    rig.settle();
    CHECK_MESSAGE(rig.received(late) == expected, "minimum " << sample.first);
    rig.append("e");
    rig.settle();
    CHECK(rig.received(late) == std::string(expected) + "e");
  }
}

TEST_CASE("burst: an empty timeline is latest") {
  Rig rig(burst(1000));
  Client* client = rig.add();
  rig.append("x");
  rig.settle();
  CHECK(rig.received(client) == "x");
}

TEST_CASE("burst: what a newcomer may need is kept, and no more") {
  Rig rig(burst(250));
  for (int i = 0; i < 100; ++i) {
    rig.append(pattern(100, i));
    rig.settle();
  }
  CHECK(rig.shard->timeline().size() == 3);
  Client* client = rig.add();
  rig.settle();
  CHECK(rig.received(client) == pattern(100, 97) + pattern(100, 98) + pattern(100, 99));
}

TEST_CASE("the head goes first and at once, with the burst behind it, whatever the flush interval") {
  SinkOptions options = burst(100);
  options.flush_interval = 200 * kMillisecond;
  Rig rig(options);
  rig.append(pattern(100));
  Client* client = rig.add({.prologue = "HTTP/1.1 200 OK\r\n\r\n"});
  rig.settle();
  CHECK(rig.received(client) == "HTTP/1.1 200 OK\r\n\r\n" + pattern(100));
  CHECK(rig.fd(client).writes == 1);
  // From here on it waits for its slot.
  rig.append("next");
  rig.settle();
  CHECK(rig.fd(client).writes == 1);
  rig.pass(200 * kMillisecond);
  CHECK(rig.fd(client).writes == 2);
  CHECK(rig.received(client).ends_with("next"));
}

TEST_CASE("a head in pieces: nothing of the stream overtakes it") {
  Rig rig{SinkOptions{}};
  const std::string head = pattern(1000, 5);
  Client* client = rig.add({.capacity = 300, .framing = Framing::kChunked, .prologue = head});
  rig.append("abc");
  for (int i = 0; i < 10; ++i) {
    rig.settle();
    rig.io.peer_read(rig.fd_of(client), 300);
  }
  CHECK(rig.received(client) == head + "3\r\nabc\r\n");
}

TEST_CASE("an empty frame is a frame, but nothing on the wire, chunked or not") {
  Rig rig{SinkOptions{}};
  Client* raw = rig.add();
  Client* chunked = rig.add({.framing = Framing::kChunked});
  rig.settle();
  rig.append("");
  rig.settle();
  CHECK(rig.io.counts.writes == 0);
  rig.append("a");
  rig.append("");
  rig.append("b");
  rig.settle();
  CHECK(rig.received(raw) == "ab");
  CHECK(rig.received(chunked) == "2\r\nab\r\n");
  CHECK(rig.shard->timeline().empty());
}

TEST_CASE("one client may take 256 KiB a turn; the others have their turn in between") {
  SinkOptions options = burst(kMiB);
  Rig rig(options);
  for (int i = 0; i < 16; ++i) rig.append(pattern(64 * kKiB, i));
  Client* greedy = rig.add({.capacity = 4 * kMiB});
  Client* other = rig.add({.capacity = 4 * kMiB});
  rig.turn();
  CHECK(rig.received(greedy).size() == 256 * kKiB);
  CHECK(rig.received(other).size() == 256 * kKiB);
  rig.settle();
  CHECK(rig.received(greedy).size() == kMiB);
  CHECK(rig.received(greedy) == rig.received(other));
}

TEST_CASE("what clients send is thrown away") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add();
  rig.settle();
  rig.io.peer_send(rig.fd_of(client), 30'000);
  rig.settle();
  CHECK(rig.fd(client).input == 0);
  CHECK(rig.removals.empty());
}

TEST_CASE("a descriptor the kernel will not watch: an error with its errno, and it is closed") {
  Rig rig{SinkOptions{}};
  rig.io.fail_watch = ENOMEM;
  rig.add();
  rig.settle();
  REQUIRE(rig.removals.size() == 1);
  CHECK(rig.removals[0].reason == Reason::kError);
  CHECK(rig.removals[0].error == ENOMEM);
  CHECK(rig.io.still_open() == 0);
}

TEST_CASE(
    "a write that fails out of nowhere: an error, told by a reset and not by the FIN of a body that is "
    "complete") {
  Rig rig{SinkOptions{}};
  Client* client = rig.add();
  Client* other = rig.add();
  const int fd = rig.fd_of(client);
  rig.fd(client).fails = ENOBUFS;
  rig.append(pattern(1000));
  rig.settle();
  REQUIRE(rig.removals.size() == 1);
  CHECK(rig.removals[0].reason == Reason::kError);
  CHECK(rig.removals[0].error == ENOBUFS);
  CHECK(rig.io.at(fd).was_reset);
  CHECK(rig.received(other) == pattern(1000));
}

TEST_CASE("a full disk: what fitted is kept, then ENOSPC is reported, at once") {
  // A file is never announced as writable again: a short write must not wait for that.
  SinkOptions options;
  Rig rig(options);
  Client* client = rig.add({FdKind::kFile});
  rig.fd(client).disk_left = 700;
  rig.append(pattern(1000));
  rig.settle();
  CHECK(rig.received(client) == pattern(1000).substr(0, 700));
  REQUIRE(rig.removals.size() == 1);
  CHECK(rig.removals[0].reason == Reason::kError);
  CHECK(rig.removals[0].error == ENOSPC);
  CHECK(rig.io.still_open() == 0);
}

TEST_CASE("memory cap: no more clients go than are needed to come under it") {
  // What is over the cap here is mostly response heads that wait in front of one small frame.
  SinkOptions options;
  options.memory_cap = 10'000;
  Rig rig(options);
  const std::string head = pattern(900);
  std::vector<Client*> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(rig.add({.capacity = 10, .prologue = head}));
  rig.append(pattern(100));
  rig.settle();
  // 12 · 900 + one frame > 10,000; two heads less is enough.
  CHECK(rig.removals.size() == 2);
  for (const Removal& removal : rig.removals) CHECK(removal.reason == Reason::kSlow);
  CHECK(rig.shard->bytes_held() <= options.memory_cap);
}
