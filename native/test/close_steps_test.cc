// Loops that stop at every step of a sink's life and end: whatever is under way, they stop, and nothing is
// left.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "test/live.h"
#include "test/rig.h"
#include "test/sockets.h"

using namespace flumen;
using namespace flumen::test;

namespace {

/// A sink with clients, half of which nobody reads.
struct Scene {
  explicit Scene(size_t clients) {
    SinkOptions options;
    options.lag.hard = {};
    options.stall_timeout = 0;
    options.memory_cap = 1024 * kMiB;
    options.close_timeout = 1000 * kSecond;
    sink = &env.open_sink(options);
    for (size_t i = 0; i < clients; ++i) add(i);
  }

  void add(size_t key) {
    peers.push_back(unix_pair());
    Result<Client*> added = sink->add(peers.back().ours, "head", {});
    REQUIRE(added.ok());
    env.keys[added.value()] = static_cast<int>(key);
    all.push_back(added.value());
    close(peers.back().take_ours());
  }

  void push(size_t bytes) { flumen::test::push(*sink, pattern(bytes)); }

  /// The loops have obeyed all that they were told so far.
  void settle() {
    const uint32_t asked = sink->ask_dump(1);
    env.drain_until(
        [&] { return std::ranges::count(env.notices, Notice::Kind::kSinkDump, &Notice::kind) >= asked; });
    env.notices.clear();
  }

  /// Everybody has more waiting than the kernel takes.
  void stall() {
    push(2'000'000);
    settle();
  }

  void check_nothing_left() {
    env.stop();
    env.stop();
    CHECK(env.ledger.open_fds == 0);
    CHECK(env.ledger.live_clients == 0);
    CHECK(env.ledger.live_shards == 0);
    env.notices.clear();
    InputNotice input;
    while (env.outbox.take_input(input)) input = {};
    CHECK(env.ledger.live_blocks == 0);
  }

  LiveEnv env{2};
  LiveSink* sink = nullptr;
  std::vector<Pair> peers;
  std::vector<Client*> all;
};

}  // namespace

TEST_CASE("close steps: loops that stop at any of them leave nothing") {
  const std::vector<std::pair<const char*, std::function<void(Scene&)>>> steps = {
      {"adds under way", [](Scene& scene) { scene.add(99); }},
      {"a push under way", [](Scene& scene) { scene.push(100'000); }},
      {"stalled", [](Scene& scene) { scene.stall(); }},
      {"removed while stalled",
       [](Scene& scene) {
         scene.stall();
         scene.sink->clear();
       }},
      {"flushed while stalled",
       [](Scene& scene) {
         scene.stall();
         for (Client* client : scene.all) scene.sink->remove(client, true);
         scene.settle();
       }},
      {"ending while stalled",
       [](Scene& scene) {
         scene.stall();
         scene.sink->end();
       }},
      {"lingering",
       [](Scene& scene) {
         scene.sink->end();
         scene.settle();
       }},
      {"closed twice, and ended",
       [](Scene& scene) {
         scene.sink->close();
         scene.sink->close();
         scene.sink->end();
         scene.settle();
         scene.sink->close();
       }},
      {"questions under way",
       [](Scene& scene) {
         scene.sink->ask_dump(2);
         for (Client* client : scene.all) scene.sink->ask_report(client, 3);
       }},
      {"removed twice, with what was told not heard",
       [](Scene& scene) {
         scene.sink->clear();
         for (Client* client : scene.all) scene.sink->remove(client);
         usleep(2000);
       }},
      {"peers that have gone",
       [](Scene& scene) {
         for (Pair& pair : scene.peers) close(pair.take_theirs());
         scene.push(1000);
       }},
      {"files",
       [](Scene& scene) {
         const int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
         REQUIRE(scene.sink->add(file, "head", {}).ok());
         close(file);
         scene.push(1000);
       }},
  };
  for (const auto& each : steps) {
    CAPTURE(each.first);
    Scene scene(6);
    each.second(scene);
    scene.check_nothing_left();
  }
}

TEST_CASE("close steps: in the middle of a batch of removals") {
  for (const int wait_us : {0, 100, 1000}) {
    CAPTURE(wait_us);
    Scene scene(600);
    scene.settle();
    scene.sink->clear();
    usleep(static_cast<useconds_t>(wait_us));
    scene.check_nothing_left();
  }
}

TEST_CASE("close steps: while a source writes to all loops, and clients talk") {
  Scene scene(6);
  Pair talker = unix_pair();
  ClientOptions options;
  options.wants_input = true;
  Result<Client*> heard = scene.sink->add(talker.ours, "", std::move(options));
  REQUIRE(heard.ok());
  scene.env.keys[heard.value()] = 99;
  Pair source = unix_pair();
  scene.env.attach(*scene.sink, source.ours, {});
  close(source.take_ours());
  std::atomic<bool> over{false};
  std::thread writer([&] {
    const std::string bytes = pattern(10'000);
    while (!over) {
      send(source.theirs, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      send(talker.theirs, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      std::this_thread::yield();
    }
  });
  scene.settle();
  scene.check_nothing_left();
  over = true;
  writer.join();
}

TEST_CASE("loops: as many as there are cores, but one, and no more than can be") {
  CHECK(LoopPool::count_for(0) == 1);
  CHECK(LoopPool::count_for(1) == 1);
  CHECK(LoopPool::count_for(2) == 1);
  CHECK(LoopPool::count_for(8) == 7);
  CHECK(LoopPool::count_for(256) == MemoryCap::kLoops);
  LiveEnv env(LoopPool::count_for(256));
  env.stop();
  LoopPool pool(env.outbox, env.ledger);
  const Result<bool> started = pool.start(MemoryCap::kLoops + 1);
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().code == EINVAL);
}
