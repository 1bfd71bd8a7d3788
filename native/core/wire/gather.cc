#include "core/wire/gather.h"

#include <algorithm>
#include <cstring>

namespace flumen {

namespace {

// The block of an unchanged title: a length of none.
constexpr uint8_t kNoNews = 0;

class Builder {
 public:
  explicit Builder(Gather& gather) : gather_(gather) {
    gather_.bytes = 0;
    gather_.iov_count = 0;
  }

  /// For whatever may belong to one frame: a head or block, a packet, media, a tail.
  bool has_room(bool gdp) const { return gather_.iov_count + (gdp ? 4 : 3) <= Gather::kIovMax; }

  void put(const void* data, size_t size, Piece piece) {
    auto* start = static_cast<uint8_t*>(const_cast<void*>(data));
    gather_.bytes += size;
    if (piece == Piece::kMedia && gather_.iov_count > 0 && gather_.piece[last()] == Piece::kMedia) {
      iovec& before = gather_.iov[last()];
      if (static_cast<uint8_t*>(before.iov_base) + before.iov_len == start) {
        before.iov_len += size;
        return;
      }
    }
    ++gather_.iov_count;
    gather_.iov[last()] = iovec{start, size};
    gather_.piece[last()] = piece;
  }

  void put_head(const Wrap& wrap, uint32_t announced) {
    std::array<char, Wrap::kHeadMax>& room = gather_.heads[static_cast<size_t>(gather_.iov_count)];
    room = wrap.head;
    put(room.data(), wrap.head_size, Piece::kHead);
    gather_.announced[last()] = announced;
  }

 private:
  size_t last() const { return static_cast<size_t>(gather_.iov_count - 1); }

