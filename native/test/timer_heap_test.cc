#include "core/sink/timer_heap.h"

#include <doctest/doctest.h>

#include <array>
#include <map>

#include "test/choices.h"

using namespace flumen;
using namespace flumen::test;

TEST_CASE("timer heap: the earliest is first; set moves, kNever takes out, remove of nobody does nothing") {
  std::array<Client, 4> clients;
  TimerHeap heap;
  CHECK(heap.next() == kNever);
  CHECK(heap.first() == nullptr);
  heap.remove(&clients[0]);
  heap.set(&clients[0], 30);
  heap.set(&clients[1], 10);
  heap.set(&clients[2], 20);
  CHECK(heap.first() == &clients[1]);
  heap.set(&clients[1], 40);
  CHECK(heap.first() == &clients[2]);
  heap.set(&clients[0], 5);
  CHECK(heap.next() == 5);
  heap.set(&clients[0], kNever);
  CHECK(clients[0].timer == Client::kNoTimer);
  heap.set(&clients[3], kNever);
  CHECK(heap.size() == 2);
  heap.remove(&clients[2]);
  CHECK(heap.first() == &clients[1]);
  heap.remove(&clients[1]);
  CHECK(heap.next() == kNever);
}

TEST_CASE("timer heap: agrees with a map over random operations") {
  Choices choices(7);
  std::array<Client, 200> clients;
  TimerHeap heap;
  std::map<Client*, Nanos> model;
  for (int i = 0; i < 20'000; ++i) {
    Client* client = &clients[choices.below(clients.size())];
    if (choices.one_in(3)) {
      heap.remove(client);
      model.erase(client);
    } else {
      const auto at = static_cast<Nanos>(choices.below(1000));
      heap.set(client, at);
      model[client] = at;
    }
    Nanos first = kNever;
    for (const auto& [unused, at] : model) first = std::min(first, at);
    REQUIRE(heap.next() == first);
    REQUIRE(heap.size() == model.size());
    if (first != kNever) REQUIRE(model.at(heap.first()) == first);
  }
  for (Nanos before = 0; heap.first() != nullptr; model.erase(heap.first()), heap.remove(heap.first())) {
    REQUIRE(heap.next() >= before);
    before = heap.next();
  }
  CHECK(model.empty());
}
