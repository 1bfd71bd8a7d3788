#include "core/gdp/legacy.h"

#include <utility>

namespace flumen::gdp {

namespace {

struct LegacyNumber {
  uint16_t code;  // number * 16 + flags: 1 upstream, 2 downstream, 4 serialized
  EventNumber number;
};

constexpr LegacyNumber kNumbers[] = {{0x013, EventNumber::kFlushStart},
                                     {0x027, EventNumber::kFlushStop},
                                     {0x056, EventNumber::kEos},
                                     {0x066, EventNumber::kSegment},
                                     {0x076, EventNumber::kTag},
                                     {0x086, EventNumber::kBufferSize},
                                     {0x096, EventNumber::kSinkMessage},
                                     {0x0F1, EventNumber::kQos},
                                     {0x101, EventNumber::kSeek},
                                     {0x111, EventNumber::kNavigation},
                                     {0x121, EventNumber::kLatency},
                                     {0x131, EventNumber::kStep},
                                     {0x201, EventNumber::kCustomUpstream},
                                     {0x202, EventNumber::kCustomDownstreamOob},
                                     {0x203, EventNumber::kCustomBothOob},
                                     {0x206, EventNumber::kCustomDownstream},
                                     {0x207, EventNumber::kCustomBoth}};

struct LegacyFlag {
  uint16_t was;
  uint16_t is;
};

// 0x10 was PREROLL, which is gone.
constexpr LegacyFlag kFlags[] = {{0x020, BufferFlags::kDiscont},
                                 {0x040, BufferFlags::kHeader},  // IN_CAPS
                                 {0x080, BufferFlags::kGap},
                                 {0x100, BufferFlags::kDelta}};

// A time or offset of 0.10: -1 is none.
uint64_t amount(const Structure& from, const char* field, uint64_t otherwise) {
  const Value* value = from.find(field, ValueType::kInt64);
  return value != nullptr ? value->bits() : otherwise;
}

// The running time that 0.10 summed up over several segments cannot be known here: base is 0.
bool segment_of_newsegment(const Structure& old, Segment* segment, std::string* why) {
  const Value* format = old.find("format", ValueType::kNamed);
  const std::optional<Format> known = format != nullptr ? format_of(format->text) : std::nullopt;
  if (!known) {
    *why = "the segment has no valid field \"format\"";
    return false;
  }
  segment->format = *known;
  if (const Value* rate = old.find("rate", ValueType::kDouble)) segment->rate = rate->real;
  if (const Value* rate = old.find("applied-rate", ValueType::kDouble)) segment->applied_rate = rate->real;
  segment->start = amount(old, "start", 0);
  segment->stop = amount(old, "stop", kNoValue);
  segment->time = amount(old, "position", 0);
  segment->position = segment->start;
  return true;
}

}  // namespace

const EventKind* legacy_event(uint16_t wire_type) {
  for (const LegacyNumber& known : kNumbers) {
    if (known.code + kFirstEvent == wire_type) return &event_of(known.number);
  }
  return nullptr;
}

uint16_t flags_of_legacy(uint16_t flags) {
  unsigned out = 0;
  for (const LegacyFlag& flag : kFlags) {
    if ((flags & flag.was) != 0) out |= flag.is;
  }
  return static_cast<uint16_t>(out);
}

bool modernise(Event* event, std::string* why) {
  switch (event->kind->number) {
    case EventNumber::kFlushStop:
      if (!event->structure) *event = flush_stop_event(true);
      return true;
    case EventNumber::kTag:
      if (event->structure && event->structure->find("taglist") == nullptr) {
        *event = tag_event(std::move(*event->structure), "stream");
      }
      return true;
    case EventNumber::kSegment: {
      if (!event->structure || event->structure->find("segment") != nullptr) return true;
      Segment segment;
      if (!segment_of_newsegment(*event->structure, &segment, why)) return false;
      *event = segment_event(segment);
      return true;
    }
    default:
      return true;
  }
}

bool read_event_0_2(std::span<const uint8_t> payload, Event* event, std::string* why) {
  // Format, flags, start type and position, stop type and position.
  constexpr size_t kSeekBytes = 32;
  switch (event->kind->number) {
    case EventNumber::kSeek:
      *why = payload.size() < kSeekBytes
                 ? "a SEEK of version 0.2 has 32 bytes, this one has " + std::to_string(payload.size())
                 : "it travels upstream only";
      return false;
    case EventNumber::kSegment:
      // What the segment was is not sent. Timestamps count from 0.
      *event = segment_event(Segment{});
      return true;
    case EventNumber::kFlushStop:
      *event = flush_stop_event(true);
      return true;
    case EventNumber::kFlushStart:
    case EventNumber::kEos:
      return true;
    default:
      *why = "version 0.2 cannot carry it";
      return false;
  }
}

}  // namespace flumen::gdp
