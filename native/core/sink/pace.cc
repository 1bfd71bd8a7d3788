#include "core/sink/pace.h"

#include <algorithm>

namespace flumen {

bool Pace::pass(Producer producer, const Point& newest) {
  for (size_t i = 0; i < 3; ++i) newest_[i].store(newest.at[i]);
  // Open, but for one who was turned away and has not heard of it yet.
  if (!over()) return (closed_.load() & producer) == 0;
  // Closed before: whoever opens it finds this producer among those to be told.
  if (closed_.fetch_or(producer) != 0) return false;
  if (over()) return false;
  // Over no more, and the shard that ended it may have looked before the gate was closed. Nobody has been
  // turned away: open it again, unless the shard has.
  uint8_t mine = producer;
  return closed_.compare_exchange_strong(mine, 0);
}

void Pace::begin(size_t shard, const Point& coming) {
  for (size_t i = 0; i < 3; ++i) marks_[shard].coming[i].store(coming.at[i]);
}

uint8_t Pace::mark(size_t shard, const Point& clients, const Point& coming, uint64_t added) {
  Mark& mark = marks_[shard];
  for (size_t i = 0; i < 3; ++i) {
    mark.clients[i].store(clients.at[i]);
    mark.coming[i].store(coming.at[i]);
  }
  // Last: who finds nobody on the way must find them among the clients.
  mark.added.store(added);
  if (closed_.load() == 0 || over()) return 0;
  const uint8_t told = closed_.exchange(0);
  if ((told & kSource) != 0) waker_.resume_source();
  return told;
}

bool Pace::over() const {
  return std::ranges::any_of(marks_, [&](const Mark& mark) {
    const bool coming = mark.added.load() != mark.announced.load();
    for (size_t i = 0; i < 3; ++i) {
      uint64_t limit = mark.clients[i].load();
      if (coming) limit = std::min(limit, mark.coming[i].load());
      if (newest_[i].load() > limit) return true;
    }
    return false;
  });
}

}  // namespace flumen
