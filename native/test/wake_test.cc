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
#include "test/rig.h"
#include "test/sockets.h"

using namespace flumen;
using namespace flumen::test;

namespace {

/// Whether `fd` can be read within five seconds.
bool arrives(int fd) {
  pollfd query{fd, POLLIN, 0};
  return poll(&query, 1, 5000) == 1;
}

Command command_of(Command::Kind kind) {
  Command command;
  command.kind = kind;
  return command;
}

Command append_to(Rig& rig, size_t bytes, size_t packet = 0) {
  Command command = command_of(Command::Kind::kAppend);
  command.shard = rig.shard.get();
  command.frame.bytes = rig.copy(pattern(bytes));
  if (packet > 0) command.frame.packet = rig.copy(pattern(packet));
  return command;
}

/// What its loop sleeps with.
void sleep(Inbox& inbox, Rig& rig, uint64_t bytes) {
  std::vector<Command> commands;
  inbox.take(commands);
  rig.shard->patience() = Patience(bytes);
  CHECK(inbox.sleep());
}

}  // namespace

TEST_CASE("Inbox: only a sleeping reader is woken, and by one writer") {
  Ledger ledger;
  Inbox inbox(ledger);
  std::vector<Command> commands;
  const Command::Kind kind = Command::Kind::kClear;
  CHECK_FALSE(inbox.push(command_of(kind)));  // the reader has not said that it sleeps
  CHECK_FALSE(inbox.sleep());
  inbox.take(commands);
  CHECK(commands.size() == 1);
  commands.clear();

  CHECK(inbox.sleep());
  CHECK(inbox.push(command_of(kind)));
  CHECK_FALSE(inbox.push(command_of(kind)));
  CHECK_FALSE(inbox.push(command_of(kind)));
  inbox.take(commands);
  CHECK(commands.size() == 3);
  commands.clear();

  CHECK(inbox.sleep());
  inbox.take(commands);  // something else has woken it
  CHECK(commands.empty());
  CHECK_FALSE(inbox.push(command_of(kind)));
}

