// What a client is sent next, as a gather list: wire bytes from a cursor up to the newest frame, within a
// budget. Neighbouring frames that lie contiguous in a block become one iovec. The list borrows the
// timeline's bytes: it is valid until the timeline is trimmed. Single-threaded scratch, reused by all clients
// at the same cursor.
#pragma once

#include <sys/uio.h>

#include <array>

#include "core/timeline/timeline.h"
#include "core/wire/wrap.h"

namespace flumen {

struct Gather {
  static constexpr int kIovMax = 64;
  uint64_t seq = 0;  // the cursor it was made for
  uint32_t offset = 0;
  Framing framing = Framing::kRaw;
  uint64_t stop = 0;
  uint64_t end_seq = 0;  // the cursor when all of it has been sent
  uint32_t end_offset = 0;
  size_t bytes = 0;
  int iov_count = 0;
  std::array<iovec, kIovMax> iov;
  std::array<std::array<char, Wrap::kHeadMax>, kIovMax> scratch;  // heads, which exist nowhere else

  bool made_for(uint64_t from_seq, uint32_t from_offset, Framing with, uint64_t until) const {
    return from_seq == seq && from_offset == offset && with == framing && until == stop;
  }
};

/// Wire bytes of one frame under `framing`.
size_t wire_size(const Frame& frame, Framing framing);

/// Fills `gather` for a cursor; at most `budget` bytes, rounded up to the end of the last frame begun when
/// that frame fits the iovec array. Stops before frame `stop`, and before the first frame
/// of another stream state.
void gather_from(const Timeline& timeline, uint64_t seq, uint32_t offset, Framing framing, uint64_t stop,
                 size_t budget, Gather& gather);

/// The wire bytes of `bytes` (a frame, or stream headers) behind the first `offset` ones: shared where that
/// is possible, else a copy.
BlockSlice framed(const BlockSlice& bytes, Framing framing, uint32_t offset, Ledger& ledger);

/// Moves a cursor forward by `sent` wire bytes.
void advance(const Timeline& timeline, Framing framing, uint64_t sent, uint64_t& seq, uint32_t& offset);

}  // namespace flumen
