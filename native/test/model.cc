#include "test/model.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace flumen::test {

namespace {

constexpr char kEpilogue[] = "0\r\n\r\n";

std::string chunk_head(uint32_t size) {
  char text[16];
  std::snprintf(text, sizeof text, "%x\r\n", size);
  return text;
}

}  // namespace

void ModelStream::append(const uint8_t* data, uint32_t size, const FrameInfo& info, Nanos arrival) {
  const bool timed = info.dts != kNoTime || info.pts != kNoTime;
  const Nanos time = info.dts != kNoTime ? info.dts : info.pts != kNoTime ? info.pts : arrival;
  Nanos running = frames_.empty() ? 0 : frames_.back().time;
  const Nanos step = time - last_;
  if (!frames_.empty() && timed == last_timed_ && step > 0 && step <= 10 * kSecond) running += step;
  last_ = time;
  last_timed_ = timed;
  const bool key = (info.flags & FrameFlags::kDelta) == 0;
  frames_.push_back({data, size, bytes_, running, arrival, key});
  bytes_ += size;
}

uint64_t ModelStream::amount(uint64_t seq, Unit unit) const {
  if (seq >= next()) return 0;
  if (unit == Unit::kFrames) return next() - seq;
  if (unit == Unit::kBytes) return bytes_ - frames_[seq].before;
  if (unit == Unit::kTime) return static_cast<uint64_t>(frames_.back().time - frames_[seq].time);
  return 0;
}

bool ModelStream::within(uint64_t seq, Amount limit) const {
  return limit.unit == Unit::kNone || amount(seq, limit.unit) <= limit.value;
}

uint64_t ModelStream::reaching(Amount minimum, uint64_t tail) const {
  for (uint64_t seq = next(); seq > tail; --seq) {
    if (amount(seq - 1, minimum.unit) >= minimum.value) return seq - 1;
  }
  return tail;
}

uint64_t ModelStream::newest_key(uint64_t from, uint64_t to) const {
  for (uint64_t seq = std::min(to + 1, next()); seq > from; --seq) {
    if (at(seq - 1).key) return seq - 1;
  }
  return kNone;
}

uint64_t ModelStream::burst(const StartRule& rule, uint64_t tail) const {
  uint64_t seq = reaching(rule.min, tail);
  while (seq + 1 < next() && !within(seq, rule.max)) ++seq;
  return seq;
}

uint64_t ModelStream::start(const StartRule& rule, uint64_t tail) const {
  const bool empty = tail >= next();
  switch (rule.method) {
    case SyncMethod::kLatest:
      return next();
    case SyncMethod::kNextKeyframe:
      return kWaitForKey;
    case SyncMethod::kLatestKeyframe: {
      const uint64_t key = empty ? kNone : newest_key(tail, next() - 1);
      return key == kNone ? kWaitForKey : key;
    }
    default:
      break;
  }
  if (empty) return rule.method == SyncMethod::kBurstKeyframe ? kWaitForKey : next();
  const uint64_t from = burst(rule, tail);
  const uint64_t key = newest_key(tail, from);
  if (rule.method == SyncMethod::kBurst) return from;
  if (key != kNone && within(key, rule.max)) return key;
  if (rule.method == SyncMethod::kBurstWithKeyframe) return from;
  for (uint64_t seq = from + 1; seq < next(); ++seq) {
    if (at(seq).key) return seq;
  }
  return kWaitForKey;
}

uint64_t ModelStream::needs(const StartRule& rule) const {
  const uint64_t wanted = start(rule, 0);
  if (next() == 0 || wanted == kWaitForKey) return next();
  if (rule.method == SyncMethod::kLatestKeyframe) return next() - wanted > kGopLimit ? next() : wanted;
  if (rule.method == SyncMethod::kLatest || rule.method == SyncMethod::kBurst) return wanted;
  // Counted from the burst, which may itself be longer than that.
  const uint64_t from = burst(rule, 0);
  if (from + 1 <= wanted + kGopLimit) return wanted;
  if (rule.method == SyncMethod::kBurstWithKeyframe) return from;
  uint64_t newer = from + 1;
  while (newer < next() && !at(newer).key) ++newer;
  return newer;
}

