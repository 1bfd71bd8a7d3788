// Where a new client starts (GStreamer's sync-method), worked out on the timeline as it is now: O(log n),
// touches nothing. The meaning is that of docs/semantics.md, "Where a client starts".
#pragma once

#include "core/timeline/timeline.h"

namespace flumen {

/// Numbers are the addon's wire format for lib/binding.ts; the order is GStreamer's.
enum class SyncMethod : uint8_t {
  kLatest = 0,
  kNextKeyframe,
  kLatestKeyframe,
  kBurst,
  kBurstKeyframe,
  kBurstWithKeyframe,
};

struct StartRule {
  SyncMethod method = SyncMethod::kLatest;
  Amount min{Unit::kBytes, 64 * kKiB};  // the burst methods: at least this much, if there is as much
  Amount max{};                         // … and at most this much
};

/// Instead of a sequence number: the client waits for the next key frame.
inline constexpr uint64_t kWaitForKey = ~uint64_t{0};

/// A sequence number from tail() to next(), or kWaitForKey.
uint64_t start_point(const Timeline& timeline, const StartRule& rule);

/// What a newcomer under `rule` would need kept: its start, or next() when nothing. A key frame more than
/// kGopLimit frames before the burst (for latest-keyframe: before the newest frame) is not kept for anybody.
uint64_t start_needs(const Timeline& timeline, const StartRule& rule);
inline constexpr uint64_t kGopLimit = 4096;

}  // namespace flumen
