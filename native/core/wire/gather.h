// What a client is sent next, as a gather list: its bytes from a place up to the newest frame, within a
// budget. The list is a sequence of pieces: media and GDP packet heads, which lie in the frames and are never
// copied, and extras, which the framing puts in between. Neighbouring frames that lie contiguous in a block
// become one piece. It borrows the timeline's bytes: it is valid until the timeline is trimmed.
// Single-threaded scratch, shared by all clients at the same place.
#pragma once

#include <sys/uio.h>

#include <array>
#include <span>

#include "core/timeline/timeline.h"
#include "core/wire/place.h"
#include "core/wire/wrap.h"

namespace flumen {

enum class Piece : uint8_t {
  kMedia,
  kPacket,  // GDP: what comes in front of a frame's bytes
  kHead,    // of a chunk or message
  kTail,    // of a chunk
  kBlock,   // ICY metadata
};

struct Gather {
  static constexpr int kIovMax = 64;
  WirePlace from;  // the place it was made for
  WireFormat format;
  uint64_t stop = 0;
  WirePlace end;  // the place when all of it has been sent
  bool title_due_after = false;
  size_t bytes = 0;
  int iov_count = 0;
  std::array<iovec, kIovMax> iov;
  std::array<Piece, kIovMax> piece;
  std::array<uint32_t, kIovMax> announced;                      // by a kHead
  std::array<std::array<char, Wrap::kHeadMax>, kIovMax> heads;  // they exist nowhere else

  bool made_for(const WirePlace& place, const WireFormat& with, uint64_t until) const {
    return place == from && with == format && until == stop;
  }
};

/// A chunk covers whole frames of at most so many bytes together, or one bigger frame.
inline constexpr uint32_t kChunkBytes = 16 * 1024;

/// What a client of this format is sent of a frame, besides what the framing adds.
inline uint32_t body_size(const Frame& frame, const WireFormat& format) {
  return (format.gdp ? frame.packet.size : 0) + frame.size();
}

/// The first frame that none of what is begun at `place` belongs to: a frame, chunk or message.
uint64_t begun_until(const Timeline& timeline, const WirePlace& place, const WireFormat& format);

/// Fills `gather` for a place; at most `budget` media bytes. Stops before frame `stop`, and before the first
/// frame of another stream state.
void gather_from(const Timeline& timeline, const WirePlace& from, const WireFormat& format, uint64_t stop,
                 size_t budget, Gather& gather);

/// What a part of a gather list leaves a client with.
struct Consumed {
  WirePlace place;  // as if `begun` were out as well
  bool title_due = false;
  /// The rest of an extra of which a part is out, or a tail that is due: must go out next.
  std::span<const uint8_t> begun;
};

/// The kernel has taken the first `sent` bytes of `gather`, more than none.
Consumed consume(const Timeline& timeline, const Gather& gather, size_t sent);

}  // namespace flumen
