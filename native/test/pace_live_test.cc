// The gate with real threads: no drain may be lost, whatever comes between, and every byte arrives. What the
// ThreadSanitizer build is for.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "test/choices.h"
#include "test/live.h"
#include "test/rig.h"
#include "test/sockets.h"

using namespace flumen;
using namespace flumen::test;

namespace {

SinkOptions wait_for(Amount soft) {
  SinkOptions options;
  options.pace = PaceRule::kWait;
  options.lag = {soft, {}, RecoverPolicy::kNone};
  options.memory_cap = 1024 * kMiB;
  return options;
}

size_t drains(const LiveEnv& env) {
  size_t count = 0;
  for (const Notice& notice : env.notices) count += notice.kind == Notice::Kind::kSinkDrained ? 1 : 0;
  return count;
}

/// Clients come and go, some read slowly, the limit changes; the producer heeds the gate.
void push_through(size_t loops, uint64_t seed) {
  constexpr uint64_t kFrames = 1000;
  constexpr Amount kSofts[] = {
      {Unit::kFrames, 0}, {Unit::kFrames, 3}, {Unit::kBytes, 20'000}, {Unit::kTime, 2 * kMillisecond}};
  Choices choices(seed);
  LiveEnv env(loops);
  SinkOptions options = wait_for(kSofts[choices.below(4)]);
  options.flush_interval = choices.one_in(2) ? 5 * kMillisecond : 0;
  LiveSink& sink = env.open_sink(options);
  Readers readers;
  std::vector<Client*> clients;
  std::vector<uint64_t> pushed_before;
  std::vector<bool> removed;
  size_t told = 0;
  for (uint64_t seq = 0; seq < kFrames; ++seq) {
    if (clients.size() < 24 && choices.one_in(20)) {
      Pair pair = choices.one_in(2) ? tcp_pair() : unix_pair();
      ClientOptions asked;
      if (choices.one_in(4)) {
        asked.rules = std::make_unique<ClientRules>();
        asked.rules->lag = {{Unit::kFrames, choices.below(40)}, {}, RecoverPolicy::kNone};
      }
      clients.push_back(sink.add(pair.ours, "", std::move(asked)).value());
      env.keys[clients.back()] = static_cast<int>(clients.size()) - 1;
      pushed_before.push_back(seq);
      removed.push_back(false);
      readers.add(pair.take_theirs(), choices.one_in(6) ? 200 : 0);
    } else if (!clients.empty() && choices.one_in(50)) {
      const size_t key = choices.below(clients.size());
      if (!env.left.contains(static_cast<int>(key))) {
        removed[key] = true;
        sink.remove(clients[key]);
      }
    } else if (choices.one_in(100)) {
      sink.set_lag({kSofts[choices.below(4)], {}, RecoverPolicy::kNone});
    }
    if (push(sink, numbered_frame(seq))) continue;
    ++told;
    // Ten seconds without a notice: the drain is lost.
    env.drain_until([&] { return drains(env) >= told; });
  }
  sink.end();
  env.drain_until([&] { return env.sinks_finished == 1; });
  CHECK(drains(env) == told);
  readers.finish();
  for (size_t i = 0; i < clients.size(); ++i) {
    CAPTURE(i);
    uint64_t first = 0, next = 0;
    const std::string& bytes = readers.bytes(static_cast<int>(i));
    REQUIRE(check_frames(bytes, removed[i], first, next) == "");
    CHECK(env.left[static_cast<int>(i)] == (removed[i] ? Reason::kRemoved : Reason::kEnded));
    if (!removed[i]) CHECK(next == kFrames);
    if (!bytes.empty()) CHECK(first >= pushed_before[i]);
  }
}

/// For a moment without giving up the processor: two threads that yield to each other seldom meet.
void spin_until(const std::function<bool()>& done) {
  for (int i = 0; i < 20'000; ++i) {
    if (done()) return;
  }
  std::this_thread::yield();
}

/// The gate alone, between a producer and threads that follow it as shards do: each marks once for each frame
/// that it sees, so whoever opens the gate has one chance.
void race(size_t shards, uint64_t frames) {
  struct Nobody : PaceWaker {
    void resume_source() override {}
  } nobody;
  Pace pace(shards, nobody);
  std::atomic<uint64_t> newest{0};
  std::atomic<uint64_t> drains{0};
  std::vector<std::thread> followers;
  for (size_t i = 0; i < shards; ++i) {
    pace.announce(i);
    pace.mark(i, {{1, 1, 1}}, {{1, 1, 1}}, 1);
    followers.emplace_back([&, i] {
      for (uint64_t seen = 0; seen < frames;) {
        uint64_t now = seen;
        spin_until([&] { return (now = newest.load()) != seen; });
        if (now == seen) continue;
        seen = now;
        const Pace::Point reach{{seen + seen % 3, seen + 5, seen + 5}};
        if (pace.mark(i, reach, reach, 1) != 0) drains.fetch_add(1);
      }
    });
  }
  uint64_t told = 0, lost = 0;
  for (uint64_t frame = 1; frame <= frames; ++frame) {
    newest.store(frame);  // posted first, as frames are
    if (pace.pass(Pace::kPush, {{frame, frame, frame}})) continue;
    ++told;
    // As far as they all have come the gate must be open again.
    const Nanos patience = monotonic_now() + 5 * kSecond;
    while (drains.load() < told && monotonic_now() < patience)
      spin_until([&] { return drains.load() >= told; });
    if (drains.load() < told) ++lost;
    if (lost > 0) break;
  }
  newest.store(frames);
  for (std::thread& follower : followers) follower.join();
  CHECK(lost == 0);
  CHECK(drains.load() == told);
  CHECK(told > frames / 10);
}

/// A temporary file of `size` bytes, open for reading, without a name.
int file_of(const std::string& bytes) {
  char path[] = "/tmp/flumen-pace-XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  unlink(path);
  REQUIRE(write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  lseek(file, 0, SEEK_SET);
  return file;
}

}  // namespace

TEST_CASE(
    "pace: a push that is told to wait hears of the opening, however threads and clients come between") {
  for (uint64_t seed = 0; seed < 9; ++seed) {
    CAPTURE(seed);
    push_through(1 + seed % 3, seed);
  }
}

TEST_CASE("pace: the gate loses no opening between threads that close and open it") {
  race(1, 5000);
  race(2, 5000);
}

TEST_CASE("pace: a thousand openings in a row, with the clients on other loops than the producer") {
  LiveEnv env(2);
  LiveSink& sink = env.open_sink(wait_for({Unit::kFrames, 0}));
  Readers readers;
  for (int i = 0; i < 4; ++i) {
    Pair pair = unix_pair();
    env.keys[sink.add(pair.ours, "", {}).value()] = i;
    readers.add(pair.take_theirs());
  }
  size_t told = 0;
  for (uint64_t seq = 0; seq < 1000; ++seq) {
    if (push(sink, numbered_frame(seq))) continue;
    ++told;
    env.drain_until([&] { return drains(env) >= told; });
  }
  CHECK(told > 0);
  sink.end();
  env.drain_until([&] { return env.sinks_finished == 1; });
  readers.finish();
}

TEST_CASE("pace: files, pipes and sockets are read as fast as the slowest client reads, and no faster") {
  std::string all;
  for (uint64_t seq = 0; all.size() < 3 * kMiB; ++seq) all += numbered_frame(seq);
  constexpr uint64_t kSoft = 100'000;
  for (const int kind : {0, 1, 2}) {
    CAPTURE(kind);
    LiveEnv env(2);
    LiveSink& sink = env.open_sink(wait_for({Unit::kBytes, kSoft}));
    Readers readers;
    Pair slow = unix_pair();
    Client* first = sink.add(slow.ours, "", {}).value();
    env.keys[first] = 0;
    Pair fast = tcp_pair();
    env.keys[sink.add(fast.ours, "", {}).value()] = 1;
    readers.add(slow.take_theirs(), 100);
    readers.add(fast.take_theirs());
    int ends[2] = {-1, -1};
    if (kind == 0) {
      ends[0] = file_of(all);
    } else if (kind == 1) {
      REQUIRE(pipe(ends) == 0);
    } else {
      Pair pair = tcp_pair();
      ends[0] = pair.take_ours();
      ends[1] = pair.take_theirs();
    }
    const uint32_t source = env.attach(sink, ends[0], Feed{});
    close(ends[0]);
    std::thread writer([&] {
      for (size_t at = 0; ends[1] >= 0 && at < all.size();) {
        const ssize_t put = write(ends[1], all.data() + at, all.size() - at);
        if (put < 0) break;
        at += static_cast<size_t>(put);
      }
      if (ends[1] >= 0) close(ends[1]);
    });
    env.drain_until([&] { return !env.notices.empty(); });
    CHECK(env.notices.back().kind == Notice::Kind::kSourceEnded);
    CHECK(drains(env) == 0);  // JavaScript is not woken for a source
    // What a client may lack: the limit, and the read that went beyond it.
    CHECK(sink.stats().bytes_queued <= kSoft + 4 * 64 * kKiB);
    writer.join();
    env.close_source(source);
    sink.end();
    env.drain_until([&] { return env.sinks_finished == 1; });
    readers.finish();
    CHECK(readers.bytes(0) == all);
    CHECK(readers.bytes(1) == all);
    env.stop();
    CHECK(env.ledger.open_fds == 0);
    CHECK(env.ledger.live_bytes == 0);
  }
}

TEST_CASE(
    "pace: a source that waits ends with its sink, goes on when another takes its place, or is dropped") {
  const std::string all(2 * kMiB, 'x');
  for (const int what : {0, 1, 2, 3}) {
    CAPTURE(what);
    LiveEnv env(1);
    SinkOptions options = wait_for({Unit::kBytes, 1000});
    options.close_timeout = 50 * kMillisecond;
    LiveSink& sink = env.open_sink(options);
    Pair client = unix_pair();
    Client* stuck = sink.add(client.ours, "", {}).value();
    env.keys[stuck] = 0;
    const int file = file_of(all);
    const uint32_t source = env.attach(sink, file, Feed{});
    // The gate is closed when a push is turned away, too.
    while (push(sink, "x")) usleep(100);
    if (what == 0) {
      sink.close();
      env.drain_until([&] { return env.sinks_finished == 1 && env.notices.size() >= 2; });
      size_t ended = 0;
      for (const Notice& notice : env.notices) ended += notice.kind == Notice::Kind::kSourceEnded ? 1 : 0;
      CHECK(ended == 1);
    } else if (what == 1) {
      sink.remove(stuck);
      env.drain_until([&] {
        for (const Notice& notice : env.notices) {
          if (notice.kind == Notice::Kind::kSourceEnded) return true;
        }
        return false;
      });
      CHECK(drains(env) == 1);
    } else if (what == 2) {
      env.close_source(source);
      sink.remove(stuck);
      env.drain_until([&] { return drains(env) == 1; });
    }
    close(file);
    env.stop();
    CHECK(env.ledger.open_fds == 0);
    CHECK(env.ledger.live_bytes == 0);
  }
}