TEST_CASE("Inbox: frames do not wake a reader that is patient for their shard, anything else does") {
  Rig patient(SinkOptions{});
  Rig hasty(SinkOptions{});
  Ledger ledger;
  {
    Inbox inbox(ledger);
    sleep(inbox, patient, 100);
    CHECK_FALSE(inbox.push(append_to(patient, 40)));
    CHECK_FALSE(inbox.push(append_to(patient, 20, 30)));  // what stands in front of a frame counts
    CHECK_FALSE(inbox.push(append_to(patient, 10)));
    CHECK(inbox.push(append_to(patient, 1)));
    CHECK_FALSE(inbox.push(append_to(patient, 1)));  // told before

    // What came while it was awake has cost no patience; who has used it up gets none back by small frames.
    sleep(inbox, patient, 100);
    CHECK_FALSE(inbox.push(append_to(patient, 100)));
    CHECK(inbox.push(append_to(patient, 1)));
    sleep(inbox, patient, 100);
    CHECK(inbox.push(append_to(patient, 101)));
    CHECK_FALSE(inbox.push(append_to(patient, 1)));

    sleep(inbox, patient, 100);
    CHECK_FALSE(inbox.push(append_to(patient, 1)));
    CHECK(inbox.push(append_to(hasty, 1)));

    sleep(inbox, patient, 100);
    CHECK_FALSE(inbox.push(append_to(patient, 1)));
    CHECK(inbox.push(command_of(Command::Kind::kReport)));
    std::vector<Command> commands;
    inbox.take(commands);
    CHECK(commands.size() == 2);

    // Empty frames, too, are not collected for ever.
    sleep(inbox, patient, 100);
    for (uint32_t i = 0; i < Patience::kFrames; ++i) CHECK_FALSE(inbox.push(append_to(patient, 0)));
    CHECK(inbox.push(append_to(patient, 0)));
  }
  CHECK(ledger.live_bytes == 0);
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

TEST_CASE("loops: what waits for a flush slot wakes nobody, until there is enough of it") {
  LiveEnv env(1);
  SinkOptions options;
  options.flush_interval = 1000 * 24 * 3600 * kSecond;  // nothing is due by its time
  LiveSink& sink = env.open_sink(options);
  const Pair pair = unix_pair();
  env.keys[sink.add(pair.ours, "ready", {}).value()] = 0;
  REQUIRE(arrives(pair.theirs));
  REQUIRE(read_some(pair.theirs, 5) == "ready");
  const auto appended = [&] { return sink.stats().frames_queued; };
  const auto until = [&](uint64_t frames, Nanos most = 5 * kSecond) {
    for (const Nanos end = monotonic_now() + most; appended() != frames && monotonic_now() < end;)
      std::this_thread::yield();
    return appended();
  };
  constexpr Nanos kWhile = 30 * kMillisecond;  // long enough for a loop that was woken
  push(sink, "first");                         // no slot has its time yet
  REQUIRE(until(1) == 1);
  // When the loop goes to sleep is not seen from here: it may still be awake for the next frame.
  uint64_t pushed = 1;
  while (until(pushed, kWhile) == pushed && pushed < 100) {
    push(sink, ".");
    ++pushed;
  }
  const uint64_t asleep = appended();
  CHECK(asleep < pushed);
  for (int i = 0; i < 100; ++i) push(sink, ".");
  pushed += 100;
  CHECK(until(pushed, kWhile) == asleep);
  // A question is answered with all that was pushed before it.
  sink.ask_dump(1);
  env.drain_until([&] { return !env.notices.empty(); });
  CHECK(until(pushed) == pushed);
  // The number of frames is bounded, and so are their bytes: more than a slot collects goes out at once.
  for (uint32_t i = 0; i <= Patience::kFrames; ++i) push(sink, ".");
  pushed += Patience::kFrames + 1;
  CHECK(until(pushed) == pushed);
  push(sink, std::string(Schedule::kFlushBytes, 'x'));
  const size_t all = 5 + (pushed - 1) + Schedule::kFlushBytes;
  size_t got = 0;
  while (got < all && arrives(pair.theirs)) got += read_some(pair.theirs, all - got).size();
  CHECK(got == all);
  // The end waits for no slot.
  push(sink, "last");
  sink.end();
  REQUIRE(arrives(pair.theirs));
  CHECK(read_some(pair.theirs, 4) == "last");
  shutdown(pair.theirs, SHUT_WR);
  env.drain_until([&] { return env.sinks_finished == 1; });
}

TEST_CASE("loops: whoever waits for a flush slot has each frame within the interval, woken for it or not") {
  constexpr int kSinks = 2;
  constexpr int kRounds = 20;
  constexpr size_t kClients = 130;       // in two slots
  constexpr Nanos kSlack = 2 * kSecond;  // of a machine that has other work, too
  SinkOptions options;
  options.flush_interval = 20 * kMillisecond;
  LiveEnv env(1);
  std::vector<LiveSink*> sinks;
  std::vector<std::vector<Pair>> peers(kSinks);
  for (std::vector<Pair>& mine : peers) {
    sinks.push_back(&env.open_sink(options));
    for (size_t i = 0; i < kClients; ++i) {
      mine.push_back(unix_pair());
      env.keys[sinks.back()->add(mine.back().ours, "", {}).value()] = 0;
    }
  }
  std::atomic<int> rounds{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kSinks; ++i) {
    threads.emplace_back([&, i] {
      Choices choices(i);
      for (int round = 0; round < kRounds; ++round, ++rounds) {
        // The first makes the slots due; the loop goes to sleep while the others come.
        Nanos pushed = 0;
        size_t bytes = 0;
        for (uint64_t frames = choices.between(1, 4); frames > 0; --frames) {
          pushed = monotonic_now();
          push(*sinks[i], "frame");
          bytes += 5;
          for (uint64_t spin = choices.below(20'000); spin > 0; --spin)
            std::atomic_signal_fence(std::memory_order_seq_cst);
        }
        for (const Pair& pair : peers[i]) {
          if (read_some(pair.theirs, bytes).size() != bytes) return;
        }
        if (monotonic_now() - pushed > options.flush_interval + kSlack) return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(rounds == kSinks * kRounds);
  for (size_t i = 0; i < kSinks; ++i) {
    sinks[i]->end();
    for (const Pair& pair : peers[i]) shutdown(pair.theirs, SHUT_WR);
  }
  env.drain_until([&] { return env.sinks_finished == kSinks; });
}

TEST_CASE("threads: a loop's does not preempt who wakes it, unless the program chose a policy") {
  int policy = -1;
  std::atomic<bool> go{false};
  Result<Thread> thread = start_thread("patient", [&] {
    while (!go) std::this_thread::yield();
    policy = sched_getscheduler(0);
  });
  REQUIRE(thread.ok());
  go = true;
  thread.value().join();
  CHECK(policy == (sched_getscheduler(0) == SCHED_OTHER ? SCHED_BATCH : sched_getscheduler(0)));
}
