// The life of single clients over real threads and sockets: what they send, and deadlines that are moved
// while they are served.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "test/live.h"
#include "test/rig.h"
#include "test/sockets.h"

using namespace flumen;
using namespace flumen::test;

namespace {

/// Says all of `text` and that it was all.
std::thread talker(int fd, std::string text) {
  return std::thread([fd, text = std::move(text)] {
    for (size_t at = 0; at < text.size();) {
      const ssize_t sent =
          send(fd, text.data() + at, std::min<size_t>(text.size() - at, 40'000), MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<size_t>(sent);
    }
    shutdown(fd, SHUT_WR);
  });
}

}  // namespace

TEST_CASE("loops: clients are heard, each in order and to its end, while they are served") {
  constexpr int kClients = 12;
  constexpr uint64_t kFrames = 300;
  LiveEnv env(2);
  LiveSink& sink = env.open_sink({});
  std::vector<std::thread> talkers;
  std::vector<std::string> said;
  Readers readers;
  for (int i = 0; i < kClients; ++i) {
    Pair pair = i % 2 == 0 ? tcp_pair() : unix_pair();
    said.push_back(pattern(static_cast<size_t>(i) * 150'000, static_cast<uint64_t>(i)));
    ClientOptions options;
    options.wants_input = true;
    Result<Client*> added = sink.add(pair.ours, "", std::move(options));
    REQUIRE(added.ok());
    env.keys[added.value()] = i;
    talkers.push_back(talker(pair.theirs, said.back()));
    readers.add(pair.take_theirs());
  }
  for (uint64_t seq = 0; seq < kFrames; ++seq) {
    push(sink, numbered_frame(seq));
    if (seq % 50 == 0) env.ring();
    if (seq % 50 == 0) REQUIRE(env.drain());
  }
  env.drain_until([&] { return env.left.size() == kClients; });
  for (std::thread& thread : talkers) thread.join();
  readers.finish();
  for (int i = 0; i < kClients; ++i) {
    CHECK(env.heard[i] == said[static_cast<size_t>(i)]);
    CHECK(env.left[i] == Reason::kClosed);
    uint64_t first = 0;
    uint64_t next = 0;
    CHECK(check_frames(readers.bytes(i), false, first, next) == "");
  }
  sink.close();
  env.drain_until([&] { return env.sinks_finished == 1; });
  CHECK(env.ledger.open_fds == 0);
}

TEST_CASE(
    "loops: deadlines that are moved while frames fly: no client gets a torn frame, each leaves as timeout") {
  constexpr int kClients = 20;
  LiveEnv env(2);
  SinkOptions unlimited;
  unlimited.lag.hard = {};
  LiveSink& sink = env.open_sink(unlimited);
  std::vector<Client*> clients;
  Readers readers;
  for (int i = 0; i < kClients; ++i) {
    Pair pair = tcp_pair();
    ClientOptions options;
    if (i % 2 == 0) options.deadline = monotonic_now() + kSecond * 1000;
    Result<Client*> added = sink.add(pair.ours, "", std::move(options));
    REQUIRE(added.ok());
    env.keys[added.value()] = i;
    clients.push_back(added.value());
    readers.add(pair.take_theirs());
  }
  for (uint64_t seq = 0; env.left.size() < kClients; ++seq) {
    push(sink, numbered_frame(seq));
    if (seq < kClients)
      sink.set_deadline(clients[seq], monotonic_now() + static_cast<Nanos>(seq) * kMillisecond);
    if (seq % 10 == 0) env.ring();
    if (seq % 10 == 0) REQUIRE(env.drain());
  }
  readers.finish();
  for (int i = 0; i < kClients; ++i) {
    CHECK(env.left[i] == Reason::kTimeout);
    uint64_t first = 0;
    uint64_t next = 0;
    CHECK(check_frames(readers.bytes(i), false, first, next) == "");
  }
  sink.close();
  env.drain_until([&] { return env.sinks_finished == 1; });
}
