#include "core/wire/gather.h"

#include <algorithm>
#include <cstring>

#include "core/wire/wrap.h"

namespace flumen {

namespace {

class Builder {
 public:
  explicit Builder(Gather& gather) : gather_(gather) {
    gather_.bytes = 0;
    gather_.iov_count = 0;
  }

  bool room_for(int iovs) const { return gather_.iov_count + iovs <= Gather::kIovMax; }

  void put(const void* data, size_t size) {
    if (size == 0) return;
    auto* start = static_cast<uint8_t*>(const_cast<void*>(data));
    if (gather_.iov_count > 0) {
      iovec& last = gather_.iov[static_cast<size_t>(gather_.iov_count - 1)];
      if (static_cast<uint8_t*>(last.iov_base) + last.iov_len == start) {
        last.iov_len += size;
        gather_.bytes += size;
        return;
      }
    }
    gather_.iov[static_cast<size_t>(gather_.iov_count++)] = iovec{start, size};
    gather_.bytes += size;
  }

  // Copies framing bytes into the gather's own scratch, for they exist nowhere else.
  void put_copy(const char* data, size_t size) {
    char* room = gather_.scratch[static_cast<size_t>(gather_.iov_count)].data();
    std::memcpy(room, data, size);
    put(room, size);
  }

 private:
  Gather& gather_;
};

void put_wrapped(Builder& builder, const BlockSlice& bytes, Framing framing, size_t skip) {
  const Wrap wrap = wrap_for(bytes.size, framing);
  if (skip < wrap.head_size) builder.put_copy(wrap.head.data() + skip, wrap.head_size - skip);
  skip -= std::min(skip, wrap.head_size);
  if (skip < bytes.size) builder.put(bytes.data() + skip, bytes.size - skip);
  skip -= std::min<size_t>(skip, bytes.size);
  if (skip < wrap.tail_size) builder.put(wrap.tail + skip, wrap.tail_size - skip);
}

}  // namespace

size_t wire_size(const Frame& frame, Framing framing) {
  if (framing == Framing::kRaw) return frame.size();
  const Wrap wrap = wrap_for(frame.size(), framing);
  return wrap.head_size + frame.size() + wrap.tail_size;
}

void gather_from(const Timeline& timeline, uint64_t seq, uint32_t offset, Framing framing, uint64_t stop,
                 size_t budget, Gather& gather) {
  gather.seq = seq;
  gather.offset = offset;
  gather.framing = framing;
  gather.stop = stop;
  Builder builder(gather);
  const uint64_t end = std::min(timeline.next(), stop);
  const int iovs_per_frame = framing == Framing::kRaw ? 1 : 3;
  const uint64_t first = seq;
  while (seq < end && gather.bytes < budget && builder.room_for(iovs_per_frame)) {
    const Frame& frame = timeline.at(seq);
    // Something may have to go out in front of a frame of another state.
    if (!(frame.state == timeline.at(first).state)) break;
    const size_t left = wire_size(frame, framing) - offset;
    if (framing != Framing::kRaw) {
      put_wrapped(builder, frame.bytes, framing, offset);
    } else {
      // A frame bigger than the budget is offered in pieces: fairness holds for huge frames too.
      const size_t piece = std::min(left, budget - gather.bytes);
      builder.put(frame.data() + offset, piece);
      if (piece < left) {
        offset += static_cast<uint32_t>(piece);
        break;
      }
    }
    ++seq;
    offset = 0;
  }
  gather.end_seq = seq;
  gather.end_offset = offset;
}

BlockSlice framed(const BlockSlice& bytes, Framing framing, uint32_t offset, Ledger& ledger) {
  if (framing == Framing::kRaw) return {bytes.block, bytes.offset + offset, bytes.size - offset};
  Gather gather;
  Builder builder(gather);
  put_wrapped(builder, bytes, framing, offset);
  BlockSlice rest{BlockRef(Block::create(ledger, gather.bytes)), 0, static_cast<uint32_t>(gather.bytes)};
  uint8_t* to = rest.data();
  for (int i = 0; i < gather.iov_count; ++i) {
    const iovec& piece = gather.iov[static_cast<size_t>(i)];
    std::memcpy(to, piece.iov_base, piece.iov_len);
    to += piece.iov_len;
  }
  return rest;
}

void advance(const Timeline& timeline, Framing framing, uint64_t sent, uint64_t& seq, uint32_t& offset) {
  if (framing == Framing::kRaw) {
    const uint64_t position = timeline.bytes_before(seq) + offset + sent;
    seq = timeline.frame_at_byte(position);
    offset = static_cast<uint32_t>(position - timeline.bytes_before(seq));
    return;
  }
  sent += offset;
  while (seq < timeline.next()) {
    const size_t size = wire_size(timeline.at(seq), framing);
    if (sent < size) break;
    sent -= size;
    ++seq;
  }
  offset = static_cast<uint32_t>(sent);
}

}  // namespace flumen
