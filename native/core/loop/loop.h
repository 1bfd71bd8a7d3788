// One loop thread: it owns an Io, the shards and sources that live on it, and all their descriptors. Other
// threads only post commands.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/loop/inbox.h"
#include "core/loop/memory_cap.h"
#include "core/loop/outbox.h"
#include "core/sys/io_epoll.h"
#include "core/sys/thread.h"

namespace flumen {

class Loop final : private ShardListener, private SourceListener {
 public:
  /// Starts the thread. `name` shows in tools like top.
  static Result<std::unique_ptr<Loop>> start(const std::string& name, Outbox& outbox, Ledger& ledger,
                                             MemoryCap& memory, EpollIo::Sends sends);
  ~Loop() override;

  /// Stops the thread, which closes everything that still lives on it, without events. Posts are taken, and
  /// lost.
  void stop();
  /// Any thread.
  void post(Command command);
  Io& io() { return *io_; }
  /// For a Shard that is going to live here: who it reports to.
  ShardListener& shard_listener() { return *this; }

 private:
  Loop(std::unique_ptr<Io> io, Outbox& outbox, Ledger& ledger, MemoryCap& memory)
      : io_(std::move(io)), outbox_(outbox), memory_(memory), inbox_(ledger) {}

  void run();
  bool fall_asleep(Nanos now);
  Nanos next_deadline();
  void dispatch(const IoEvent& event, Nanos now);
  void obey(Command& command, Nanos now);
  void settle(const Command& command);
  void tick_all(Nanos now);
  void report_squeezed();

  void on_removed(Client* client) override { gone_.push_back(client); }
  void on_input(Client* client, BlockSlice bytes) override { inputs_.push_back({client, std::move(bytes)}); }
  void on_finished(Shard* shard) override;
  void on_drained(Shard* shard) override;
  void on_end(FdSource* source) override;
  void on_error(FdSource* source, Error error, uint64_t offset) override;
  void on_broken(FdSource* source, const gdp::StreamError& error) override;
  void on_note(FdSource* source, StreamNote note) override;
  void on_timeout(FdSource* source) override;

  std::unique_ptr<Io> io_;
  Outbox& outbox_;
  MemoryCap& memory_;
  Inbox inbox_;
  Thread thread_;

  // The loop thread's own.
  bool stopping_ = false;
  bool squeezing_ = false;  // shards shrink, and the memory cap waits to hear that they have
  std::vector<Command> commands_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<FdSource>> sources_;
  std::vector<std::unique_ptr<FdSource>> dropped_;  // until the turn's events are through
  std::vector<InputNotice> inputs_;
  ClientQueue gone_;
  std::vector<Notice> notices_;
};

}  // namespace flumen
