// Clients that are behind, hung up by the frame of their cursor: the oldest one is found without a walk over
// clients, and so are all that lag beyond a limit. Owned by a shard.
#pragma once

#include "core/base/ring.h"
#include "core/client/client.h"

namespace flumen {

class LagIndex {
 public:
  /// `first` is the sequence number of the first frame to come. There is always a bucket for the frame to
  /// come.
  explicit LagIndex(uint64_t first) : buckets_(first), lowest_(first), lowest_unruled_(first) {
    buckets_.push({});
  }

  /// Bytes that the buckets take.
  size_t bookkeeping() const { return buckets_.capacity() * sizeof(LagBucket); }

  /// Follows the timeline: a frame was appended, `next` is the frame to come now.
  void appended(uint64_t next) {
    buckets_.push({});
    FLUMEN_CHECK(buckets_.end() == next + 1);
  }

  /// Who has begun the frame hangs behind those who have not. Until it is removed its cursor must not move.
  void add(Client* client) {
    LagBucket& bucket = buckets_[client->seq];
    bucket.insert_after(client->offset > 0 ? bucket.back() : nullptr, client);
    if (client->seq < lowest_) lowest_ = client->seq;
    if (!RuledClients::linked(client) && client->seq < lowest_unruled_) lowest_unruled_ = client->seq;
  }

  void remove(Client* client) {
    if (LagBucket::linked(client)) buckets_[client->seq].remove(client);
  }

  /// The oldest frame that a client hangs at; the frame to come when there is none below it.
  uint64_t lowest() {
    const uint64_t next = buckets_.end() - 1;
    if (lowest_ < buckets_.begin()) lowest_ = buckets_.begin();
    while (lowest_ < next && buckets_[lowest_].empty()) ++lowest_;
    return lowest_;
  }

  /// The slowest of the clients here that follow the sink's rules, or nullptr.
  const Client* slowest_unruled() {
    const uint64_t next = buckets_.end() - 1;
    if (lowest_unruled_ < buckets_.begin()) lowest_unruled_ = buckets_.begin();
    for (;; ++lowest_unruled_) {
      const Client* client = buckets_[lowest_unruled_].front();
      while (client != nullptr && RuledClients::linked(client)) client = LagBucket::next(client);
      if (client != nullptr || lowest_unruled_ == next) return client;
    }
  }

  /// The clients at frame `seq`.
  LagBucket& at(uint64_t seq) { return buckets_[seq]; }
  /// The first client at frame `seq`, or nullptr.
  Client* first_at(uint64_t seq) const { return buckets_[seq].front(); }

  void trim(uint64_t seq) {
    while (buckets_.begin() < seq) {
      FLUMEN_CHECK(buckets_[buckets_.begin()].empty());
      buckets_.pop();
    }
  }

 private:
  SeqRing<LagBucket> buckets_;
  uint64_t lowest_ = 0;          // no client hangs below it
  uint64_t lowest_unruled_ = 0;  // … none without rules of its own
};

}  // namespace flumen
