// When clients want to be looked at: a binary heap with one entry a client, whose place in it stands in the
// client's record, so that it is moved or taken out in O(log n). Clients without a time have no entry. Owned
// by a shard.
#pragma once

#include <vector>

#include "core/client/client.h"

namespace flumen {

class TimerHeap {
 public:
  /// When the first one is due; kNever without any.
  Nanos next() const { return entries_.empty() ? kNever : entries_.front().at; }
  Client* first() const { return entries_.empty() ? nullptr : entries_.front().client; }
  size_t size() const { return entries_.size(); }

  /// `client` is due at `at`, instead of when it was before; kNever: not at all.
  void set(Client* client, Nanos at) {
    if (at == kNever) {
      remove(client);
      return;
    }
    if (client->timer == Client::kNoTimer) {
      client->timer = static_cast<uint32_t>(entries_.size());
      entries_.push_back({at, client});
    }
    entries_[client->timer].at = at;
    settle(client->timer);
  }

  /// Nothing happens when it has no entry.
  void remove(Client* client) {
    if (client->timer == Client::kNoTimer) return;
    const uint32_t hole = client->timer;
    client->timer = Client::kNoTimer;
    const Entry last = entries_.back();
    entries_.pop_back();
    if (last.client == client) return;
    put(hole, last);
    settle(hole);
  }

 private:
  struct Entry {
    Nanos at = 0;
    Client* client = nullptr;
  };

  void put(uint32_t place, const Entry& entry) {
    entries_[place] = entry;
    entry.client->timer = place;
  }

  // Up or down to where the entry at `place` belongs.
  void settle(uint32_t place) {
    const Entry entry = entries_[place];
    while (place > 0 && entry.at < entries_[(place - 1) / 2].at) {
      put(place, entries_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    for (uint32_t child = 2 * place + 1; child < entries_.size(); child = 2 * place + 1) {
      if (child + 1 < entries_.size() && entries_[child + 1].at < entries_[child].at) ++child;
      if (entry.at <= entries_[child].at) break;
      put(place, entries_[child]);
      place = child;
    }
    put(place, entry);
  }

  std::vector<Entry> entries_;
};

}  // namespace flumen
