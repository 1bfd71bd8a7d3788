#include "core/timeline/start_point.h"

#include <algorithm>

namespace flumen {

namespace {

bool within(const Timeline& timeline, uint64_t seq, Amount max) {
  return max.unit == Unit::kNone || timeline.amount(seq, max.unit) <= max.value;
}

// The newest frame that reaches the minimum, moved newer until the maximum holds, never past the newest.
uint64_t burst(const Timeline& timeline, const StartRule& rule) {
  if (timeline.empty()) return timeline.next();
  const uint64_t reaching = timeline.newest_reaching(rule.min);
  const uint64_t allowed = std::max(reaching, timeline.oldest_within(rule.max));
  return std::min(allowed, timeline.next() - 1);
}

// The newest key frame at or before the burst's start, when the maximum allows it; kWaitForKey when not.
uint64_t key_before_burst(const Timeline& timeline, const StartRule& rule) {
  const uint64_t key = timeline.newest_key_until(burst(timeline, rule));
  return key != Timeline::kNoKey && within(timeline, key, rule.max) ? key : kWaitForKey;
}

uint64_t key_or_wait(uint64_t key) { return key == Timeline::kNoKey ? kWaitForKey : key; }

}  // namespace

uint64_t start_point(const Timeline& timeline, const StartRule& rule) {
  switch (rule.method) {
    case SyncMethod::kLatest:
      return timeline.next();
    case SyncMethod::kNextKeyframe:
      return kWaitForKey;
    case SyncMethod::kLatestKeyframe:
      return key_or_wait(timeline.newest_key_until(timeline.next()));
    case SyncMethod::kBurst:
      return burst(timeline, rule);
    case SyncMethod::kBurstKeyframe: {
      const uint64_t key = key_before_burst(timeline, rule);
      return key != kWaitForKey ? key : key_or_wait(timeline.first_key_after(burst(timeline, rule)));
    }
    case SyncMethod::kBurstWithKeyframe: {
      const uint64_t key = key_before_burst(timeline, rule);
      return key != kWaitForKey ? key : burst(timeline, rule);
    }
  }
  return timeline.next();
}

uint64_t start_needs(const Timeline& timeline, const StartRule& rule) {
  const uint64_t start = start_point(timeline, rule);
  if (start == kWaitForKey) return timeline.next();
  switch (rule.method) {
    case SyncMethod::kLatest:
    case SyncMethod::kNextKeyframe:
    case SyncMethod::kBurst:
      return start;
    case SyncMethod::kLatestKeyframe:
      return timeline.next() - start <= kGopLimit ? start : timeline.next();
    case SyncMethod::kBurstKeyframe:
    case SyncMethod::kBurstWithKeyframe:
      break;
  }
  // Counted from the burst, which may itself be longer than the limit.
  const uint64_t from = burst(timeline, rule);
  if (from < start + kGopLimit) return start;
  if (rule.method == SyncMethod::kBurstWithKeyframe) return from;
  const uint64_t newer = timeline.first_key_after(from);
  return newer == Timeline::kNoKey ? timeline.next() : newer;
}

}  // namespace flumen
