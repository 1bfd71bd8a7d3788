// The shared list of recent frames of one shard, addressed by sequence number. Appending touches no client;
// look-ups by bytes or time are binary searches over the prefix sums that the sequencer stamped. Owned by a
// shard, one thread.
#pragma once

#include "core/base/ring.h"
#include "core/timeline/frame.h"

namespace flumen {

class Timeline {
 public:
  /// `first` is the sequence number of the first frame to come, `bytes_before` the media bytes of all earlier
  /// ones, `time` the running time of the last of them.
  explicit Timeline(uint64_t first = 0, uint64_t bytes_before = 0, Nanos time = 0)
      : frames_(first), bytes_total_(bytes_before), time_total_(time) {}

  /// Frames come in the order of their sequence numbers, without a gap.
  void append(Frame frame);

  bool empty() const { return frames_.empty(); }
  /// Sequence number of the oldest frame kept; equals next() when empty.
  uint64_t tail() const { return frames_.begin(); }
  /// Sequence number that the next appended frame will have.
  uint64_t next() const { return frames_.end(); }
  uint64_t size() const { return frames_.size(); }
  const Frame& at(uint64_t seq) const { return frames_[seq]; }

  /// Media bytes of all frames ever appended.
  uint64_t bytes_total() const { return bytes_total_; }
  /// Media bytes in the frames kept.
  uint64_t bytes_kept() const { return empty() ? 0 : bytes_total_ - frames_[tail()].bytes_before; }

  /// Media bytes before frame `seq`; `seq` may be next().
  uint64_t bytes_before(uint64_t seq) const {
    return seq == next() ? bytes_total_ : frames_[seq].bytes_before;
  }

  /// Running time of the newest frame, kept or not.
  Nanos time_total() const { return time_total_; }
  /// … and of frame `seq`; for next() that of the newest, as long as nothing is known of the next.
  Nanos time_at(uint64_t seq) const { return seq == next() ? time_total_ : frames_[seq].running_time; }

  /// amount(seq): how much lies from `seq` up to the newest frame inclusive. Zero for seq == next().
  uint64_t amount(uint64_t seq, Unit unit) const;

  /// The oldest kept frame whose amount does not exceed `limit`; next() when even the newest exceeds it.
  uint64_t oldest_within(Amount limit) const;

  /// The newest frame s with amount(s) >= minimum, else the oldest kept one; next() when empty (design §4
  /// "burst").
  uint64_t newest_reaching(Amount minimum) const;

  /// The frame that holds media byte `position` (an absolute prefix sum); next() at the end.
  uint64_t frame_at_byte(uint64_t position) const;

  static constexpr uint64_t kNoKey = ~uint64_t{0};
  /// The newest kept key frame with a sequence number of at most `seq`; kNoKey without one.
  uint64_t newest_key_until(uint64_t seq) const;
  /// The oldest kept key frame behind `seq`; kNoKey without one.
  uint64_t first_key_after(uint64_t seq) const;

  /// The pts of frame `seq` - 1, which is kept or was the last to be trimmed; kNoTime when there was none.
  Nanos pts_behind(uint64_t seq) const { return seq > tail() ? frames_[seq - 1].info.pts : trimmed_pts_; }

  /// What a GDP receiver is sent in front of frame `seq`, header included.
  void set_packet(uint64_t seq, BlockSlice packet);
  /// Bytes of all packets in front of the frames kept.
  uint64_t packet_bytes() const { return packet_bytes_; }

  /// Drops all frames older than `seq`.
  void trim(uint64_t seq);

 private:
  template <typename Predicate>
  uint64_t first_where(Predicate holds) const;

  uint64_t key_ordinal_after(uint64_t seq) const;

  SeqRing<Frame> frames_;
  SeqRing<uint64_t> keys_;  // sequence numbers of the key frames kept, in order
  uint64_t bytes_total_ = 0;
  uint64_t packet_bytes_ = 0;
  Nanos time_total_ = 0;
  Nanos trimmed_pts_ = kNoTime;  // of the newest frame trimmed
};

}  // namespace flumen
