// The gate of a sink whose producer waits (pace: wait). Each shard says how far the stream may go before one
// of its clients is over its soft limit; the sequencer knows how far it has gone, with what still lies in
// inboxes. The gate is closed by the producer that finds it so, and opened by the shard that ends it: that
// shard tells, once. No lock: closing stores, then looks at the marks again; a shard marks, then looks
// whether the gate is closed. One of the two sees the other (sequentially consistent throughout).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "core/base/units.h"

namespace flumen {

/// Wakes the source that reads for the sink. Any thread.
class PaceWaker {
 public:
  virtual ~PaceWaker() = default;
  virtual void resume_source() = 0;
};

class Pace {
 public:
  /// Who was turned away, and must hear when the gate opens.
  enum Producer : uint8_t { kPush = 1, kSource = 2 };

  /// A point of the stream in all three units: frames, media bytes, running time in ns. By default beyond
  /// all.
  struct Point {
    std::array<uint64_t, 3> at{kBeyond, kBeyond, kBeyond};
    bool passed_by(const Point& newest) const {
      return newest.at[0] > at[0] || newest.at[1] > at[1] || newest.at[2] > at[2];
    }
    /// Not beyond `value` in `unit`; kNone changes nothing.
    void limit(Unit unit, uint64_t value) {
      if (unit == Unit::kNone) return;
      uint64_t& mine = at[static_cast<size_t>(unit) - 1];
      if (value < mine) mine = value;
    }
  };

  /// For shards 0 to `shards` - 1.
  Pace(size_t shards, PaceWaker& waker) : marks_(shards), waker_(waker) {}

  /// The stream has come to `newest`: whether `producer` may go on. One caller at a time.
  bool pass(Producer producer, const Point& newest);
  /// A client is on its way to this shard. Before its command is posted.
  void announce(size_t shard) { marks_[shard].announced.fetch_add(1); }
  /// A shard opens: how far the stream may go for clients that are on their way to it.
  void begin(size_t shard, const Point& coming);
  /// How far the stream may go for the clients of this shard, and for those that are on their way. `added`
  /// counts the clients that have come so far. Returns whom to tell that the gate is open now (Producer);
  /// the source has been told already.
  uint8_t mark(size_t shard, const Point& clients, const Point& coming, uint64_t added);

  bool closed() const { return closed_.load() != 0; }

 private:
  static constexpr uint64_t kBeyond = ~uint64_t{0};

  struct alignas(64) Mark {
    std::array<std::atomic<uint64_t>, 3> clients{kBeyond, kBeyond, kBeyond};
    std::array<std::atomic<uint64_t>, 3> coming{0, 0, 0};
    std::atomic<uint64_t> added{0};
    std::atomic<uint64_t> announced{0};
  };

  bool over() const;

  std::vector<Mark> marks_;
  std::array<std::atomic<uint64_t>, 3> newest_{0, 0, 0};
  std::atomic<uint8_t> closed_{0};  // who was turned away; 0: open
  PaceWaker& waker_;
};

}  // namespace flumen
