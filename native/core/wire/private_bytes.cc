#include "core/wire/private_bytes.h"

#include <utility>
#include <vector>

namespace flumen {

BlockSlice wire_until(const Timeline& timeline, uint64_t stop, WireFormat& format, WirePlace& place,
                      BlockSlice before, Ledger& ledger) {
  Gather gather;
  std::vector<uint8_t> joined;
  if (before) joined.assign(before.data(), before.data() + before.size);
  while (place.seq < stop) {
    gather_from(timeline, place, format, stop, SIZE_MAX, gather);
    const Frame& frame = timeline.at(place.seq);
    const uint32_t left = body_size(frame, format) - place.offset;
    const bool plain = gather.iov_count == 1 && gather.piece[0] == Piece::kMedia && gather.bytes == left;
    const uint32_t offset = frame.bytes.offset + frame.size() - left;
    place = gather.end;
    format.title_due = gather.title_due_after;
    // Frames of no bytes may lie behind it, which are nothing but as packets.
    const bool over =
        place.seq >= stop || (!format.gdp && timeline.bytes_before(place.seq) == timeline.bytes_before(stop));
    if (plain && joined.empty() && over) return {frame.bytes.block, offset, left};
    for (size_t i = 0; i < static_cast<size_t>(gather.iov_count); ++i) {
      const auto* from = static_cast<const uint8_t*>(gather.iov[i].iov_base);
      joined.insert(joined.end(), from, from + gather.iov[i].iov_len);
    }
  }
  if (joined.empty()) return before;
  return copy_to_slice(ledger, joined);
}

BlockSlice framed(const BlockSlice& bytes, const StateRef& state, WireFormat& format, WirePlace& place,
                  BlockSlice before, Ledger& ledger) {
  if (format.framing == Framing::kRaw && !before) return bytes;
  Frame frame;
  frame.bytes = bytes;
  frame.state = state;
  Timeline alone;
  alone.append(std::move(frame));
  WirePlace at = place;
  at.seq = 0;
  at.offset = 0;
  // They come as they are, whatever the frames are packed in.
  const bool gdp = std::exchange(format.gdp, false);
  BlockSlice wire = wire_until(alone, 1, format, at, std::move(before), ledger);
  place.until_block = at.until_block;
  format.gdp = gdp;
  return wire;
}

}  // namespace flumen
