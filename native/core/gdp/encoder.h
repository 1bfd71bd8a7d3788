// From frames, caps and events to GDP packets. The header is made apart from a frame's bytes, so that these
// can be shared: a receiver is sent [header | bytes] in one gather list. Any thread.
#pragma once

#include <span>
#include <string>

#include "core/gdp/event.h"
#include "core/gdp/header.h"
#include "core/timeline/frame.h"

namespace flumen::gdp {

/// gdppay's crc-header and crc-payload, with its defaults.
struct Checksums {
  bool header = true;
  bool payload = false;
};

/// A buffer's metadata as GDP has it: ns and offsets, kNoValue where there is no value.
struct FrameMeta {
  uint64_t pts = kNoValue;
  uint64_t dts = kNoValue;
  uint64_t duration = kNoValue;
  uint64_t offset = kNoValue;
  uint64_t offset_end = kNoValue;
  uint16_t flags = 0;  // BufferFlags
};

/// Times below 0 have no place in GDP and become "no value".
FrameMeta meta_of(const FrameInfo& info);
/// Times of 2^63 and more become "no value".
FrameInfo info_of(const FrameMeta& meta);

/// The header of a frame. `payload` is only read for its checksum; more than 4 GiB do not fit.
HeaderBytes frame_header(const FrameMeta& meta, std::span<const uint8_t> payload, Checksums checksums);

/// A whole packet. False: `why` says what a receiver could not read, and there is no packet.
bool encode_caps(const Caps& caps, Checksums checksums, std::string* packet, std::string* why);
bool encode_event(const Event& event, Checksums checksums, std::string* packet, std::string* why);

/// `header` with the length and checksums of this payload.
HeaderBytes header_for(Header header, std::span<const uint8_t> payload);
/// A packet of caps or an event (Header::type) with text that is known to be sendable; empty: an event
/// without its structure.
std::string text_packet(uint16_t type, const std::string& text, Checksums checksums);

/// Any packet: `header` with its length and checksums put right, and its payload.
std::string packet_of(Header header, std::span<const uint8_t> payload);

}  // namespace flumen::gdp
