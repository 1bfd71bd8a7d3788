// What the model makes of bytes on the wire: it does not foretell how they are cut into chunks, it takes the
// framing off as a receiver would and says which pieces there are.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/wire/framing.h"

namespace flumen::test {

/// The bytes of one write: those that were taken, and behind them those that were only offered.
class Offer {
 public:
  Offer(std::span<const iovec> iov, size_t taken) : iov_(iov), left_(taken) {}

  /// Bytes taken that nobody has looked at.
  size_t left() const { return left_; }
  /// The next bytes, taken or not; fewer when no more were offered.
  std::string peek(size_t size) const;
  /// Whether the next bytes taken are `want`; goes on behind them.
  bool next_is(std::string_view want);

 private:
  std::span<const iovec> iov_;
  size_t at_ = 0;  // in iov_[0]
  size_t left_;
};

/// What a framing puts before a piece of the stream.
struct Head {
  std::string bytes;  // empty: it is none
  size_t body = 0;
};

/// The head at the beginning of `bytes`.
Head chunk_head(std::string_view bytes);    // RFC 9112 §7.1; the last chunk is none
Head message_head(std::string_view bytes);  // RFC 6455 §5.2: binary, whole, unmasked, in the shortest form
Head head_of(std::string_view bytes, Framing framing);

/// A control frame as a server sends it.
std::string control_frame(uint8_t opcode, std::string_view payload);

/// What goes out in one piece: once it has begun, nothing comes between its bytes.
struct Piece {
  enum class Kind : uint8_t {
    kNone,
    kFrames,    // a frame; as a chunk maybe more
    kRest,      // what was left of one when the cursor was moved
    kHeaders,   // stream headers
    kPong,      // all of it in `text`
    kEpilogue,  // likewise
  };

  Kind kind = Kind::kNone;
  std::string head;
  std::string text;  // the body of what are no frames
  size_t body = 0;
  size_t tail = 0;       // bytes of kTail
  size_t at = 0;         // how much is out
  uint64_t seq = 0;      // frames: the one that the next byte of the body belongs to, …
  size_t within = 0;     // … its place there, …
  uint64_t end_seq = 0;  // … and the first frame behind them
  size_t held = 0;       // what is not of frames: its size at first
  bool plain = false;    // headers, the rest of a frame: nothing but those bytes, which others share, …
  const void* run = {};  // … headers: and which
  size_t begun = 0;      // of frames: where a head or tail stood when it was first cut, + 1; 0: not in one

  static constexpr std::string_view kTail = "\r\n";

  size_t size() const { return head.size() + body + tail; }
  /// What is left of a head or tail of which a part is out, or of a tail that is due: its size at first.
  size_t rest_held() const {
    if (begun == 0) return 0;
    return (begun - 1 < head.size() ? head.size() : size()) - (begun - 1);
  }
  /// Some bytes were taken.
  void note_cut() {
    const bool in_head = at > 0 && at < head.size();
    const bool in_tail = at >= head.size() + body && at < size() && at > 0;
    const bool was_in_head = begun > 0 && begun - 1 < head.size();
    if (!in_head && !in_tail) {
      begun = 0;
    } else if (begun == 0 || (was_in_head && in_tail)) {
      begun = at + 1;
    }
  }
  bool is_private() const { return kind != Kind::kNone && kind != Kind::kFrames; }
};

}  // namespace flumen::test
