// Loops with real threads and sockets: what the ThreadSanitizer build is for. Every byte is checked.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "test/choices.h"
#include "test/live.h"
#include "test/naive_body.h"
#include "test/sockets.h"

using namespace flumen;
using namespace flumen::test;

namespace {

size_t open_descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

/// Threads that push in turn, some frames each.
class Pushers {
 public:
  Pushers(LiveSink& sink, size_t threads, uint64_t frames) {
    // Where all cores are busy each change of turns waits for a slice of somebody else's.
    constexpr uint64_t kTurn = 8;
    for (size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, &sink, i, threads, frames] {
        for (uint64_t first = i * kTurn; first < frames; first += threads * kTurn) {
          for (uint64_t now = pushed(); now != first; now = pushed()) pushed_.wait(now);
          for (uint64_t seq = first; seq < std::min(first + kTurn, frames); ++seq) {
            push(sink, numbered_frame(seq));
            pushed_.store(seq + 1, std::memory_order_release);
          }
          pushed_.notify_all();
          usleep(100);
        }
      });
    }
  }
  ~Pushers() { join(); }
  uint64_t pushed() const { return pushed_.load(std::memory_order_acquire); }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::atomic<uint64_t> pushed_{0};
  std::vector<std::thread> threads_;
};

struct Receiver {
  Client* client = nullptr;
  Framing framing = Framing::kRaw;
  uint64_t pushed_before = 0;
  bool removed = false;
};

/// Adds and removes clients while three threads push, then ends; checks what each has got.
void live_through(size_t loops, bool tcp, const SinkOptions& options, uint64_t seed) {
  constexpr uint64_t kFrames = 1200;
  Choices choices(seed);
  LiveEnv env(loops);
  LiveSink& sink = env.open_sink(options);
  Readers readers;
  std::vector<Receiver> receivers;
  Pushers pushers(sink, 3, kFrames);
  while (pushers.pushed() < kFrames) {
    const uint64_t what = choices.below(10);
    if (what < 5 && receivers.size() < 40) {
      Pair pair = tcp ? tcp_pair() : unix_pair();
      Receiver receiver;
      receiver.framing = choices.one_in(3) ? Framing::kChunked : Framing::kRaw;
      receiver.pushed_before = pushers.pushed();
      ClientOptions asked;
      asked.framing = receiver.framing;
      Result<Client*> added = sink.add(pair.ours, "", std::move(asked));
      REQUIRE(added.ok());
      receiver.client = added.value();
      env.keys[receiver.client] = static_cast<int>(receivers.size());
      receivers.push_back(receiver);
      readers.add(pair.take_theirs(), choices.one_in(8) ? 3000 : 0);
    } else if (what == 5 && !receivers.empty()) {
      const size_t key = choices.below(receivers.size());
      // Its record is ours until it is drained: as the addon, only living clients are removed.
      if (!env.left.contains(static_cast<int>(key))) {
        receivers[key].removed = true;
        sink.remove(receivers[key].client);
      }
    } else {
      usleep(static_cast<useconds_t>(choices.below(3000)));
    }
    if (choices.one_in(4) && !env.left.empty()) sink.stats();
    if (choices.one_in(3) && receivers.size() > env.left.size() + 1 && choices.one_in(10)) env.ring();
    if (choices.one_in(20)) {
      env.ring();
      REQUIRE(env.drain());
    }
  }
  pushers.join();
  if (choices.one_in(2)) {
    sink.end();
  } else {
    sink.close();
  }
  env.drain_until([&] { return env.sinks_finished == 1; });
  readers.finish();
  CHECK(env.left.size() == receivers.size());
  for (size_t i = 0; i < receivers.size(); ++i) {
    CAPTURE(i);
    const Receiver& receiver = receivers[i];
    const Reason reason = env.left[static_cast<int>(i)];
    std::string bytes = readers.bytes(static_cast<int>(i));
    if (receiver.framing == Framing::kChunked) {
      const NaiveBody body = naive_chunked(bytes);
      REQUIRE_FALSE(body.bad);
      CHECK(body.finished == (reason == Reason::kEnded));
      bytes = body.payload;
    }
    uint64_t first = 0, next = 0;
    REQUIRE(check_frames(bytes, reason != Reason::kEnded, first, next) == "");
    if (!bytes.empty()) CHECK(first >= receiver.pushed_before);
    if (reason == Reason::kEnded && !bytes.empty()) CHECK(next == kFrames);
    if (reason == Reason::kRemoved) CHECK((receiver.removed || options.close_timeout < kSecond));
    if (reason != Reason::kEnded && reason != Reason::kRemoved) CHECK(reason == Reason::kSlow);
  }
  env.stop();
  CHECK(env.ledger.open_fds == 0);
  CHECK(env.ledger.live_clients == 0);
  CHECK(env.ledger.live_blocks == 0);
  CHECK(env.ledger.live_bytes == 0);
}

}  // namespace

