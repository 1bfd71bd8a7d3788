// What counts against the memory cap of a sink, and who makes room.
#include <doctest/doctest.h>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

TEST_CASE("memory: a frame that many recovering clients have begun is there once, and counts once") {
  SinkOptions options;
  options.memory_cap = kMiB;
  options.lag = {{Unit::kFrames, 1}, {}, RecoverPolicy::kLatest};
  Rig rig(options);
  std::vector<Client*> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(rig.add({.capacity = 1000}));
  rig.settle();
  rig.append(pattern(300'000));
  rig.settle();
  for (int i = 0; i < 4; ++i) {
    rig.append(pattern(100, i));
    rig.settle();
  }
  CHECK(clients[0]->frames_dropped > 0);
  CHECK(rig.removals.empty());
  // The big frame, and the newest, which they all lack.
  CHECK(rig.shard->bytes_held() < 301'000);
  for (int read = 0; read < 350; ++read) {
    for (const Client* client : clients) rig.io.peer_read(rig.fd_of(client), 1000);
    rig.settle();
  }
  CHECK(rig.received(clients[7]) == pattern(300'000) + pattern(100, 3));
  CHECK(rig.shard->bytes_held() == 0);
}

TEST_CASE("memory: stream headers that many newcomers wait to send count once") {
  SinkOptions options;
  options.memory_cap = 64 * kKiB;
  Rig rig(options);
  const std::string header = pattern(20'000);
  const BlockSlice bytes =
      copy_to_slice(rig.ledger, {reinterpret_cast<const uint8_t*>(header.data()), header.size()});
  const StateRef state(StreamState::create(rig.ledger, {bytes}));
  for (int i = 0; i < 20; ++i) rig.add({.capacity = 100});
  rig.settle();
  Frame frame;
  frame.bytes = copy_to_slice(rig.ledger, {reinterpret_cast<const uint8_t*>("frame"), 5});
  frame.state = state;
  rig.stamp(frame);
  rig.shard->append(std::move(frame), rig.now);
  rig.settle();
  CHECK(rig.removals.empty());
  CHECK(rig.shard->bytes_held() < 21'000);
}

TEST_CASE("memory: the packets that tell many GDP clients of the stream count once") {
  uint64_t held[2];
  for (int many = 0; many < 2; ++many) {
    Rig rig(SinkOptions{});
    for (int i = 0; i < (many ? 20 : 1); ++i) {
      Client* client = rig.reserve({.capacity = 100});
      client->gdp = std::make_unique<GdpReceiver>();
      rig.shard->add(client, rig.now);
    }
    rig.append("frame");
    rig.settle();
    CHECK(rig.removals.empty());
    held[many] = rig.shard->bytes_held();
  }
  CHECK(held[0] > 500);
  CHECK(held[1] == held[0]);
}

TEST_CASE("memory: of runs of bytes that end alike the longest counts, until the last holder drops it") {
  Ledger ledger;
  const std::string text = pattern(1000);
  const BlockSlice all = copy_to_slice(ledger, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  const BlockSlice end{all.block, all.offset + 700, 300};
  Pins pins;
  pins.add(end, end.size);
  CHECK(pins.bytes() == 300);
  pins.add(all, all.size);
  CHECK(pins.bytes() == 1000);
  pins.drop(all);
  CHECK(pins.bytes() == 1000);
  pins.drop(end);
  CHECK(pins.bytes() == 0);
}

TEST_CASE("memory: nobody pays for the parsers of others, which are there as long as their clients are") {
  SinkOptions options;
  options.memory_cap = 16 * kKiB;
  Rig rig(options);
  const int64_t before = rig.ledger.live_bytes;
  const size_t parsers = 100 * sizeof(WebsocketInput);
  CHECK(parsers > options.memory_cap);
  for (int i = 0; i < 100; ++i) rig.add({.framing = Framing::kWebsocket});
  Client* behind = rig.add({.capacity = 100});
  rig.append(pattern(5000));
  rig.settle();
  CHECK(behind->state == ClientState::kBlocked);
  CHECK(rig.removals.empty());
  CHECK(rig.shard->bytes_held() < 6000);
  CHECK(rig.ledger.live_bytes > before + static_cast<int64_t>(parsers));
}

TEST_CASE("memory: what lies in the inbox counts") {
  SinkOptions options;
  options.memory_cap = 10'000;
  options.lag.hard = {};
  Rig rig(options);
  rig.add({.capacity = 10});
  rig.settle();
  rig.append(pattern(5000));
  rig.settle();
  CHECK(rig.removals.empty());
  // Five frames more are on their way.
  rig.newest.frames += 5;
  rig.newest.bytes += 5000;
  rig.shard->tick(rig.now);
  CHECK(rig.removals.size() == 1);
  CHECK(rig.shard->bytes_held() > 5000);
}

TEST_CASE("memory: a shard that is squeezed has given way also when its clients were quick enough") {
  Rig rig(SinkOptions{});
  Client* client = rig.add({.capacity = 1000});
  for (int i = 0; i < 10; ++i) rig.append(pattern(1000));
  rig.settle();
  const uint64_t held = rig.shard->bytes_held();
  CHECK(held > 9000);
  rig.shard->squeeze({.live = held, .cap = held, .shards = 100});  // 1/64 is to go
  CHECK(rig.shard->squeezing());
  rig.io.peer_read(rig.fd_of(client), 1000);
  rig.settle();
  CHECK(rig.removals.empty());
  CHECK(rig.shard->gave_way());
  CHECK_FALSE(rig.shard->gave_way());
  // Within its share it is not asked for anything.
  rig.shard->squeeze({.live = 2 * held, .cap = held, .shards = 1});
  CHECK_FALSE(rig.shard->squeezing());
  rig.settle();
  CHECK_FALSE(rig.shard->gave_way());
}

TEST_CASE("memory: what a backlog needed of the shard's own memory is given back, and the ledger knows") {
  SinkOptions options;
  options.lag.hard = {};
  options.memory_cap = 1024 * kMiB;
  Rig rig(options);
  Client* client = rig.add({.capacity = 1});
  rig.settle();
  const int64_t before = rig.ledger.live_bytes;
  for (int i = 0; i < 100'000; ++i) rig.append("x");
  rig.settle();
  CHECK(rig.ledger.live_bytes > before + 100'000 * static_cast<int64_t>(sizeof(Frame)));
  rig.shard->remove(client, rig.now);
  rig.settle();
  CHECK(rig.ledger.live_bytes < before + 1'000'000);
}
