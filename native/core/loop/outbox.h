// What the loops have to tell the environment: what clients sent, clients that left, and notices. Nothing is
// copied for a client: its record stays in its slot until it is drained, so nothing is ever dropped. A bell
// is rung, at most once until the next drain. Any thread delivers; the environment's thread drains.
#pragma once

#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/client/report.h"

namespace flumen {

/// Wakes the environment's thread. Any thread.
class Bell {
 public:
  virtual ~Bell() = default;
  virtual void ring() = 0;
};

struct Notice {
  /// Numbers are the addon's wire format for lib/binding.ts.
  enum class Kind : uint8_t {
    kSinkFinished = 2,
    kSourceEnded,
    kSourceFailed,
    kSourceTimeout,
    kSourceClosed,
    kClientReport,
    kClientSettled,  // a command about this client has been obeyed: the loop looks at its slot no more
    kSinkDump,
    kSinkDrained = 11,  // whoever pushes may go on (pace: wait); 10 is an InputNotice
    kSourceBroken,      // `text`: the fault's code, a space, and what is wrong
    kSourceNote,        // `text`: a StreamNote's; this and those behind it, by its kind
  };

  Kind kind = Kind::kSinkFinished;
  uint32_t id = 0;  // of the sink or source
  Error error;
  uint64_t offset = 0;  // of a source's error in the body; kSinkDump: which of the sink's shards
  uint64_t packet = 0;  // kSourceBroken, kSourceNote: packets before it
  uint32_t serial = 0;  // of the source's attach, or the number of the request
  // kClientReport, kClientSettled
  Client* client = nullptr;
  std::unique_ptr<ClientReport> report;
  std::string text;  // kSinkDump, kSourceBroken, kSourceNote
};

/// What a client has sent. Drained before the client is: its slot is still its own.
struct InputNotice {
  Client* client = nullptr;
  BlockSlice bytes;
};

class Outbox {
 public:
  explicit Outbox(Bell& bell) : bell_(bell) {}

  /// Takes everything out of all three; called by a loop once a turn.
  void deliver(std::vector<InputNotice>& inputs, ClientQueue& gone, std::vector<Notice>& notices) {
    if (inputs.empty() && gone.empty() && notices.empty()) return;
    bool ring = false;
    {
      const std::lock_guard lock(mutex_);
      inputs_.insert(inputs_.end(), std::make_move_iterator(inputs.begin()),
                     std::make_move_iterator(inputs.end()));
      inputs.clear();
      while (Client* client = gone.pop_front()) gone_.push_back(client);
      notices_.insert(notices_.end(), std::make_move_iterator(notices.begin()),
                      std::make_move_iterator(notices.end()));
      notices.clear();
      ring = !rung_;
      rung_ = true;
    }
    if (ring) bell_.ring();
  }

  /// The environment begins to drain: later deliveries ring again.
  void answer() {
    const std::lock_guard lock(mutex_);
    rung_ = false;
  }

  bool take_input(InputNotice& input) {
    const std::lock_guard lock(mutex_);
    if (inputs_.empty()) return false;
    input = std::move(inputs_.front());
    inputs_.pop_front();
    return true;
  }

  /// All that left; what one has sent comes before it only if inputs are taken first.
  Client* take_client() {
    const std::lock_guard lock(mutex_);
    return inputs_.empty() ? gone_.pop_front() : nullptr;
  }

  /// All notices; a sink's finish comes after its last client only if clients are taken first.
  bool take_notice(Notice& notice) {
    const std::lock_guard lock(mutex_);
    if (notices_.empty() || !gone_.empty() || !inputs_.empty()) return false;
    notice = std::move(notices_.front());
    notices_.pop_front();
    return true;
  }

 private:
  Bell& bell_;
  std::mutex mutex_;
  std::deque<InputNotice> inputs_;
  ClientQueue gone_;
  std::deque<Notice> notices_;
  bool rung_ = false;
};

}  // namespace flumen