TEST_CASE("loops: every byte right over one, two and three loops, over TCP and unix sockets") {
  const size_t before = open_descriptors();
  uint64_t seed = 0;
  for (const size_t loops : {1u, 2u, 3u}) {
    for (const bool tcp : {false, true}) {
      for (const Nanos interval : {Nanos{0}, 20 * kMillisecond}) {
        SinkOptions options;
        options.flush_interval = interval;
        options.lag.hard = seed % 3 == 0 ? Amount{Unit::kBytes, 200'000} : Amount{Unit::kBytes, 64 * kMiB};
        CAPTURE(loops);
        CAPTURE(tcp);
        live_through(loops, tcp, options, seed++);
      }
    }
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("loops: shards share the bytes, and their clients are spread evenly") {
  LiveEnv env(3);
  LiveSink& sink = env.open_sink(SinkOptions{});
  Readers readers;
  std::map<Shard*, int> spread;
  for (int i = 0; i < 9; ++i) {
    Pair pair = unix_pair();
    Client* client = sink.add(pair.ours, "", {}).value();
    env.keys[client] = i;
    ++spread[client->shard];
    readers.add(pair.take_theirs());
  }
  CHECK(spread.size() == 3);
  for (const auto& [shard, count] : spread) CHECK(count == 3);
  for (uint64_t seq = 0; seq < 300; ++seq) push(sink, numbered_frame(seq));
  sink.end();
  env.drain_until([&] { return env.sinks_finished == 1; });
  readers.finish();
  for (int i = 0; i < 9; ++i) {
    uint64_t first = 0, next = 0;
    CHECK(check_frames(readers.bytes(i), false, first, next) == "");
    CHECK(first == 0);
    CHECK(next == 300);
  }
}

TEST_CASE("loops: stopped at any moment, with clients and a source at work: every descriptor is closed") {
  for (int round = 0; round < 12; ++round) {
    const size_t before = open_descriptors();
    {
      LiveEnv env(static_cast<size_t>(1 + round % 3));
      SinkOptions options;
      options.flush_interval = round % 2 == 0 ? 0 : 10 * kMillisecond;
      LiveSink& sink = env.open_sink(options);
      Pair source = unix_pair();
      // The last loop, so that it outlives the others in the order of their stopping.
      for (int i = 0; i < round % 3; ++i) env.pool.next_loop();
      env.attach(sink, source.ours, Feed{});
      std::vector<Pair> peers;
      for (int i = 0; i < 20; ++i) {
        peers.push_back(tcp_pair());
        env.keys[sink.add(peers.back().ours, "head", {}).value()] = i;
      }
      std::atomic<bool> stop{false};
      std::thread writer([&] {
        const std::string bytes(5000, 'w');
        while (!stop && write(source.theirs, bytes.data(), bytes.size()) > 0) continue;
      });
      usleep(static_cast<useconds_t>(round * 700));
      env.stop();
      CHECK(env.ledger.open_fds == 0);
      stop = true;
      close(source.take_ours());  // the writer's last reader: it ends with EPIPE
      writer.join();
    }
    CHECK(open_descriptors() == before);
  }
}

TEST_CASE("loops: from a source to clients without the environment; its end and its errors are notices") {
  LiveEnv env(2);
  LiveSink& sink = env.open_sink(SinkOptions{});
  Readers readers;
  Pair client = tcp_pair();
  env.keys[sink.add(client.ours, "", {}).value()] = 0;
  readers.add(client.take_theirs());

  std::string wire, body = numbered_frame(0);
  for (uint64_t seq = 1; seq < 200; ++seq) {
    char head[16];
    const std::string frame = numbered_frame(seq);
    std::snprintf(head, sizeof head, "%zx\r\n", frame.size());
    wire += head + frame + "\r\n";
    body += frame;
  }
  wire += "0\r\n\r\n";
  Feed feed;
  feed.framing = BodyFraming::kChunked;
  const std::string first = numbered_frame(0);
  char head[16];
  std::snprintf(head, sizeof head, "%zx\r\n", first.size());
  feed.prelude = head + first + "\r\n";
  feed.epilogue = "bye";
  feed.serial = 7;
  Pair source = unix_pair();
  const uint32_t id = env.attach(sink, source.ours, std::move(feed));
  for (size_t at = 0; at < wire.size();) {
    const size_t piece = std::min<size_t>(wire.size() - at, 1 + at % 3000);
    REQUIRE(write(source.theirs, wire.data() + at, piece) == static_cast<ssize_t>(piece));
    at += piece;
  }
  env.drain_until([&] { return !env.notices.empty(); });
  CHECK(env.notices[0].kind == Notice::Kind::kSourceEnded);
  CHECK(env.notices[0].id == id);
  CHECK(env.notices[0].serial == 7);
  CHECK(read_some(source.theirs, 3) == "bye");

  Feed broken;
  broken.framing = BodyFraming::kChunked;
  broken.prelude = "5\r\nhello5";
  Pair other = unix_pair();
  const uint32_t second = env.attach(sink, other.ours, std::move(broken));
  env.drain_until([&] { return env.notices.size() == 2; });
  CHECK(env.notices[1].kind == Notice::Kind::kSourceFailed);
  CHECK(env.notices[1].offset == 8);
  CHECK(std::string(env.notices[1].error.operation).find("longer") != std::string::npos);
  env.close_source(id);
  env.close_source(second);
  env.drain_until([&] { return env.notices.size() == 4; });
  sink.end();
  env.drain_until([&] { return env.sinks_finished == 1; });
  readers.finish();
  CHECK(readers.bytes(0) == body + "hello");
}

TEST_CASE("loops: every shard answers for a dump, under frames and clients that come and go") {
  LiveEnv env(3);
  LiveSink& sink = env.open_sink(SinkOptions{});
  Readers readers;
  const auto dumps = [&]() -> long {
    return std::ranges::count_if(env.notices, [](const Notice& notice) {
      return notice.kind == Notice::Kind::kSinkDump && !notice.text.empty();
    });
  };
  for (int i = 0; i < 12; ++i) {
    Pair client = tcp_pair();
    ClientOptions options;
    options.id = static_cast<uint32_t>(i);
    env.keys[sink.add(client.ours, "", std::move(options)).value()] = i;
    readers.add(client.take_theirs());
    push(sink, numbered_frame(static_cast<uint64_t>(i)));
    CHECK(sink.ask_dump(static_cast<uint32_t>(i)) == 3);
  }
  env.drain_until([&] { return dumps() == 36; });
  sink.end();
  CHECK(sink.ask_dump(12) == 3);
  // The last answers may come behind the news that the sink has finished.
  env.drain_until([&] { return env.sinks_finished == 1 && dumps() == 39; });
  readers.finish();
}

TEST_CASE("loops: a file client lives on the file loop and gets everything") {
  char path[] = "/tmp/flumen-loop-XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  LiveEnv env(1);
  LiveSink& sink = env.open_sink(SinkOptions{});
  env.keys[sink.add(file, "head", {}).value()] = 0;
  for (uint64_t seq = 0; seq < 300; ++seq) push(sink, numbered_frame(seq));
  sink.end();
  env.drain_until([&] { return env.sinks_finished == 1; });
  CHECK(env.left[0] == Reason::kEnded);
  const int again = open(path, O_RDONLY);
  const std::string bytes = read_all(again);
  CHECK(bytes.substr(0, 4) == "head");
  uint64_t first = 0, next = 0;
  CHECK(check_frames(bytes.substr(4), false, first, next) == "");
  CHECK(next == 300);
  close(again);
  close(file);
  unlink(path);
}
