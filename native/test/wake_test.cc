// Who wakes a loop, and that nobody forgets to. The stress is one for the ThreadSanitizer build, too.
#include <doctest/doctest.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/sys/thread.h"
#include "test/choices.h"
#include "test/live.h"
#include "test/sockets.h"

using namespace flumen;
using namespace flumen::test;

namespace {

void push(LiveSink& sink, const std::string& frame) {
  sink.push({reinterpret_cast<const uint8_t*>(frame.data()), frame.size()}, FrameInfo{}, monotonic_now());
}

/// Whether `fd` can be read within five seconds.
bool arrives(int fd) {
  pollfd query{fd, POLLIN, 0};
  return poll(&query, 1, 5000) == 1;
}

}  // namespace

TEST_CASE("Inbox: only a sleeping reader is woken, and by one writer") {
  Ledger ledger;
  Inbox inbox(ledger);
  std::vector<Command> commands;
  CHECK_FALSE(inbox.push({}));  // the reader has not said that it sleeps
  CHECK_FALSE(inbox.sleep());
  inbox.take(commands);
  CHECK(commands.size() == 1);
  commands.clear();

  CHECK(inbox.sleep());
  CHECK(inbox.push({}));
  CHECK_FALSE(inbox.push({}));
  CHECK_FALSE(inbox.push({}));
  inbox.take(commands);
  CHECK(commands.size() == 3);
  commands.clear();

  CHECK(inbox.sleep());
  inbox.take(commands);  // something else has woken it
  CHECK(commands.empty());
  CHECK_FALSE(inbox.push({}));
}

TEST_CASE("loops: no wake-up is lost, however close to falling asleep a push comes") {
  LiveEnv env(2);
  LiveSink& sink = env.open_sink(SinkOptions{});
  std::vector<Pair> pairs;
  for (int i = 0; i < 2; ++i) {
    pairs.push_back(unix_pair());
    env.keys[sink.add(pairs.back().ours, "", {}).value()] = i;
  }
  Choices choices(1);
  // The loops go to sleep right after the frame has left them: that is when the next one comes.
  for (int round = 0; round < 3000; ++round) {
    const std::string frame = std::to_string(round) + ";";
    push(sink, frame);
    for (const Pair& pair : pairs) {
      REQUIRE(arrives(pair.theirs));
      REQUIRE(read_some(pair.theirs, frame.size()) == frame);
    }
    for (uint64_t spin = choices.below(2000); spin > 0; --spin)
      std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  sink.end();
  for (const Pair& pair : pairs) shutdown(pair.theirs, SHUT_WR);
  env.drain_until([&] { return env.sinks_finished == 1; });
}

TEST_CASE("loops: writers in parallel, each waiting for its own answer before the next") {
  constexpr int kThreads = 4;
  constexpr int kRounds = 500;
  LiveEnv env(1);
  std::vector<Pair> pairs;
  std::vector<LiveSink*> sinks;
  for (int i = 0; i < kThreads; ++i) {
    sinks.push_back(&env.open_sink(SinkOptions{}));
    pairs.push_back(unix_pair());
    env.keys[sinks.back()->add(pairs.back().ours, "", {}).value()] = i;
  }
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < kRounds; ++round) {
        push(*sinks[i], "frame");
        if (!arrives(pairs[i].theirs) || read_some(pairs[i].theirs, 5) != "frame") return;
        ++answered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(answered == kThreads * kRounds);
  for (int i = 0; i < kThreads; ++i) {
    shutdown(pairs[static_cast<size_t>(i)].theirs, SHUT_WR);
    sinks[static_cast<size_t>(i)]->end();
  }
  env.drain_until([&] { return env.sinks_finished == kThreads; });
}

TEST_CASE("threads: a loop's does not preempt who wakes it, unless the program chose a policy") {
  int policy = -1;
  std::atomic<bool> go{false};
  std::thread thread = start_thread("patient", [&] {
    while (!go) std::this_thread::yield();
    policy = sched_getscheduler(0);
  });
  go = true;
  thread.join();
  CHECK(policy == (sched_getscheduler(0) == SCHED_OTHER ? SCHED_BATCH : sched_getscheduler(0)));
}
