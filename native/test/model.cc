#include "test/model.h"

#include <algorithm>

namespace flumen::test {

void ModelStream::append(const uint8_t* data, uint32_t size, const FrameInfo& info, Nanos arrival,
                         const ModelState* state, std::string events, gdp::Checksums checksums) {
  const bool timed = info.dts != kNoTime || info.pts != kNoTime;
  const Nanos time = info.dts != kNoTime ? info.dts : info.pts != kNoTime ? info.pts : arrival;
  Nanos running = frames_.empty() ? 0 : frames_.back().time;
  const Nanos step = time - last_;
  if (!frames_.empty() && timed == last_timed_ && step > 0 && step <= 10 * kSecond) running += step;
  last_ = time;
  last_timed_ = timed;
  const bool key = (info.flags & FrameFlags::kDelta) == 0;
  frames_.push_back({data, size, bytes_, running, arrival, key, state});
  bytes_ += size;
  ModelFrame& frame = frames_.back();
  frame.events = events.size();
  frame.packet = std::move(events);
  const gdp::HeaderBytes header = gdp::frame_header(gdp::meta_of(info), {data, size}, checksums);
  frame.packet.append(header.begin(), header.end());
  frame.packets_before = packets_;
  frame.packed = packs_;
  packets_ += frame.packet.size();
}

void ModelStream::pack(bool on, uint64_t tail) {
  packs_ = on;
  for (uint64_t seq = tail; on && seq < next(); ++seq) frames_[seq].packed = true;
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

}  // namespace flumen::test
