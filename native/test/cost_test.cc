// What things cost, counted in calls and touched records, not in time.
#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <vector>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

std::vector<unsigned char> snapshot(const std::vector<Client*>& clients) {
  std::vector<unsigned char> bytes(clients.size() * sizeof(Client));
  for (size_t i = 0; i < clients.size(); ++i) {
    std::memcpy(bytes.data() + i * sizeof(Client), static_cast<const void*>(clients[i]), sizeof(Client));
  }
  return bytes;
}

std::vector<Client*> crowd(Rig& rig, size_t count, size_t capacity) {
  std::vector<Client*> clients;
  for (size_t i = 0; i < count; ++i) clients.push_back(rig.add({.capacity = capacity}));
  rig.settle();
  return clients;
}

}  // namespace

TEST_CASE("cost: an append touches no client and makes no call; each client gets one send a flush") {
  SinkOptions options;
  options.flush_interval = 200 * kMillisecond;
  Rig rig(options);
  rig.io.record = false;
  const std::vector<Client*> clients = crowd(rig, 10'000, kMiB);
  std::set<uint8_t> slots;
  for (Client* client : clients) slots.insert(client->slot);
  // N appends make at most N · 20 slot touches, because there are no more slots than that.
  CHECK(slots.size() == 20);
  CHECK(Schedule::kSlots == 20);

  // Every client has its phase: from here on a flush interval is one round.
  rig.append("sync");
  rig.pass(200 * kMillisecond);
  for (int round = 0; round < 3; ++round) {
    const FakeCounts before = rig.io.counts;
    const uint64_t turns = rig.turns;
    const std::vector<unsigned char> untouched = snapshot(clients);
    for (int i = 0; i < 8; ++i) rig.append(pattern(417, i));
    CHECK(rig.io.counts.submits == before.submits);
    CHECK(rig.turns == turns);
    CHECK(snapshot(clients) == untouched);
    rig.pass(200 * kMillisecond);
    CHECK(rig.io.counts.writes - before.writes == clients.size());
    CHECK(rig.io.counts.reads == before.reads);
    // Clients at one cursor share a batch: 64 sends a submit.
    CHECK(rig.io.counts.submits - before.submits <= 20 * (500 / 64 + 1));
    for (Client* client : clients) REQUIRE(rig.fd(client).accepted == 4 + (round + 1) * 8 * 417u);
  }
  CHECK(rig.shard->timeline().empty());
}

TEST_CASE("cost: with interval 0 a frame is one send a client, spread over turns of 1,024") {
  Rig rig{SinkOptions{}};
  rig.io.record = false;
  const std::vector<Client*> clients = crowd(rig, 4'000, kMiB);
  for (int i = 0; i < 5; ++i) {
    const uint64_t writes = rig.io.counts.writes;
    rig.append(pattern(417, i));
    rig.turn();
    CHECK(rig.io.counts.writes - writes >= 1024);
    CHECK(rig.io.counts.writes - writes < 1024 + 64);
    rig.settle();
    CHECK(rig.io.counts.writes - writes == clients.size());
  }
}

TEST_CASE("cost: the stuck are decided in one turn, closed 256 a turn, and cost nothing until then") {
  SinkOptions options;
  options.lag.hard = {Unit::kNone, 0};
  options.stall_timeout = kSecond;
  Rig rig(options);
  rig.io.record = false;
  const std::vector<Client*> stuck = crowd(rig, 9'000, 100);
  const std::vector<Client*> healthy = crowd(rig, 1'000, kMiB);
  rig.append(pattern(200));
  rig.settle();
  const uint64_t writes = rig.io.counts.writes;
  for (int i = 0; i < 10; ++i) {
    rig.append(pattern(100, i));
    rig.settle();
  }
  CHECK(rig.io.counts.writes - writes == 10 * healthy.size());  // nobody stuck was tried again
  rig.now += kSecond;
  rig.turn();
  CHECK(rig.removals.size() == stuck.size());
  CHECK(rig.io.counts.closes == 256);
  uint64_t turns = 1;
  for (; rig.io.counts.closes < stuck.size(); ++turns) {
    const uint64_t closes = rig.io.counts.closes;
    rig.turn();
    REQUIRE(rig.io.counts.closes - closes <= 256);
  }
  CHECK(turns == (9'000 + 255) / 256);
  for (Client* client : stuck) REQUIRE(rig.fd(client).was_reset);
  rig.settle();
  CHECK(rig.io.still_open() == healthy.size());
  CHECK(rig.shard->timeline().empty());
}

TEST_CASE("cost: the same for the hard limit, with lag far over it") {
  SinkOptions options;
  options.lag.hard = {Unit::kBytes, 1000};
  Rig rig(options);
  rig.io.record = false;
  crowd(rig, 9'000, 100);
  rig.append(pattern(100));
  rig.settle();
  rig.append(pattern(1001));
  // EAGAIN is found out at 1,024 sends a turn; each is judged once its send was tried.
  for (int i = 0; i < 9; ++i) rig.turn();
  CHECK(rig.removals.size() == 9'000);
  rig.settle();
  CHECK(rig.most_closes == 256);
  CHECK(rig.io.still_open() == 0);
}
