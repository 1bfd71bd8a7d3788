// The receiving half of the model: what one peer must be sent, and when all of it is out.
#include <algorithm>

#include "test/model.h"
#include "test/world_counts.h"

namespace flumen::test {

namespace {

constexpr uint8_t kClose = 8;
constexpr uint8_t kPong = 10;

}  // namespace

void ModelPeer::begin(const ModelStream& stream, uint64_t at) {
  await = at == kWaitForKey ? Await::kKeyframe : Await::kNothing;
  start = seq = cursor = at == kWaitForKey ? stream.next() : at;
  for (const Unit unit : {Unit::kFrames, Unit::kBytes, Unit::kTime}) {
    due[static_cast<size_t>(unit)] = stream.amount(seq, unit);
  }
}

bool ModelPeer::end_at(uint64_t at, Reason why) {
  if (stop != Client::kNoStop) return false;
  stop = at;
  stop_reason = why;
  if (await != Await::kNothing) {
    await = Await::kNothing;
    seq = cursor = at;
  }
  return true;
}

void ModelPeer::move(const ModelStream& stream, uint64_t to, WorldCounts& counts) {
  if (begun()) complete_begun(stream, counts);
  dropped += to - cursor;
  seq = cursor = to;
}

// What is left of the frames begun becomes bytes of its own: of one frame the very ones that others share,
// where nothing else stands between them.
void ModelPeer::complete_begun(const ModelStream& stream, WorldCounts& counts) {
  for (uint64_t at = seq; at < piece.end_seq; ++at) told.tell(stream.at(at).state);
  cursor = unbegun(stream);
  const ModelFrame& frame = stream.at(piece.seq);
  const size_t packet = size_of(frame) - frame.size;
  piece.plain = piece.tail == 0 && piece.at >= piece.head.size() && piece.within >= packet;
  piece.kind = Piece::Kind::kRest;
  if (packet > 0 && piece.within < packet) ++counts.packet_rests;
  if (icy.interval > 0) {
    const std::string block = icy.block.substr(icy.at);
    const std::string_view body = bytes_of(frame, piece.within);
    piece.text = block + icy.spliced(body, frame.state == nullptr ? "" : frame.state->title(), counts);
    piece.plain = piece.text.size() == body.size();
    if (!piece.plain) ++counts.block_rests;
    icy.block_out(block.size());
    piece.at = 0;
    piece.body = piece.text.size();
  }
  piece.held = piece.size() - piece.at;
}

std::string_view ModelPeer::bytes_of(const ModelFrame& frame, size_t from) const {
  const size_t packet = size_of(frame) - frame.size;
  if (from < packet) return std::string_view(frame.packet).substr(from);
  return std::string_view(reinterpret_cast<const char*>(frame.data), frame.size).substr(from - packet);
}

std::string ModelPeer::take(const ModelStream& stream, std::span<const iovec> iov, size_t taken,
                            WorldCounts& counts) {
  Offer offer(iov, taken);
  from_frames = run_bytes = 0;
  run = nullptr;
  for (bool first = true; first || offer.left() > 0; first = false) {
    if (prologue_at < prologue.size()) {
      const size_t size = std::min(prologue.size() - prologue_at, offer.left());
      if (!offer.next_is(std::string_view(prologue).substr(prologue_at, size)))
        return "wrong bytes in the prologue";
      prologue_at += size;
      continue;
    }
    if (icy.under_way()) {
      if (!expect_block(offer)) return "wrong bytes in a title";
      continue;
    }
    if (piece.kind == Piece::Kind::kNone) {
      if (const std::string wrong = begin_piece(stream, offer, counts); !wrong.empty()) return wrong;
    }
    const size_t left = offer.left();
    if (!expect(stream, offer, counts)) return "wrong bytes at frame " + std::to_string(piece.seq);
    if (piece.kind == Piece::Kind::kFrames) from_frames += left - offer.left();
    if (piece.at == piece.size()) finish_piece(stream, counts);
  }
  if (taken > 0 && piece.kind == Piece::Kind::kHeaders) ++counts.headers_cut;
  if (taken > 0 && piece.kind == Piece::Kind::kPong) ++counts.pongs_cut;
  if (icy.under_way() && icy.held == 0) {
    icy.held = icy.block.size() - icy.at;
    ++counts.blocks_cut;
  }
  if (begun() && told.gdp && piece.within > 0 && piece.within < stream.at(piece.seq).packet.size())
    ++counts.packets_cut;
  if (piece.kind == Piece::Kind::kFrames) piece.note_cut();
  // What was only offered may still become something else, but for bytes of its own.
  if (piece.kind == Piece::Kind::kFrames && piece.at == 0) piece = {};
  skip_empty(stream);
  return "";
}

// What comes next, as a receiver would say when it sees the first bytes.
std::string ModelPeer::begin_piece(const ModelStream& stream, const Offer& offer, WorldCounts& counts) {
  if (framing == Framing::kWebsocket && offer.peek(1) == "\x8a") return begin_pong(offer);
  if (await != Await::kNothing) return "bytes although it waits";
  for (const uint64_t end = std::min(stop, stream.next()); seq < end; ++seq) {
    if (tell(stream, counts)) return begin_framed(stream, offer);
    if (size_of(stream.at(seq)) == 0) continue;
    piece.kind = Piece::Kind::kFrames;
    return begin_framed(stream, offer);
  }
  decide_end();
  if (epilogue_left.empty()) return "bytes after the end, at frame " + std::to_string(seq);
  begin_text(Piece::Kind::kEpilogue, std::exchange(epilogue_left, {}));
  return "";
}

// What the frame at `seq` is the first one to need; false when that is nothing.
bool ModelPeer::tell(const ModelStream& stream, WorldCounts& counts) {
  const ModelState* state = stream.at(seq).state;
  ModelTold curious = told;
  curious.resend = true;
  const bool newcomer = told.parts[0] == nullptr;
  const ModelTold::Due fresh = told.tell(state);
  if (!told.resend && curious.tell(state).bytes != fresh.bytes) ++counts.headers_kept;
  if (fresh.bytes.empty()) return false;
  if (told.gdp && !newcomer) ++counts.parts_told;
  if (fresh.apart) ++counts.parts_apart;
  begin_text(Piece::Kind::kHeaders, icy.spliced(fresh.bytes, state == nullptr ? "" : state->title(), counts));
  piece.plain = !announces(framing) && piece.body == fresh.bytes.size();
  if (piece.body != fresh.bytes.size()) ++counts.headers_spliced;
  piece.run = run = piece.plain ? fresh.shared : nullptr;
  run_bytes = piece.body;
  return true;
}

std::string ModelPeer::begin_pong(const Offer& offer) {
  if (!pinged) return "a pong that nobody asked for";
  begin_text(Piece::Kind::kPong, control_frame(kPong, ping));
  pinged = false;
  return offer.peek(piece.body) == piece.text ? "" : "a pong that does not answer the newest ping";
}

void ModelPeer::begin_text(Piece::Kind what, std::string text) {
  piece.kind = what;
  piece.text = std::move(text);
  piece.body = piece.held = piece.text.size();
}

// A frame or headers, in the framing's own clothes.
std::string ModelPeer::begin_framed(const ModelStream& stream, const Offer& offer) {
  size_t body = piece.body;
  if (announces(framing)) {
    Head head = head_of(offer.peek(12), framing);
    if (head.bytes.empty()) return "not framed, at frame " + std::to_string(seq);
    piece.head = std::move(head.bytes);
    piece.tail = framing == Framing::kChunked ? Piece::kTail.size() : 0;
    body = head.body;
  }
  if (piece.kind == Piece::Kind::kHeaders) {
    piece.held = piece.size();
    return body == piece.body ? "" : "headers framed as " + std::to_string(body) + " bytes";
  }
  piece.seq = seq;
  piece.body = announces(framing) ? body : size_of(stream.at(seq));
  return cover(stream);
}

// Which frames the piece is made of: whole ones; a message is one, a chunk may be a run between which no
// headers belong.
std::string ModelPeer::cover(const ModelStream& stream) {
  const uint64_t end = std::min(stop, stream.next());
  ModelTold had = told;
  size_t covered = 0;
  for (piece.end_seq = seq; covered < piece.body; ++piece.end_seq) {
    if (piece.end_seq == end) return "a piece of more than there is, from frame " + std::to_string(seq);
    const ModelFrame& frame = stream.at(piece.end_seq);
    if (!had.tell(frame.state).bytes.empty())
      return "frame " + std::to_string(piece.end_seq) + " without its headers";
    covered += size_of(frame);
    if (framing != Framing::kChunked && piece.end_seq > seq) return "a message of more than one frame";
  }
  return covered == piece.body ? "" : "a piece ends within frame " + std::to_string(piece.end_seq - 1);
}

// The bytes taken, as far as they belong to this piece.
bool ModelPeer::expect(const ModelStream& stream, Offer& offer, WorldCounts& counts) {
  bool same = true;
  while (same && offer.left() > 0 && piece.at < piece.size()) {
    std::string_view want;
    if (piece.at < piece.head.size()) {
      want = std::string_view(piece.head).substr(piece.at);
    } else if (piece.at < piece.head.size() + piece.body) {
      if (!piece.text.empty()) {
        want = std::string_view(piece.text).substr(piece.at - piece.head.size());
      } else {
        while (piece.within == size_of(stream.at(piece.seq))) {
          ++piece.seq;
          piece.within = 0;
        }
        const ModelFrame& frame = stream.at(piece.seq);
        if (icy.due()) {
          icy.begin_block(frame.state == nullptr ? "" : frame.state->title(), counts);
          same = expect_block(offer);
          continue;
        }
        want = bytes_of(frame, piece.within);
        if (icy.interval > 0) want = want.substr(0, icy.left);
      }
    } else {
      want = Piece::kTail.substr(piece.at - piece.head.size() - piece.body);
    }
    want = want.substr(0, offer.left());
    if (piece.text.empty() && piece.at >= piece.head.size() && piece.at < piece.head.size() + piece.body)
      piece.within += want.size();
    if (icy.interval > 0 && piece.text.empty()) icy.left -= want.size();
    piece.at += want.size();
    same = offer.next_is(want);
  }
  return same;
}

bool ModelPeer::expect_block(Offer& offer) {
  const std::string want = icy.block.substr(icy.at, offer.left());
  icy.block_out(want.size());
  return offer.next_is(want);
}

void ModelPeer::finish_piece(const ModelStream& stream, WorldCounts& counts) {
  if (piece.kind == Piece::Kind::kHeaders) ++counts.headers;
  if (piece.kind == Piece::Kind::kPong) ++counts.pongs;
  if (piece.kind == Piece::Kind::kEpilogue && closing) ++counts.answered;
  if (piece.kind == Piece::Kind::kFrames) {
    for (; seq < piece.end_seq; ++seq) told.tell(stream.at(seq).state);
  }
  piece = {};
}

uint64_t ModelPeer::unbegun(const ModelStream& stream) const {
  if (!begun()) return cursor;
  uint64_t at = piece.end_seq;
  // Behind what announces its size: frames of no bytes are out with it.
  while (announces(framing) && at < stream.next() && size_of(stream.at(at)) == 0) ++at;
  return at;
}

uint64_t ModelPeer::place(const ModelStream& stream) const {
  uint64_t at = piece.seq;
  if (piece.within < size_of(stream.at(at))) return at;
  do ++at;
  while (at < stream.next() && size_of(stream.at(at)) == 0);
  return at;
}

uint64_t ModelPeer::position(const ModelStream& stream) const {
  return begun() ? position(stream, piece.seq, piece.within) : position(stream, seq, 0);
}

uint64_t ModelPeer::lags_from(const ModelStream& stream) const {
  if (!begun()) return cursor;
  const bool within = piece.within > 0 && piece.within < size_of(stream.at(piece.seq));
  return within ? piece.seq + 1 : place(stream);
}

void ModelPeer::skip_empty(const ModelStream& stream) {
  if (piece.kind != Piece::Kind::kNone || await != Await::kNothing) return;
  while (seq < std::min(stop, stream.next()) && size_of(stream.at(seq)) == 0 &&
         stream.at(seq).state == told.state)
    ++seq;
}

void ModelPeer::wrote(size_t offered, size_t taken, Nanos now) {
  const bool is_short = taken < offered;
  if (is_short && (taken > 0 || !stalled)) stalled_since = now;
  stalled = is_short;
  woken = false;
  if (taken > 0) active_at = now;
}

void ModelPeer::heard(size_t bytes, WorldCounts& counts) {
  talker.heard(bytes);
  for (Talker::Said said; !closing && talker.next(said);) {
    if (said.means == Talker::Means::kPing) {
      ping = said.payload;
      pinged = true;
      ++counts.pings;
      continue;
    }
    closing = true;
    status = said.status;
    ++(said.means == Talker::Means::kClose ? counts.goodbyes : counts.nonsense);
  }
}

// RFC 9112 §7.1: the last chunk. RFC 6455 §5.5.1: a close, which answers theirs.
std::string ModelPeer::epilogue() const {
  const bool orderly = stop_reason != Reason::kNone && stop_reason != Reason::kClosed;
  if (framing == Framing::kChunked && orderly) return "0\r\n\r\n";
  if (framing != Framing::kWebsocket || (!orderly && !closing)) return "";
  return control_frame(kClose, std::string{static_cast<char>(status >> 8), static_cast<char>(status & 0xff)});
}

void ModelPeer::decide_end() {
  if (std::exchange(end_decided, true)) return;
  epilogue_left = epilogue();
}

uint64_t ModelPeer::first_pending(const ModelStream& stream) const {
  ModelTold had = told;
  for (uint64_t at = seq; at < std::min(stop, stream.next()); ++at) {
    const ModelFrame& frame = stream.at(at);
    if (size_of(frame) > 0 || !had.tell(frame.state).bytes.empty()) return at;
  }
  return stream.next();
}

bool ModelPeer::caught_up(const ModelStream& stream) const {
  if (prologue_at < prologue.size() || icy.under_way() || piece.kind != Piece::Kind::kNone) return false;
  return await == Await::kNothing && first_pending(stream) == stream.next();
}

bool ModelPeer::complete(const ModelStream& stream) const {
  return caught_up(stream) && (end_decided ? epilogue_left : epilogue()).empty();
}

ModelPeer::Shared ModelPeer::shares(const ModelStream& stream) const {
  if (prologue_at < prologue.size()) return {};
  if (!piece.plain) return {};
  if (piece.kind == Piece::Kind::kRest) return {stream.at(piece.seq).data, stream.at(piece.seq).size};
  return piece.kind == Piece::Kind::kHeaders ? Shared{piece.run, piece.body} : Shared{};
}

size_t ModelPeer::private_bytes() const {
  if (prologue_at < prologue.size()) return prologue.size();
  if (icy.held > 0) return icy.held;
  if (piece.kind == Piece::Kind::kFrames && piece.begun > 0) return piece.rest_held();
  return piece.is_private() ? piece.held : epilogue_left.size();
}

}  // namespace flumen::test
