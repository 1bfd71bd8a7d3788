// The events of GStreamer 1.x and their numbers: on the wire the number has lost its highest bit, here it has
// it back. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace flumen::gdp {

/// GstEventType without its flag bits.
enum class EventNumber : uint16_t {
  kUnknown = 0,
  kFlushStart = 10,
  kFlushStop = 20,
  kStreamStart = 40,
  kCaps = 50,
  kSegment = 70,
  kStreamCollection = 75,
  kTag = 80,
  kBufferSize = 90,
  kSinkMessage = 100,
  kStreamGroupDone = 105,
  kEos = 110,
  kToc = 120,
  kProtection = 130,
  kSegmentDone = 150,
  kGap = 160,
  kInstantRateChange = 180,
  kQos = 190,
  kSeek = 200,
  kNavigation = 210,
  kLatency = 220,
  kStep = 230,
  kReconfigure = 240,
  kTocSelect = 250,
  kSelectStreams = 260,
  kInstantRateSyncTime = 261,
  kCustomUpstream = 270,
  kCustomDownstream = 280,
  kCustomDownstreamOob = 290,
  kCustomDownstreamSticky = 300,
  kCustomBoth = 310,
  kCustomBothOob = 320,
};

struct EventKind {
  EventNumber number;
  uint8_t bits;           // GstEventTypeFlags, kDownstream and so on
  std::string_view name;  // GStreamer's nick: "stream-start"

  static constexpr uint8_t kDownstream = 2;
  static constexpr uint8_t kSticky = 8;

  bool downstream() const { return (bits & kDownstream) != 0; }
  bool sticky() const { return (bits & kSticky) != 0; }
  bool custom() const { return number >= EventNumber::kCustomUpstream; }
  /// Header::type of such a packet.
  uint16_t wire_type() const;
};

/// nullptr: nobody knows it.
const EventKind* event_of_wire(uint16_t wire_type);
const EventKind* event_of_number(uint32_t number);
const EventKind& event_of(EventNumber number);

}  // namespace flumen::gdp
