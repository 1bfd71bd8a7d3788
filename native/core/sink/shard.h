// The sink as a deterministic state machine: one shard of it, on one loop thread. No thread, no clock, no
// kernel of its own: `now` is handed in, Io is the kernel. Everything a client goes through happens here.
//
// A turn: commands and events first (append, add, remove, on_event: they only move lists), then tick() does
// the writing, the judging and the closing within a budget. deadline() says when tick() is wanted next.
#pragma once

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/client/report.h"
#include "core/sink/lag_index.h"
#include "core/sink/newest.h"
#include "core/sink/options.h"
#include "core/sink/pace.h"
#include "core/sink/patience.h"
#include "core/sink/pins.h"
#include "core/sink/schedule.h"
#include "core/sink/send_batch.h"
#include "core/sink/shortage.h"
#include "core/sink/timer_heap.h"
#include "core/sink/totals.h"
#include "core/sys/io.h"

namespace flumen {

/// Hears what a shard decides; called within append/add/remove/on_event/tick, on the shard's thread.
class ShardListener {
 public:
  virtual ~ShardListener() = default;
  /// The client has left: `reason`, `error` and its figures are final and the shard never touches it again.
  virtual void on_removed(Client* client) = 0;
  /// The client has sent `bytes`, and wanted_input is set; before its on_removed(). acknowledge_input()
  /// follows.
  virtual void on_input(Client* client, BlockSlice bytes) = 0;
  /// After end() or close(): nobody is left and every descriptor is closed. Called once.
  virtual void on_finished(Shard* shard) = 0;
  /// This shard was the last that a push was told to wait for (pace: wait).
  virtual void on_drained(Shard* shard) = 0;
};

/// What a shard shares with its sink's sequencer and with the other shards; null where there is none.
struct ShardPlace {
  const Newest* newest = nullptr;
  Pace* pace = nullptr;  // null: pace live
  size_t index = 0;      // of this shard's mark there
};

class Shard {
 public:
  /// The first frame that append() will bring is the one behind `place.newest`.
  Shard(const SinkOptions& options, Io& io, ShardListener& listener, Ledger& ledger, const ShardPlace& place,
        uint32_t sink_id = 0);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// `pushed`: when that was. It may have lain in the inbox since.
  void append(Frame frame, Nanos pushed);
  /// Takes over `client` with its owned fd, kind, framing, prologue and this shard filled in. The shard is
  /// set by whoever reserved the slot, for remove() on that thread reads it while the client lives here.
  void add(Client* client, Nanos now);
  /// `flush`: it gets what is pending now first.
  void remove(Client* client, Nanos now, bool flush = false);
  /// When the client has to go (as timeout); kNever: never. Too late for one that is leaving because of it.
  void set_deadline(Client* client, Nanos deadline, Nanos now);
  /// The environment has taken input of this cost (ClientInput::cost_of).
  void acknowledge_input(Client* client, uint32_t cost, Nanos now);
  /// Changes how far clients may lag, those that are here included.
  void set_lag(const LagRule& rule);
  void clear(Nanos now);
  /// Everyone gets the rest and the wire's epilogue, then leaves as ended.
  void end();
  /// As end(), but whoever is not through after close_timeout is reset.
  void close(Nanos now);
  /// What the kernel said of a client's descriptor.
  void on_event(Client* client, const IoEvent& event, Nanos now);

  void tick(Nanos now);
  /// When tick() is wanted next: 0 at once, kNever not before the next call of another function.
  Nanos deadline() const;

  /// Closes every descriptor without ceremony, for an environment that goes away. No listener call.
  void abandon();

  /// What is known of a client that this shard was given, now. Its slot must not have been given away since.
  ClientReport report(const Client* client, Nanos now);

  /// The timeline and every client's place in it, as a table for people.
  std::string dump();

  /// What may be pushed from now on and be appended only when tick() is wanted anyway (deadline()).
  Patience patience_at(Nanos now) const;
  /// The same while the loop sleeps, less what has been pushed since.
  Patience& patience() { return patience_; }

  uint32_t sink_id() const { return sink_id_; }
  const Totals& totals() const { return totals_; }
  const Timeline& timeline() const { return timeline_; }
  /// What counts against the memory cap: frames kept and in the inbox, with their bookkeeping, and private
  /// bytes. All of it can be given up; parsers and rules cannot, they count in the ledger like slots.
  uint64_t bytes_held() const;
  /// The process is short of memory: shrinks to this shard's part, within the next turns.
  void squeeze(const Shortage& shortage);
  bool squeezing() const { return squeeze_to_ != kNotSqueezed; }
  /// Whether squeezing has freed anything since this was last asked.
  bool gave_way() { return std::exchange(gave_way_, false); }

 private:
  struct Closing {
    int fd = -1;
    bool reset = false;
  };

  static constexpr uint64_t kNotSqueezed = ~uint64_t{0};
  static constexpr uint64_t kBytesPerFrame = sizeof(Frame) + sizeof(LagBucket);  // of bookkeeping
  static constexpr size_t kSendsPerTurn = 1024;
  static constexpr size_t kBytesPerTurn = 8 * kMiB;
  static constexpr size_t kClosesPerTurn = 256;

  // Sending (shard_send.cc).
  void serve(Nanos now);
  void offer(Client* client, Nanos now);
  bool meet_state(Client* client);
  BlockSlice state_due(Client* client, const Frame& frame);
  const StickyPackets& packets_of(const StateRef& state);
  void flush_batch(Nanos now);
  void settle(Client* client, int64_t result, size_t offered, const Gather& gather, Nanos now);
  void arrive(Client* client, Nanos now);

