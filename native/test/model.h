// The slow, obvious model that the simulation holds against a shard: which bytes each peer must get, and what
// follows from design §4 about who may leave, when and why. It knows the bytes a kernel accepted and nothing
// of the shard's lists.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/client/client.h"
#include "core/sink/options.h"
#include "core/timeline/frame.h"

namespace flumen::test {

struct ModelFrame {
  const uint8_t* data = nullptr;
  uint32_t size = 0;
  uint64_t before = 0;  // media bytes of all earlier frames
  Nanos time = 0;       // running time, up to and including this frame
  Nanos appended = 0;
  bool key = true;
};

/// Everything that was ever appended.
class ModelStream {
 public:
  void append(const uint8_t* data, uint32_t size, const FrameInfo& info, Nanos arrival);
  uint64_t next() const { return frames_.size(); }
  uint64_t bytes() const { return bytes_; }
  const ModelFrame& at(uint64_t seq) const { return frames_[seq]; }
  /// Media bytes before frame `seq`, which may be next().
  uint64_t before(uint64_t seq) const { return seq < next() ? frames_[seq].before : bytes_; }
  uint64_t amount(uint64_t seq, Unit unit) const;
  /// Whether `seq` lies within `limit`; always, when there is none.
  bool within(uint64_t seq, Amount limit) const;
  /// The newest frame with at least `minimum`, the oldest kept when there is none; next() without frames.
  uint64_t reaching(Amount minimum, uint64_t tail) const;
  /// The newest key frame in [from, to], or kNone.
  uint64_t newest_key(uint64_t from, uint64_t to) const;
  /// Where a newcomer starts when frames from `tail` on are kept; kWaitForKey when it waits.
  uint64_t start(const StartRule& rule, uint64_t tail) const;
  /// The oldest frame that a newcomer under `rule` would want kept; next() when none.
  uint64_t needs(const StartRule& rule) const;
  /// Wire bytes of frame `seq`.
  std::string wire(uint64_t seq, Framing framing) const;

  static constexpr uint64_t kNone = ~uint64_t{0};

 private:
  uint64_t burst(const StartRule& rule, uint64_t tail) const;

  std::vector<ModelFrame> frames_;
  uint64_t bytes_ = 0;
  Nanos last_ = 0;
  bool last_timed_ = false;
};

/// One receiver: what it has been sent, checked byte by byte as it comes.
struct ModelPeer {
  Client* client = nullptr;
  int fd = -1;
  FdKind kind = FdKind::kSocket;
  Framing framing = Framing::kRaw;
  std::string prologue;
  uint64_t start = 0;
  bool own_rules = false;
  ClientRules rules;  // with own_rules
  Await await = Await::kNothing;
  uint64_t due[4] = {};  // amount at its start, by Unit
  size_t appetite = 0;   // bytes its peer reads in a millisecond

  size_t prologue_at = 0;
  std::string rest;  // of a frame begun when the cursor was moved
  size_t rest_at = 0;
  uint64_t cursor = 0;  // the shard's; `seq` may be further by frames of no bytes
  uint64_t seq = 0;
  size_t offset = 0;       // wire bytes of frame `seq` that are out
  size_t from_frames = 0;  // how many of the bytes taken last were of frames
  size_t epilogue_at = 0;

  uint64_t stop = Client::kNoStop;
  Reason stop_reason = Reason::kNone;
  bool fin = false;
  bool late = false;  // added after end()
  bool remove_asked = false;
  bool flush_asked = false;
  uint64_t dropped = 0;
  uint64_t recovered =
      0;  // since it caught up: the newest key frame then, + 1; kNoKeyYet when there was none
  bool ever_caught_up = false;
  bool stalled = false;  // the naive stall clock
  Nanos stalled_since = 0;
  Nanos fin_sent_at = 0;
  bool may_reset = false;
  bool here = true;
  Reason reason = Reason::kNone;

  static constexpr uint64_t kNoKeyYet = ~uint64_t{0};

  /// It starts at `at`, or waits.
  void begin(const ModelStream& stream, uint64_t at);
  /// It leaves when it has everything up to now. False when its end was set before.
  bool end_at(uint64_t at, Reason why);
  /// The frame at `to` is next; what was begun is completed.
  void move(const ModelStream& stream, uint64_t to);
  /// Checks `bytes`, which go out now. Empty when right, else what is wrong.
  std::string take(const ModelStream& stream, std::span<const uint8_t> bytes);
  /// A write took `taken` of `offered` bytes.
  void wrote(size_t offered, size_t taken, Nanos now);
  /// Everything there is for it is out; frames of no bytes count as sent.
  bool caught_up(const ModelStream& stream) const;
  bool epilogue_due() const { return framing == Framing::kChunked && stop_reason == Reason::kEnded; }
  bool complete(const ModelStream& stream) const;
  /// Prologue, rest or epilogue that waits.
  size_t private_bytes() const;

 private:
  void skip_empty(const ModelStream& stream);
};

}  // namespace flumen::test
