#include "core/timeline/timeline.h"

#include <utility>

namespace flumen {

void Timeline::append(Frame frame) {
  FLUMEN_CHECK(frame.seq == frames_.end() && frame.bytes_before == bytes_total_);
  bytes_total_ += frame.size();
  time_total_ = frame.running_time;
  packet_bytes_ += frame.packet.size;
  if (frame.is_key()) keys_.push(frame.seq);
  frames_.push(std::move(frame));
}

uint64_t Timeline::amount(uint64_t seq, Unit unit) const {
  if (seq >= next()) return 0;
  switch (unit) {
    case Unit::kFrames:
      return next() - seq;
    case Unit::kBytes:
      return bytes_total_ - frames_[seq].bytes_before;
    case Unit::kTime:
      return static_cast<uint64_t>(frames_[next() - 1].running_time - frames_[seq].running_time);
    case Unit::kNone:
      break;
  }
  return 0;
}

// Binary search for the first kept sequence number where `holds` (false…false true…true) becomes true.
template <typename Predicate>
uint64_t Timeline::first_where(Predicate holds) const {
  uint64_t low = tail();
  uint64_t high = next();
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (holds(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

uint64_t Timeline::oldest_within(Amount limit) const {
  if (limit.unit == Unit::kNone) return tail();
  return first_where([&](uint64_t seq) { return amount(seq, limit.unit) <= limit.value; });
}

uint64_t Timeline::newest_reaching(Amount minimum) const {
  if (empty()) return next();
  // A minimum of zero is reached by the newest frame itself.
  const uint64_t first_short =
      first_where([&](uint64_t seq) { return amount(seq, minimum.unit) < minimum.value; });
  if (first_short == tail()) return tail();
  return first_short - 1;
}

uint64_t Timeline::frame_at_byte(uint64_t position) const {
  // Empty frames share a prefix sum with their successor; the last frame that starts at or before `position`
  // has it.
  const uint64_t after = first_where([&](uint64_t seq) { return frames_[seq].bytes_before > position; });
  if (after == tail()) return tail();
  const uint64_t seq = after - 1;
  return position >= frames_[seq].bytes_before + frames_[seq].size() ? after : seq;
}

// Place in `keys_` of the first key frame behind `seq`.
uint64_t Timeline::key_ordinal_after(uint64_t seq) const {
  uint64_t low = keys_.begin();
  uint64_t high = keys_.end();
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (keys_[middle] > seq) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

uint64_t Timeline::newest_key_until(uint64_t seq) const {
  const uint64_t after = key_ordinal_after(seq);
  return after == keys_.begin() ? kNoKey : keys_[after - 1];
}

uint64_t Timeline::first_key_after(uint64_t seq) const {
  const uint64_t after = key_ordinal_after(seq);
  return after == keys_.end() ? kNoKey : keys_[after];
}

void Timeline::set_packet(uint64_t seq, BlockSlice packet) {
  Frame& frame = frames_[seq];
  packet_bytes_ += packet.size - frame.packet.size;
  frame.packet = std::move(packet);
  frame.packed = true;
}

void Timeline::trim(uint64_t seq) {
  while (!frames_.empty() && frames_.begin() < seq) {
    trimmed_pts_ = frames_[frames_.begin()].info.pts;
    packet_bytes_ -= frames_[frames_.begin()].packet.size;
    frames_.pop();
  }
  while (!keys_.empty() && keys_[keys_.begin()] < frames_.begin()) keys_.pop();
}

}  // namespace flumen