std::string ModelStream::wire(uint64_t seq, Framing framing) const {
  const ModelFrame& frame = at(seq);
  std::string bytes(reinterpret_cast<const char*>(frame.data), frame.size);
  if (framing == Framing::kRaw || frame.size == 0) return bytes;
  return chunk_head(frame.size) + bytes + "\r\n";
}

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

void ModelPeer::move(const ModelStream& stream, uint64_t to) {
  if (offset > 0) {
    rest = stream.wire(seq, framing).substr(offset);
    rest_at = 0;
    ++cursor;
  }
  dropped += to - cursor;
  offset = 0;
  seq = cursor = to;
}

std::string ModelPeer::take(const ModelStream& stream, std::span<const uint8_t> bytes) {
  size_t last = 0;
  from_frames = 0;
  const auto expect = [&](const void* want, size_t size, size_t& at) -> bool {
    const size_t piece = std::min(size - at, bytes.size());
    last = piece;
    const bool same = std::memcmp(bytes.data(), static_cast<const uint8_t*>(want) + at, piece) == 0;
    bytes = bytes.subspan(piece);
    at += piece;
    return same;
  };
  while (!bytes.empty()) {
    if (prologue_at < prologue.size()) {
      if (!expect(prologue.data(), prologue.size(), prologue_at)) return "wrong bytes in the prologue";
      continue;
    }
    if (rest_at < rest.size()) {
      if (!expect(rest.data(), rest.size(), rest_at)) return "wrong bytes in the rest of a frame begun";
      continue;
    }
    if (await != Await::kNothing) return "bytes although it waits";
    skip_empty(stream);
    if (seq < std::min(stop, stream.next())) {
      const ModelFrame& frame = stream.at(seq);
      const std::string head = framing == Framing::kChunked ? chunk_head(frame.size) : "";
      const size_t tail = framing == Framing::kChunked ? 2 : 0;
      bool same = true;
      if (offset < head.size()) {
        same = expect(head.data(), head.size(), offset);
      } else if (offset < head.size() + frame.size) {
        size_t at = offset - head.size();
        same = expect(frame.data, frame.size, at);
        offset = head.size() + at;
      } else {
        size_t at = offset - head.size() - frame.size;
        same = expect("\r\n", 2, at);
        offset = head.size() + frame.size + at;
      }
      from_frames += last;
      if (!same) return "wrong bytes in frame " + std::to_string(seq);
      if (offset == head.size() + frame.size + tail) {
        ++seq;
        offset = 0;
      }
    } else if (epilogue_due() && epilogue_at < sizeof kEpilogue - 1) {
      if (!expect(kEpilogue, sizeof kEpilogue - 1, epilogue_at)) return "wrong bytes in the epilogue";
    } else {
      return std::to_string(bytes.size()) + " bytes after the end, at frame " + std::to_string(seq);
    }
  }
  skip_empty(stream);
  return "";
}

void ModelPeer::wrote(size_t offered, size_t taken, Nanos now) {
  const bool is_short = taken < offered;
  if (is_short && (taken > 0 || !stalled)) stalled_since = now;
  stalled = is_short;
}

void ModelPeer::skip_empty(const ModelStream& stream) {
  while (offset == 0 && await == Await::kNothing && seq < std::min(stop, stream.next()) &&
         stream.at(seq).size == 0)
    ++seq;
}

bool ModelPeer::caught_up(const ModelStream& stream) const {
  if (prologue_at < prologue.size() || rest_at < rest.size() || offset > 0) return false;
  if (await != Await::kNothing) return false;
  for (uint64_t at = seq; at < std::min(stop, stream.next()); ++at) {
    if (stream.at(at).size > 0) return false;
  }
  return true;
}

bool ModelPeer::complete(const ModelStream& stream) const {
  return caught_up(stream) && (!epilogue_due() || epilogue_at == sizeof kEpilogue - 1);
}

size_t ModelPeer::private_bytes() const {
  if (prologue_at < prologue.size()) return prologue.size();
  if (rest_at < rest.size()) return rest.size();
  return epilogue_due() && client->epilogue_queued && epilogue_at < sizeof kEpilogue - 1
             ? sizeof kEpilogue - 1
             : 0;
}

}  // namespace flumen::test
