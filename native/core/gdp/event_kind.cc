#include "core/gdp/event_kind.h"

#include <array>

#include "core/base/check.h"
#include "core/gdp/header.h"

namespace flumen::gdp {

namespace {

// Bits: 1 upstream, 2 downstream, 4 serialized, 8 sticky, 16 several of them sticky.
constexpr std::array kEvents = {
    EventKind{EventNumber::kFlushStart, 3, "flush-start"},
    EventKind{EventNumber::kFlushStop, 7, "flush-stop"},
    EventKind{EventNumber::kStreamStart, 14, "stream-start"},
    EventKind{EventNumber::kCaps, 14, "caps"},
    EventKind{EventNumber::kSegment, 14, "segment"},
    EventKind{EventNumber::kStreamCollection, 30, "stream-collection"},
    EventKind{EventNumber::kTag, 30, "tag"},
    EventKind{EventNumber::kBufferSize, 14, "buffersize"},
    EventKind{EventNumber::kSinkMessage, 30, "sink-message"},
    EventKind{EventNumber::kStreamGroupDone, 14, "stream-group-done"},
    EventKind{EventNumber::kEos, 14, "eos"},
    EventKind{EventNumber::kToc, 30, "toc"},
    EventKind{EventNumber::kProtection, 30, "protection"},
    EventKind{EventNumber::kSegmentDone, 6, "segment-done"},
    EventKind{EventNumber::kGap, 6, "gap"},
    EventKind{EventNumber::kInstantRateChange, 10, "instant-rate-change"},
    EventKind{EventNumber::kQos, 1, "qos"},
    EventKind{EventNumber::kSeek, 1, "seek"},
    EventKind{EventNumber::kNavigation, 1, "navigation"},
    EventKind{EventNumber::kLatency, 1, "latency"},
    EventKind{EventNumber::kStep, 1, "step"},
    EventKind{EventNumber::kReconfigure, 1, "reconfigure"},
    EventKind{EventNumber::kTocSelect, 1, "toc-select"},
    EventKind{EventNumber::kSelectStreams, 1, "select-streams"},
    EventKind{EventNumber::kInstantRateSyncTime, 1, "instant-rate-sync-time"},
    EventKind{EventNumber::kCustomUpstream, 1, "custom-upstream"},
    EventKind{EventNumber::kCustomDownstream, 6, "custom-downstream"},
    EventKind{EventNumber::kCustomDownstreamOob, 2, "custom-downstream-oob"},
    EventKind{EventNumber::kCustomDownstreamSticky, 30, "custom-downstream-sticky"},
    EventKind{EventNumber::kCustomBoth, 7, "custom-both"},
    EventKind{EventNumber::kCustomBothOob, 3, "custom-both-oob"},
};

}  // namespace

uint16_t EventKind::wire_type() const {
  return static_cast<uint16_t>(kFirstEvent + (static_cast<unsigned>(number) << 8) + bits);
}

const EventKind* event_of_wire(uint16_t wire_type) {
  for (const EventKind& kind : kEvents) {
    if (kind.wire_type() == wire_type) return &kind;
  }
  return nullptr;
}

const EventKind* event_of_number(uint32_t number) {
  for (const EventKind& kind : kEvents) {
    if (static_cast<uint32_t>(kind.number) == number) return &kind;
  }
  return nullptr;
}

const EventKind& event_of(EventNumber number) {
  const EventKind* kind = event_of_number(static_cast<uint32_t>(number));
  FLUMEN_CHECK(kind != nullptr);
  return *kind;
}

}  // namespace flumen::gdp
