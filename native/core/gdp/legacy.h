// What senders before GStreamer 1.0 wrote: version 0.2, and the 1.0 of GStreamer 0.10, with numbers and flags
// of their own. Here they become today's. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/gdp/event.h"
#include "core/gdp/header.h"

namespace flumen::gdp {

/// The event of today that an event number of 0.10 means; nullptr: it is none of 0.10. Both kinds of numbers
/// can be told apart, for the old ones are below 0x0400.
const EventKind* legacy_event(uint16_t wire_type);

/// The flags of a 0.10 buffer, with today's bits.
uint16_t flags_of_legacy(uint16_t flags);

/// The structure that an event of 0.10 would have today: NEWSEGMENT becomes SEGMENT, a bare list of tags is
/// put into a TAG. False: `why`.
bool modernise(Event* event, std::string* why);

/// An event of version 0.2, whose payload is binary or nothing. False: `why`.
bool read_event_0_2(std::span<const uint8_t> payload, Event* event, std::string* why);

}  // namespace flumen::gdp