  Gather& gather_;
};

// Bytes of the chunk or message that begins with frame `seq`: it ends with a frame.
uint32_t run_size(const Timeline& timeline, uint64_t seq, uint64_t end, const WireFormat& format) {
  const Frame& first = timeline.at(seq);
  uint32_t size = body_size(first, format);
  if (format.framing == Framing::kWebsocket) return size;
  while (++seq < end) {
    const Frame& frame = timeline.at(seq);
    const uint32_t more = body_size(frame, format);
    if (size + uint64_t{more} > kChunkBytes || !(frame.state == first.state)) break;
    size += more;
  }
  return size;
}

// `place` and so many bytes of the body on. Packets are part of no prefix sum: frame by frame.
WirePlace packets_on(const Timeline& timeline, WirePlace place, const WireFormat& format, uint64_t bytes) {
  while (bytes > 0) {
    const uint32_t left = body_size(timeline.at(place.seq), format) - place.offset;
    if (bytes < left) {
      place.offset += static_cast<uint32_t>(bytes);
      break;
    }
    bytes -= left;
    ++place.seq;
    place.offset = 0;
  }
  return place;
}

WirePlace bytes_on(const Timeline& timeline, WirePlace place, uint64_t bytes) {
  const uint64_t position = timeline.bytes_before(place.seq) + place.offset + bytes;
  place.seq = timeline.frame_at_byte(position);
  place.offset = static_cast<uint32_t>(position - timeline.bytes_before(place.seq));
  return place;
}

void put_block(Builder& builder, const StateRef& state, bool with_title) {
  if (with_title) {
    const std::string_view block = state->title_block();
    builder.put(block.data(), block.size(), Piece::kBlock);
  } else {
    builder.put(&kNoNews, 1, Piece::kBlock);
  }
}

}  // namespace

uint64_t begun_until(const Timeline& timeline, const WirePlace& place, const WireFormat& format) {
  if (place.owed == 0) return place.offset > 0 ? place.seq + 1 : place.seq;
  return format.gdp ? packets_on(timeline, place, format, place.owed).seq
                    : bytes_on(timeline, place, place.owed).seq;
}

void gather_from(const Timeline& timeline, const WirePlace& from, const WireFormat& format, uint64_t stop,
                 size_t budget, Gather& gather) {
  gather.from = from;
  gather.format = format;
  gather.stop = stop;
  Builder builder(gather);
  WirePlace at = from;
  bool title_due = format.title_due;
  const bool announced = announces(format.framing);
  const bool icy = format.framing == Framing::kIcy;
  const uint64_t end = std::min(timeline.next(), stop);
  const StateRef* state = at.seq < end ? &timeline.at(at.seq).state : nullptr;
  while (at.seq < end && budget > 0 && builder.has_room(format.gdp)) {
    const Frame& frame = timeline.at(at.seq);
    // Something may have to go out in front of a frame of another state.
    if (!(frame.state == *state)) break;
    const uint32_t packet = body_size(frame, format) - frame.size();
    if (packet + frame.size() > 0) {
      if (announced && at.owed == 0) {
        at.owed = run_size(timeline, at.seq, end, format);
        builder.put_head(wrap_for(at.owed, format.framing), at.owed);
      }
      if (icy && at.until_block == 0) {
        put_block(builder, *state, std::exchange(title_due, false));
        at.until_block = format.icy_interval;
      }
      if (at.offset < packet) {
        const uint32_t left = packet - at.offset;
        builder.put(frame.packet.data() + at.offset, left, Piece::kPacket);
        at.offset = packet;
        if (announced) at.owed -= left;
      }
      // A frame bigger than the budget is offered in pieces: fairness holds for huge frames too.
      size_t size = std::min<size_t>(packet + frame.size() - at.offset, budget);
      if (icy) size = std::min<size_t>(size, at.until_block);
      if (size > 0) builder.put(frame.data() + (at.offset - packet), size, Piece::kMedia);
      budget -= size;
      at.offset += static_cast<uint32_t>(size);
      if (announced) at.owed -= static_cast<uint32_t>(size);
      if (icy) at.until_block -= static_cast<uint32_t>(size);
      const Wrap wrap = wrap_for(1, format.framing);
      if (announced && at.owed == 0 && wrap.tail_size > 0)
        builder.put(wrap.tail, wrap.tail_size, Piece::kTail);
    }
    if (at.offset < packet + frame.size()) continue;
    ++at.seq;
    at.offset = 0;
  }
  gather.end = at;
  gather.title_due_after = title_due;
}

Consumed consume(const Timeline& timeline, const Gather& gather, size_t sent) {
  Consumed now{gather.from, gather.format.title_due, {}};
  uint64_t body = 0;
  for (size_t i = 0; i < static_cast<size_t>(gather.iov_count); ++i) {
    const iovec& iov = gather.iov[i];
    const size_t taken = std::min(sent, iov.iov_len);
    const Piece piece = gather.piece[i];
    // A tail is due as soon as the last byte before it is out.
    if (taken == 0 && piece != Piece::kTail) break;
    sent -= taken;
    if (piece == Piece::kMedia || piece == Piece::kPacket) {
      body += taken;
      if (announces(gather.format.framing)) now.place.owed -= static_cast<uint32_t>(taken);
      if (gather.format.framing == Framing::kIcy) now.place.until_block -= static_cast<uint32_t>(taken);
    } else if (piece == Piece::kHead) {
      now.place.owed = gather.announced[i];
    } else if (piece == Piece::kBlock) {
      now.place.until_block = gather.format.icy_interval;
      now.title_due = false;
    }
    if (taken == iov.iov_len) continue;
    if (piece != Piece::kMedia && piece != Piece::kPacket)
      now.begun = {static_cast<const uint8_t*>(iov.iov_base) + taken, iov.iov_len - taken};
    break;
  }
  const WirePlace reached = gather.format.gdp ? packets_on(timeline, now.place, gather.format, body)
                                              : bytes_on(timeline, now.place, body);
  now.place.seq = reached.seq;
  now.place.offset = reached.offset;
  return now;
}

}  // namespace flumen
