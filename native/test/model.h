// The slow, obvious model that the simulation holds against a shard: which bytes each peer must get, and what
// follows from design §4 about who may leave, when and why. It knows the bytes a kernel accepted and nothing
// of the shard's lists.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "core/client/client.h"
#include "core/sink/options.h"
#include "core/timeline/frame.h"
#include "test/model_icy.h"
#include "test/model_told.h"
#include "test/model_wire.h"
#include "test/talker.h"

namespace flumen::test {

struct ModelFrame {
  const uint8_t* data = nullptr;
  uint32_t size = 0;
  uint64_t before = 0;  // media bytes of all earlier frames
  Nanos time = 0;       // running time, up to and including this frame
  Nanos appended = 0;
  bool key = true;
  const ModelState* state = nullptr;  // null: nothing was ever said
  std::string packet = {};            // what a GDP receiver gets in front of it: events, then its header
  size_t events = 0;                  // bytes of events in there
  uint64_t packets_before = 0;        // bytes of all earlier packets
  bool packed = false;                // the shard has had a reason to make the header

  /// What of `packet` the shard keeps.
  size_t packet_kept() const { return packed ? packet.size() : events; }
};

/// Everything that was ever appended.
class ModelStream {
 public:
  void append(const uint8_t* data, uint32_t size, const FrameInfo& info, Nanos arrival,
              const ModelState* state = nullptr, std::string events = "", gdp::Checksums checksums = {});
  /// From now on the headers of packets are made, those of the frames from `tail` on at once; or no more.
  void pack(bool on, uint64_t tail);
  uint64_t next() const { return frames_.size(); }
  uint64_t bytes() const { return bytes_; }
  const ModelFrame& at(uint64_t seq) const { return frames_[seq]; }
  /// Media bytes before frame `seq`, which may be next().
  uint64_t before(uint64_t seq) const { return seq < next() ? frames_[seq].before : bytes_; }
  /// … and bytes of packets.
  uint64_t packets_before(uint64_t seq) const {
    return seq < next() ? frames_[seq].packets_before : packets_;
  }
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
  static constexpr uint64_t kNone = ~uint64_t{0};

 private:
  uint64_t burst(const StartRule& rule, uint64_t tail) const;

  std::vector<ModelFrame> frames_;
  uint64_t bytes_ = 0;
  uint64_t packets_ = 0;
  bool packs_ = false;
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
  ClientRules rules;  // its own
  Await await = Await::kNothing;
  uint64_t due[4] = {};  // amount at its start, by Unit
  size_t appetite = 0;   // bytes its peer reads in a millisecond

  ModelTold told;        // … of the stream's state, and whether its payload is GDP
  const void* run = {};  // what it was told last is a run of bytes that others share, …
  size_t run_bytes = 0;  // … of this size
  ModelIcy icy;

  size_t prologue_at = 0;
  Piece piece;             // what is under way
  uint64_t cursor = 0;     // the shard's; `seq` may be further by frames of no bytes
  uint64_t seq = 0;        // the first frame that no piece has begun
  size_t from_frames = 0;  // how many of the bytes taken last were of frames

  Talker talker;              // WebSocket: what it says
  std::string ping;           // the newest that has no pong
  bool pinged = false;        // there is one
  bool closing = false;       // it has said goodbye, or nonsense
  uint16_t status = 1000;     // of our close frame
  bool end_decided = false;   // whether there is an epilogue, and which: once and for all
  std::string epilogue_left;  // of what was decided, what no piece has begun

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
  bool woken = false;    // the kernel has room again, and no write was tried since
  Nanos stalled_since = 0;
  Nanos deadline = kNever;
  Nanos active_at = 0;        // when the kernel last took a byte; until then when it was added
  Nanos expired_at = kNever;  // when its time was over
  bool idle_blocked = false;  // … by the idle timeout, when the kernel took nothing
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
  void move(const ModelStream& stream, uint64_t to, WorldCounts& counts);
  /// A write was tried: `iov` was offered and `taken` of it taken. Empty when right, else what is wrong.
  std::string take(const ModelStream& stream, std::span<const iovec> iov, size_t taken, WorldCounts& counts);
  /// A write took `taken` of `offered` bytes.
  void wrote(size_t offered, size_t taken, Nanos now);
  /// The shard has read `bytes` of what it said.
  void heard(size_t bytes, WorldCounts& counts);
  /// The stream is over for it: what its framing has to say is decided now.
  void decide_end();

  /// A frame has been begun and not completed.
  bool begun() const { return piece.kind == Piece::Kind::kFrames && piece.at > 0; }
  /// The first frame that nothing of what has been begun belongs to.
  uint64_t unbegun(const ModelStream& stream) const;
  /// Where it is in its bytes, as far as they are of frames.
  uint64_t position(const ModelStream& stream) const;
  uint64_t position(const ModelStream& stream, uint64_t at, uint64_t offset) const {
    return stream.before(at) + (told.gdp ? stream.packets_before(at) : 0) + offset;
  }
  /// With something begun: the frame whose bytes are next.
  uint64_t place(const ModelStream& stream) const;
  /// The first frame of which no byte is out: lag counts from here.
  uint64_t lags_from(const ModelStream& stream) const;
  /// Everything there is for it is out; frames of no bytes count as sent, when no headers belong before them.
  bool caught_up(const ModelStream& stream) const;
  /// The first frame from `seq` on for which something must be sent; next() when there is none.
  uint64_t first_pending(const ModelStream& stream) const;
  bool complete(const ModelStream& stream) const;
  /// A run of bytes that waits for it and lies in memory that others share: raw stream headers, or the rest
  /// of a frame. None: null.
  struct Shared {
    const void* what = nullptr;
    uint64_t bytes = 0;
  };
  Shared shares(const ModelStream& stream) const;
  /// What it is sent of a frame, besides what the framing adds.
  size_t size_of(const ModelFrame& frame) const { return (told.gdp ? frame.packet.size() : 0) + frame.size; }
  /// What waits for it alone: prologue, headers, pong, the rest of a frame, epilogue.
  size_t private_bytes() const;

 private:
  std::string_view bytes_of(const ModelFrame& frame, size_t from) const;
  bool tell(const ModelStream& stream, WorldCounts& counts);
  bool expect_block(Offer& offer);
  std::string begin_piece(const ModelStream& stream, const Offer& offer, WorldCounts& counts);
  std::string begin_pong(const Offer& offer);
  std::string begin_framed(const ModelStream& stream, const Offer& offer);
  void begin_text(Piece::Kind what, std::string text);
  std::string cover(const ModelStream& stream);
  bool expect(const ModelStream& stream, Offer& offer, WorldCounts& counts);
  void finish_piece(const ModelStream& stream, WorldCounts& counts);
  void skip_empty(const ModelStream& stream);
  void complete_begun(const ModelStream& stream, WorldCounts& counts);
  std::string epilogue() const;
};

}  // namespace flumen::test
