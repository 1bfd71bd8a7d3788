// Commands to a loop thread, from any thread, in order. The mutex also publishes the frames' bytes to the
// reader, and settles who wakes it: it falls asleep only while nothing is there, and of all who write
// meanwhile the first one wakes it.
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
  std::shared_ptr<FrameSink> keep;  // kDropShard: the sink whose clients earlier commands may name
};

class Inbox {
 public:
  /// True when the reader must be woken: it sleeps, and nobody has been told so before.
  bool push(Command command) {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
    return std::exchange(asleep_, false);
  }

  /// The reader is about to sleep until it is woken or takes. False when something is there already.
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
  }

 private:
  std::mutex mutex_;
  std::vector<Command> commands_;
  bool asleep_ = false;
};

}  // namespace flumen
