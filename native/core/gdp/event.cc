#include "core/gdp/event.h"

#include <utility>

namespace flumen::gdp {

namespace {

Event make(EventNumber number, std::string_view name) {
  Event event{&event_of(number), Structure{}};
  event.structure->name = name;
  return event;
}

bool needs(const Structure& structure, std::string_view field, ValueType type, std::string_view type_name,
           std::string* why) {
  if (structure.find(field, type) != nullptr) return true;
  *why = "it has no field \"" + std::string(field) + "\" of type " + std::string(type_name);
  return false;
}

}  // namespace

Event stream_start_event(std::string_view stream_id, std::optional<uint32_t> group_id) {
  Event event = make(EventNumber::kStreamStart, "GstEventStreamStart");
  event.structure->set("stream-id", make_string(stream_id));
  event.structure->set("flags", make_named("GstStreamFlags", "GST_STREAM_FLAG_NONE"));
  if (group_id) event.structure->set("group-id", make_uint(*group_id));
  return event;
}

Event segment_event(const Segment& segment) {
  return {&event_of(EventNumber::kSegment), segment_structure(segment)};
}

Event tag_event(Structure tags, std::string_view scope) {
  Event event = make(EventNumber::kTag, "GstTagList-" + std::string(scope));
  tags.name = "taglist";
  event.structure->set("taglist", make_nested(ValueType::kTagList, std::move(tags)));
  return event;
}

Event gap_event(uint64_t timestamp, uint64_t duration) {
  Event event = make(EventNumber::kGap, "GstEventGap");
  event.structure->set("timestamp", make_uint64(timestamp));
  event.structure->set("duration", make_uint64(duration));
  return event;
}

Event flush_start_event() { return {&event_of(EventNumber::kFlushStart), std::nullopt}; }

Event flush_stop_event(bool reset_time) {
  Event event = make(EventNumber::kFlushStop, "GstEventFlushStop");
  event.structure->set("reset-time", make_boolean(reset_time));
  return event;
}

Event eos_event() { return {&event_of(EventNumber::kEos), std::nullopt}; }

bool is_complete(const Event& event, std::string* why) {
  const EventNumber number = event.kind->number;
  if (number == EventNumber::kFlushStart || number == EventNumber::kEos || event.kind->custom()) return true;
  if (!event.structure) {
    *why = "it comes without its structure";
    return false;
  }
  Segment segment;
  switch (number) {
    case EventNumber::kStreamStart:
      return needs(*event.structure, "stream-id", ValueType::kString, "string", why);
    case EventNumber::kSegment:
      return read_segment(*event.structure, &segment, why);
    case EventNumber::kTag:
      return needs(*event.structure, "taglist", ValueType::kTagList, "taglist", why);
    case EventNumber::kGap:
      return needs(*event.structure, "timestamp", ValueType::kUInt64, "guint64", why);
    case EventNumber::kFlushStop:
      return needs(*event.structure, "reset-time", ValueType::kBoolean, "boolean", why);
    default:
      return true;
  }
}

}  // namespace flumen::gdp