  // Where a client hangs (shard.cc).
  void place(Client* client);
  void note_start(Client* client);
  void welcome_gdp();
  void start_awaiting(const Frame& frame);
  void hang(Client* client);
  void unhang(Client* client);
  void put_private(Client* client, BlockSlice bytes, const BlockSlice& origin = {});
  void drop_private(Client* client);
  void detach(Client* client);
  void set_state(Client* client, ClientState state);
  void to_ready(Client* client);
  void to_blocked(Client* client);
  void to_caught_up(Client* client);
  void to_waiting(Client* client);
  template <typename Visit>
  void each_client(Visit visit);
  std::vector<Client*> all_clients();

  // Leaving (shard_leave.cc).
  void stop_at(Client* client, uint64_t stop, Reason reason);
  uint64_t soonest_stop(const Client* client) const;
  void finish(Client* client, Nanos now);
  void fail(Client* client, int error, const char* operation, Nanos now);
  void depart(Client* client, Reason reason, bool reset, Nanos now);
  BlockSlice epilogue_of(const Client* client);
  void judge_clocks(Nanos now);
  void cut_all(Nanos now);
  void close_some();

  // Hearing (shard_hear.cc).
  void begin_hearing(Client* client);
  bool drain_input(Client* client, Nanos now);
  bool read_input(Client* client, Nanos now);
  void read_on(Nanos now);
  bool hear_end(Client* client, bool failed, Nanos now);
  void hear(Client* client, std::span<const uint8_t> bytes);
  void pass_on(Client* client, std::span<const uint8_t> bytes);

  // Time (shard_time.cc).
  Nanos due(const Client* client, Nanos now) const;
  void arm(Client* client, Nanos now);
  void judge_timers(Nanos now);
  void time_out(Client* client, Nanos now);

  // Lagging (shard_lag.cc).
  const StartRule& start_rule(const Client* client) const;
  const LagRule& lag_rule(const Client* client) const;
  void judge_limits(Nanos now);
  void judge(Client* client, Nanos now);
  Amount allowed(const Client* client, Amount limit) const;
  bool over(const Client* client, Amount limit) const;
  void recover(Client* client, const LagRule& rule);
  uint64_t begun_until(const Client* client) const;
  void move_cursor(Client* client, uint64_t target, Await await);

  // Telling (shard_report.cc).
  void note_placed(Client* client);
  void note_first(const Frame& frame);
  void note_moving(Client* client);
  void note_through(Client* client);
  bool has_begun(const Client* client) const;
  Nanos last_pts(const Client* client) const;
  uint64_t lags_from(const Client* client) const;

  // Dumping (shard_dump.cc).
  std::string dump_timeline() const;
  std::string dump_client(const Client& client) const;

  // Pacing (shard_pace.cc).
  Pace::Point newest_point() const;
  void hold_to(Pace::Point& point, uint64_t seq, Amount soft) const;
  Pace::Point reach_of_newcomers() const;
  void mark_pace(Nanos now);

  // Keeping (shard_keep.cc).
  void trim();
  void enforce_cap(Nanos now);
  bool drop_holders(LagBucket& clients, Nanos now);
  uint64_t cap() const;
  void look_into_inbox();
  void count_bookkeeping();
  void publish();

  SinkOptions options_;
  Io& io_;
  ShardListener& listener_;
  Ledger& ledger_;
  const ShardPlace place_;
  uint32_t sink_id_;
  Timeline timeline_;
  uint64_t newest_key_ = Timeline::kNoKey;  // also when it is kept no more
  LagIndex lag_;
  Schedule schedule_;
  ClientQueue ready_;    // want a turn
  ClientQueue waiting_;  // have nothing to send until a frame comes that they may start with
  LagBucket await_frame_;
  LagBucket await_key_;
  NewcomerList newcomers_;
  UnreadList unread_;      // sent more than is read in one go: no event will tell of the rest
  RuledClients ruled_;     // have a lag rule of their own: judged one by one
  ClientQueue blocked_;    // in the order in which their stall clocks started
  ClientQueue lingering_;  // in the order in which they sent their FIN
  TimerHeap timers_;
  SeqRing<Closing> closing_;
  SendBatch batch_;
  size_t clients_ = 0;
  uint64_t added_ = 0;                              // clients that ever came
  std::array<uint64_t, kClientStates> by_state_{};  // what set_state counts
  size_t sends_left_ = 0;
  size_t bytes_left_ = 0;
  size_t gdp_clients_ = 0;
  BlockWriter packet_writer_;           // what stands in front of the frames for them
  StickyPackets unknown_packets_;       // of a stream of which nothing is known
  uint64_t prologue_bytes_ = 0;         // private to one client each
  Pins pins_;                           // … and those that are shared
  uint64_t side_bytes_ = 0;             // what clients have besides their slots
  uint64_t inbox_bytes_ = 0;            // as of this turn: what append() has still to bring
  uint64_t squeeze_to_ = kNotSqueezed;  // what may be held until that has been reached once
  bool gave_way_ = false;
  int64_t counted_ = 0;    // in the ledger
  bool unjudged_ = false;  // somebody may be over the hard limit since it was last judged
  bool ending_ = false;
  bool finished_ = false;
  Nanos close_at_ = kNever;
  uint64_t bytes_served_ = 0;
  uint64_t sends_ = 0;
  Totals totals_;
  Patience patience_;
};

}  // namespace flumen
