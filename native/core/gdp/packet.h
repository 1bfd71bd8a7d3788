// One GDP packet as the parser hands it out. Reused from packet to packet; owned by the caller.
#pragma once

#include <string>

#include "core/gdp/encoder.h"
#include "core/gdp/event.h"

namespace flumen::gdp {

enum class PacketKind : uint8_t { kFrame, kCaps, kEvent };

struct Packet {
  PacketKind kind = PacketKind::kFrame;
  uint64_t at = 0;      // bytes of the stream before its header
  uint64_t number = 0;  // packets before it
  Header header;        // as it was on the wire
  BlockSlice payload;   // shared with what was fed, where that was possible

  FrameMeta frame;      // kFrame: with today's flags, and no others than BufferFlags::kAll
  Caps caps;            // kCaps
  Event event;          // kEvent: as it is today, whatever the sender's age; kind is null for unknown ones
  std::string skipped;  // kEvent: why it is to be passed over; empty: use it
};

}  // namespace flumen::gdp
