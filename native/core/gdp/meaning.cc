// What the parser makes of a complete payload: frames, caps and events, with today's flags and numbers.
#include <cstring>
#include <utility>

#include "core/gdp/legacy.h"
#include "core/gdp/parser.h"
#include "core/gdp/structure_text.h"

namespace flumen::gdp {

namespace {

// Text ends at its first NUL, or where the payload does.
std::string_view text_of(const BlockSlice& payload) {
  if (payload.size == 0) return {};
  const char* start = reinterpret_cast<const char*>(payload.data());
  return {start, strnlen(start, payload.size)};
}

std::string at_byte(const TextError& error) {
  return error.what + " (byte " + std::to_string(error.at) + ")";
}

const char* why_unfixed(const Caps& caps) {
  if (caps.any) return "ANY says nothing";
  if (caps.structures.empty()) return "EMPTY says nothing";
  return caps.structures.size() > 1 ? "there are several structures" : "a field leaves a choice";
}

// Events that a receiver has no use for, whatever they say.
const char* why_useless(const EventKind& kind) {
  if (!kind.downstream()) return "it travels upstream only";
  switch (kind.number) {
    case EventNumber::kCaps:
      return "caps are a packet of their own";
    case EventNumber::kStreamCollection:
    case EventNumber::kSinkMessage:
    case EventNumber::kToc:
      return "what it carries is an object of the sender's process";
    default:
      return nullptr;
  }
}

std::string name_unknown(uint16_t wire_type) {
  return "nobody knows event number " + std::to_string((wire_type - kFirstEvent) >> 8);
}

}  // namespace

bool Parser::legacy() const {
  return dialect_ == Dialect::kLegacy || (dialect_ == Dialect::kUnknown && header_.is_version(0, 2));
}

void Parser::read_frame(Packet* packet) const {
  packet->kind = PacketKind::kFrame;
  FrameMeta& meta = packet->frame;
  meta.pts = header_.pts;
  meta.duration = header_.duration;
  meta.offset = header_.offset;
  meta.offset_end = header_.offset_end;
  const bool old = legacy();
  meta.flags = (old ? flags_of_legacy(header_.flags) : header_.flags) & BufferFlags::kAll;
  // There was no DTS: the field says 0 and means nothing.
  meta.dts = old || header_.is_version(0, 2) ? kNoValue : header_.dts;
}

bool Parser::read_caps(Packet* packet) {
  packet->kind = PacketKind::kCaps;
  TextError error;
  if (!parse_caps(text_of(packet->payload), &packet->caps, &error)) {
    return fail(Fault::kCaps, "caps cannot be read: " + at_byte(error));
  }
  if (!packet->caps.is_fixed()) {
    return fail(Fault::kCaps, std::string("caps must be fixed: ") + why_unfixed(packet->caps));
  }
  has_caps_ = true;
  return true;
}

// Only what a SEGMENT without its structure would do to timestamps is fatal; everything else about an event
// leaves the framing whole, and the stream goes on without it.
bool Parser::read_event(Packet* packet) {
  packet->kind = PacketKind::kEvent;
  const EventKind* today = event_of_wire(header_.type);
  const EventKind* old = today == nullptr ? legacy_event(header_.type) : nullptr;
  notice_dialect(today, old);
  Event& event = packet->event;
  event.kind = today != nullptr ? today : old;
  if (event.kind == nullptr) {
    packet->skipped = name_unknown(header_.type);
    return true;
  }
  if (header_.is_version(0, 2)) {
    const std::span<const uint8_t> payload =
        packet->payload ? std::span<const uint8_t>(packet->payload.data(), packet->payload.size)
                        : std::span<const uint8_t>();
    if (!read_event_0_2(payload, &event, &packet->skipped)) return true;
  } else if (!read_text_event(packet)) {
    return false;
  }
  if (!packet->skipped.empty()) return true;
  if (const char* useless = why_useless(*event.kind)) {
    packet->skipped = useless;
  } else if ((old != nullptr && !modernise(&event, &packet->skipped)) ||
             !is_complete(event, &packet->skipped)) {
    packet->skipped = "the event cannot be used: " + packet->skipped;
  }
  ended_ = event.kind->number == EventNumber::kEos && packet->skipped.empty();
  return true;
}

bool Parser::read_text_event(Packet* packet) {
  const std::string_view text = text_of(packet->payload);
  Event& event = packet->event;
  if (text.empty()) {
    if (event.kind->number != EventNumber::kSegment) return true;
    return fail(Fault::kSegment, "a SEGMENT comes without its structure");
  }
  TextError error;
  if (!parse_structure(text, &event.structure.emplace(), &error)) {
    event.structure.reset();
    packet->skipped = "the event cannot be read: " + at_byte(error);
  }
  return true;
}

void Parser::notice_dialect(const EventKind* today, const EventKind* legacy) {
  if (today != nullptr) dialect_ = Dialect::kToday;
  if (legacy != nullptr) dialect_ = Dialect::kLegacy;
}

}  // namespace flumen::gdp
