// The memory cap of a process with real loops: who pays, who does not, and that loops which sleep are woken.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/sink/shortage.h"
#include "test/live.h"
#include "test/rig.h"
#include "test/sockets.h"

using namespace flumen;
using namespace flumen::test;

namespace {

constexpr int64_t kCap = 4 * kMiB;

SinkOptions unlimited() {
  SinkOptions options;
  options.lag.hard = {};
  options.memory_cap = 1024 * kMiB;
  options.stall_timeout = 0;
  return options;
}

// One sink whose client nobody reads, among others that hold nothing, under the cap.
struct StuckClient {
  LiveEnv env{1};
  Pair peer = unix_pair();
  LiveSink* sink = nullptr;
  Client* client = nullptr;

  StuckClient() {
    env.pool.memory().set(kCap);
    for (int i = 0; i < 7; ++i) env.open_sink(unlimited());
    sink = &env.open_sink(unlimited());
    client = sink->add(peer.ours, "", {}).value();
    env.keys[client] = 0;
  }

  /// Returns when the loop has obeyed what it was told so far, and looked at its memory.
  void pass_a_turn() {
    CHECK(sink->ask_report(client, 0));
    CHECK(env.drain());
  }
};

}  // namespace

TEST_CASE("memory: who is within the fair share keeps all, the others give up in proportion") {
  const Shortage shortage{2000 * 64, 1000 * 64, 10};
  CHECK(shortage.share_of(90 * 64) == 98 * 64 + 28);  // 63/64 of the cap, by ten
  CHECK(shortage.share_of(1000 * 64) == 492 * 64 + 12);
  CHECK(shortage.share_of(150 * 64) == 98 * 64 + 28);
  CHECK(Shortage{10, 1000, 0}.share_of(5) >= 5);
}

TEST_CASE("memory: the hog pays for the cap of the process, a small sink that lags a little does not") {
  LiveEnv env(2);
  env.pool.memory().set(kCap);
  LiveSink& hog = env.open_sink(unlimited());
  LiveSink& small = env.open_sink(unlimited());
  std::vector<Pair> peers;
  for (int i = 0; i < 4; ++i) {
    peers.push_back(unix_pair());
    env.keys[(i < 2 ? hog : small).add(peers.back().ours, "", {}).value()] = i;
  }
  // Nobody reads: what the kernel does not take lies here.
  for (int i = 0; i < 8; ++i) push(small, pattern(50'000));
  for (int i = 0; i < 100 && env.left.size() < 2; ++i) {
    push(hog, pattern(100'000));
    if (env.ledger.live_bytes > kCap) env.drain_until([&] { return env.ledger.live_bytes <= kCap; });
  }
  env.drain_until([&] { return env.left.size() >= 2; });
  CHECK(env.left.size() == 2);
  CHECK(env.left[0] == Reason::kSlow);
  CHECK(env.left[1] == Reason::kSlow);
  // The small sink's loops have slept meanwhile; its clients get everything.
  small.end();
  for (int i = 2; i < 4; ++i) CHECK(read_all(peers[i].theirs).size() == 8 * 50'000);
  env.drain_until([&] { return env.left.size() == 4; });
  CHECK(env.left[2] == Reason::kEnded);
}

TEST_CASE("memory: a lower cap takes effect at once, without a push") {
  LiveEnv env(2);
  LiveSink& sink = env.open_sink(unlimited());
  Pair peer = unix_pair();
  env.keys[sink.add(peer.ours, "", {}).value()] = 0;
  for (int i = 0; i < 50; ++i) push(sink, pattern(100'000));
  while (sink.stats().bytes_held < 50 * 90'000) usleep(100);
  env.pool.memory().set(kMiB);
  env.drain_until([&] { return env.left.size() == 1; });
  CHECK(env.left[0] == Reason::kSlow);
  while (env.ledger.live_bytes > static_cast<int64_t>(kMiB)) usleep(100);
}

TEST_CASE("memory: what is kept for newcomers goes before any client does") {
  LiveEnv env(2);
  env.pool.memory().set(kCap);
  SinkOptions options = unlimited();
  options.keep.bytes = 16 * kMiB;
  LiveSink& sink = env.open_sink(options);
  Readers readers;
  {
    Pair peer = unix_pair();
    env.keys[sink.add(peer.ours, "", {}).value()] = 0;
    readers.add(peer.take_theirs());
  }
  for (int i = 0; i < 200; ++i) {
    push(sink, pattern(50'000));
    // The client takes it: nothing is held but what is kept. The loop for files may give up last.
    while (sink.stats().bytes_served < (static_cast<uint64_t>(i) + 1) * 50'000) usleep(50);
    while (env.ledger.live_bytes > kCap) usleep(50);
  }
  sink.end();
  env.drain_until([&] { return env.sinks_finished == 1; });
  readers.finish();
  CHECK(env.left[0] == Reason::kEnded);
  CHECK(readers.bytes(0).size() == 200 * 50'000);
}

TEST_CASE(
    "memory: over the cap by what nobody can give up, loops are asked again for what comes in its place") {
  StuckClient stuck;
  Ledger& ledger = stuck.env.ledger;
  ledger.live_bytes.fetch_add(8 * kMiB);
  push(*stuck.sink, pattern(10));
  stuck.pass_a_turn();  // the loop has given nothing
  ledger.live_bytes.fetch_sub(3 * kMiB);
  for (int i = 0; i < 25; ++i) push(*stuck.sink, pattern(100'000));
  stuck.env.drain_until([&] { return !stuck.env.left.empty(); });
  CHECK(stuck.env.left[0] == Reason::kSlow);
  ledger.live_bytes.fetch_sub(5 * kMiB);
}

TEST_CASE("memory: under the cap again, it holds as before") {
  StuckClient stuck;
  Ledger& ledger = stuck.env.ledger;
  ledger.live_bytes.fetch_add(8 * kMiB);
  push(*stuck.sink, pattern(10));
  stuck.pass_a_turn();
  ledger.live_bytes.fetch_sub(8 * kMiB);
  for (int i = 0; i < 50; ++i) push(*stuck.sink, pattern(100'000));
  stuck.env.drain_until([&] { return !stuck.env.left.empty(); });
  CHECK(stuck.env.left[0] == Reason::kSlow);
}

TEST_CASE("memory: what grows on a loop, without a push, is seen in that turn") {
  StuckClient stuck;
  for (int i = 0; i < 25; ++i) push(*stuck.sink, pattern(100'000));
  stuck.pass_a_turn();
  CHECK(stuck.env.left.empty());
  stuck.env.ledger.live_bytes.fetch_add(3 * kMiB);
  stuck.sink->ask_report(stuck.client, 1);
  stuck.env.drain_until([&] { return !stuck.env.left.empty(); });
  CHECK(stuck.env.left[0] == Reason::kSlow);
  stuck.env.ledger.live_bytes.fetch_sub(3 * kMiB);
}

TEST_CASE("memory: what cannot be given up is not asked for with every push") {
  LiveEnv env(1);
  LiveSink& sink = env.open_sink(unlimited());
  push(sink, pattern(10));
  env.pool.memory().set(1000);  // the shard alone is more
  for (int i = 0; i < 1000; ++i) push(sink, pattern(10));
  sink.end();
  env.drain_until([&] { return env.sinks_finished == 1; });
  env.stop();
  CHECK(env.ledger.live_bytes == 0);
  CHECK(env.ledger.live_shards == 0);
}
