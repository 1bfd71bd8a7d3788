// The events of a stream: what their structures look like, and what of them can be used. Any thread.
#pragma once

#include <optional>
#include <string>

#include "core/gdp/event_kind.h"
#include "core/gdp/segment.h"

namespace flumen::gdp {

struct Event {
  const EventKind* kind = nullptr;
  std::optional<Structure> structure;
};

Event stream_start_event(std::string_view stream_id, std::optional<uint32_t> group_id);
Event segment_event(const Segment& segment);
/// `tags`: a structure of tags; its name does not matter. `scope`: "stream" or "global".
Event tag_event(Structure tags, std::string_view scope);
/// Times in ns; `duration` may be kNoValue.
Event gap_event(uint64_t timestamp, uint64_t duration);
Event flush_start_event();
Event flush_stop_event(bool reset_time);
Event eos_event();

/// Whether the event has what its readers take for granted. False: `why` says what is missing.
bool is_complete(const Event& event, std::string* why);

}  // namespace flumen::gdp
