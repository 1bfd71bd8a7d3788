// Commands to a loop thread, from any thread, in order. The mutex also publishes the frames' bytes to the
// reader, and settles who wakes it: it falls asleep only while nothing is there, and of all who write
// meanwhile the first one wakes it whose command cannot wait. A frame can for as long as its shard is
// patient.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/sink/shard.h"
#include "core/source/fd_source.h"

namespace flumen {

struct Command {
  enum class Kind : uint8_t {
    kAppend,
    kAdd,
    kRemove,
    kFlushRemove,
    kSetLag,
    kSetDeadline,
    kAcknowledge,
    kReport,
    kDump,
    kClear,
    kEnd,
    kClose,
    kOpenShard,
    kDropShard,
    kAttach,
    kResume,
    kDropSource,
    kSqueeze,
    kStop,
  };

  Kind kind = Kind::kAppend;
  Shard* shard = nullptr;
  Client* client = nullptr;
  FdSource* source = nullptr;
  std::unique_ptr<Feed> feed;       // kAttach
  Frame frame;                      // kAppend
  LagRule lag;                      // kSetLag
  uint32_t request = 0;             // kReport, kDump: comes back with the answer; kAcknowledge: the cost
  uint32_t place = 0;               // kDump: comes back too, which of the sink's shards this is
  Nanos deadline = kNever;          // kSetDeadline
  Nanos pushed = 0;                 // kAppend: when
  std::shared_ptr<FrameSink> keep;  // kDropShard: the sink whose clients earlier commands may name
};

class Inbox {
 public:
  explicit Inbox(Ledger& ledger) : ledger_(ledger) {}
  ~Inbox() { count(-counted_); }
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// True when the reader must be woken: it sleeps, has no patience for this command, and nobody has been
  /// told so before.
  bool push(Command command) {
    const std::lock_guard lock(mutex_);
    const bool waits = asleep_ && can_wait(command);
    const size_t before = commands_.capacity();
    commands_.push_back(std::move(command));
    if (commands_.capacity() != before) count(bytes_of(commands_.capacity() - before));
    return !waits && std::exchange(asleep_, false);
  }

  /// The reader is about to sleep until it is woken or takes, and has set what its shards are patient for.
  /// False when something is there already.
  bool sleep() {
    const std::lock_guard lock(mutex_);
    asleep_ = commands_.empty();
    return asleep_;
  }

  /// The reader is awake. Swaps everything out; `into` must be empty and lends its capacity.
  void take(std::vector<Command>& into) {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
    into.swap(commands_);
    // What a flood of commands needed is given back when it is over.
    if (commands_.capacity() > kKept && commands_.capacity() / 8 > into.size()) {
      count(-bytes_of(commands_.capacity()));
      std::vector<Command>().swap(commands_);
    }
  }

 private:
  static constexpr size_t kKept = 1024;

  // While the reader sleeps its shards' patience is under this mutex.
  static bool can_wait(const Command& command) {
    if (command.kind != Command::Kind::kAppend) return false;
    return command.shard->patience().spend(size_t{command.frame.bytes.size} + command.frame.packet.size);
  }
  static int64_t bytes_of(size_t commands) { return static_cast<int64_t>(commands * sizeof(Command)); }
  void count(int64_t bytes) {
    counted_ += bytes;
    ledger_.live_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }

  Ledger& ledger_;
  std::mutex mutex_;
  std::vector<Command> commands_;
  bool asleep_ = false;
  int64_t counted_ = 0;  // in the ledger: what this vector and the one lent have
};

}  // namespace flumen
