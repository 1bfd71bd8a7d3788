// A sink over all loops: the sequencer that stamps frames once and fills every shard's inbox in that order,
// and the roster of its clients. push() and append() from any thread, one writer at a time; the rest from the
// environment's.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/client_options.h"
#include "core/loop/loop_pool.h"
#include "core/sink/roster.h"
#include "core/timeline/header_filter.h"
#include "core/timeline/stamper.h"

namespace flumen {

struct SinkStats {
  uint64_t bytes_to_serve = 0;
  uint64_t bytes_served = 0;
  uint64_t frames_queued = 0;  // the longest shard
  uint64_t bytes_queued = 0;
  uint64_t bytes_held = 0;
  uint64_t sends = 0;
  int64_t time_queued = 0;
  std::array<uint64_t, kClientStates> by_state{};
};

class LiveSink final : public FrameSink, public PaceWaker, public std::enable_shared_from_this<LiveSink> {
 public:
  LiveSink(uint32_t id, const SinkOptions& options, LoopPool& pool, Ledger& ledger);

  uint32_t id() const { return id_; }

  /// Copies `bytes` into shared blocks and appends them as one frame. False: the producer is to wait for the
  /// notice kSinkDrained.
  bool push(std::span<const uint8_t> bytes, const FrameInfo& info, Nanos now);
  Flow append(BlockSlice bytes, const FrameInfo& info, Nanos now) override;
  bool ended() const override { return ending_.load(std::memory_order_relaxed); }

  /// Has `source`, which was made for this sink and lives on `loop`, read `feed`.
  void attach(FdSource* source, Loop& loop, std::unique_ptr<Feed> feed);

  /// The packet of an event that is no part of the state, for GDP clients only: they get it in front of the
  /// next frame. False: too much is waiting for a frame already.
  bool push_event(std::string_view packet);
  bool append_event(const gdp::EventKind& kind, std::string_view text) override;

  /// What the stream is from the next frame on. The same again changes nothing.
  void set_state(const StateChange& change, Nanos now) override;
  /// What the next frame's state is, whoever said so.
  StateRef state();

  /// Duplicates `fd` and gives the copy to the emptiest shard. `head` goes out before the first frame.
  Result<Client*> add(int fd, std::string_view head, ClientOptions options);
  /// The client in a roster slot, or nullptr.
  Client* client_at(uint32_t index) const { return roster_.at(index); }
  /// `flush`: it gets what is pending first.
  void remove(Client* client, bool flush = false);
  /// When the client has to go, monotonic; kNever: never.
  void set_deadline(Client* client, Nanos deadline);
  /// `bytes` of what the client sent have been drained from the outbox.
  void drained_input(Client* client, size_t bytes);
  /// Changes how far the clients may lag, those that are here included.
  void set_lag(const LagRule& rule);
  void clear();
  void end();
  void close();
  /// A drained client's slot is free again, when the loop has obeyed all that it was told about it.
  void release(Client* client);
  /// Asks the loop that owns `client` for a report; a kClientReport notice with `request` follows, and then
  /// goes to settled(). False when it has left.
  bool ask_report(Client* client, uint32_t request);
  /// Asks every shard for a dump; as many kSinkDump notices with `request` follow as are returned.
  uint32_t ask_dump(uint32_t request);
  /// The loop has obeyed one command that names `client`.
  void settled(Client* client);

  /// One shard is through after end() or close(). True when it was the last; then all are freed on their
  /// loops.
  bool shard_finished();
  SinkStats stats();

 private:
  struct Place {
    Loop* loop = nullptr;
    Shard* shard = nullptr;  // owned by the loop
    size_t clients = 0;
    bool files = false;
  };

  void open_shard(Loop& loop, bool files);
  bool tell(Client* client, Command command);
  Result<Place*> place_for(FdKind kind);
  BlockSlice opening(Client& client, std::string_view head, uint32_t lead);
  void tell_all(Command::Kind kind);
  void stop(Command::Kind how);
  void wake_reader();
  void resume_source() override;
  Pace::Point point() const;
  void enter(BlockSlice bytes, const FrameInfo& info, Nanos now);
  void fill_inboxes(BlockSlice bytes, const FrameInfo& info, Nanos now);
  void release_held(Nanos now);

  uint32_t id_;
  SinkOptions options_;
  LoopPool& pool_;
  Ledger& ledger_;
  Roster roster_;
  std::vector<Place> shards_;
  size_t finished_ = 0;

  Newest newest_;
  std::unique_ptr<Pace> pace_;  // null: pace live

  std::mutex mutex_;  // what follows, and the order of the inboxes
  Stamper stamper_;
  BlockWriter writer_;
  StateRef state_;
  HeaderFilter filter_;
  std::string events_;  // packets that the next frame takes along
  std::atomic<bool> ending_{false};
  // The source that reads for this sink, as far as its loop knows it still.
  FdSource* reader_ = nullptr;
  Loop* reader_loop_ = nullptr;
};

}  // namespace flumen
