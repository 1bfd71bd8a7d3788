// Scenarios of one shard with exact expectations: who is sent what, and when.
#include <doctest/doctest.h>

#include <cerrno>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

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
