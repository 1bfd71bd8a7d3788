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
