#include "core/gdp/encoder.h"

#include "core/base/check.h"
#include "core/gdp/crc.h"
#include "core/gdp/sendable.h"
#include "core/gdp/structure_text.h"

namespace flumen::gdp {

namespace {

uint64_t wire_time(Nanos time) { return time < 0 ? kNoValue : static_cast<uint64_t>(time); }

Nanos core_time(uint64_t time) {
  return time > static_cast<uint64_t>(kNever) ? kNoTime : static_cast<Nanos>(time);
}

struct FlagPair {
  uint16_t wire;
  uint8_t core;
};
constexpr FlagPair kFlagPairs[] = {{BufferFlags::kDelta, FrameFlags::kDelta},
                                   {BufferFlags::kHeader, FrameFlags::kHeader},
                                   {BufferFlags::kDiscont, FrameFlags::kDiscont},
                                   {BufferFlags::kLive, FrameFlags::kLive},
                                   {BufferFlags::kGap, FrameFlags::kGap}};

uint8_t header_flags_of(Checksums checksums) {
  return static_cast<uint8_t>((checksums.header ? kHasHeaderCrc : 0) |
                              (checksums.payload ? kHasPayloadCrc : 0));
}

}  // namespace

FrameMeta meta_of(const FrameInfo& info) {
  FrameMeta meta;
  meta.pts = wire_time(info.pts);
  meta.dts = wire_time(info.dts);
  meta.duration = wire_time(info.duration);
  meta.offset = info.offset;
  meta.offset_end = info.offset_end;
  for (const FlagPair& pair : kFlagPairs) {
    if ((info.flags & pair.core) != 0) meta.flags = static_cast<uint16_t>(meta.flags | pair.wire);
  }
  return meta;
}

FrameInfo info_of(const FrameMeta& meta) {
  FrameInfo info;
  info.pts = core_time(meta.pts);
  info.dts = core_time(meta.dts);
  info.duration = core_time(meta.duration);
  info.offset = meta.offset;
  info.offset_end = meta.offset_end;
  for (const FlagPair& pair : kFlagPairs) {
    if ((meta.flags & pair.wire) != 0) info.flags = static_cast<uint8_t>(info.flags | pair.core);
  }
  return info;
}

HeaderBytes frame_header(const FrameMeta& meta, std::span<const uint8_t> payload, Checksums checksums) {
  Header header;
  header.header_flags = header_flags_of(checksums);
  header.type = kBufferType;
  header.pts = meta.pts;
  header.dts = meta.dts;
  header.duration = meta.duration;
  header.offset = meta.offset;
  header.offset_end = meta.offset_end;
  header.flags = meta.flags & BufferFlags::kAll;
  return header_for(header, payload);
}

bool encode_caps(const Caps& caps, Checksums checksums, std::string* packet, std::string* why) {
  if (!is_sendable(caps, why)) return false;
  *packet = text_packet(kCapsType, print_caps(caps), checksums);
  return true;
}

bool encode_event(const Event& event, Checksums checksums, std::string* packet, std::string* why) {
  if (!is_sendable(event, why)) return false;
  const std::string text = event.structure ? print_structure(*event.structure) : std::string();
  *packet = text_packet(event.kind->wire_type(), text, checksums);
  return true;
}

std::string text_packet(uint16_t type, const std::string& text, Checksums checksums) {
  Header header;
  header.type = type;
  header.header_flags = header_flags_of(checksums);
  if (header.is_event()) header.pts = kNoValue;
  // The NUL counts.
  const size_t size = text.empty() ? 0 : text.size() + 1;
  return packet_of(header, {reinterpret_cast<const uint8_t*>(text.c_str()), size});
}

HeaderBytes header_for(Header header, std::span<const uint8_t> payload) {
  FLUMEN_CHECK(payload.size() <= 0xFFFFFFFF);
  header.length = static_cast<uint32_t>(payload.size());
  header.payload_crc = (header.header_flags & kHasPayloadCrc) != 0 ? crc16(payload) : uint16_t{0};
  return write_header(header);
}

std::string packet_of(Header header, std::span<const uint8_t> payload) {
  const HeaderBytes bytes = header_for(header, payload);
  std::string packet(bytes.begin(), bytes.end());
  packet.append(reinterpret_cast<const char*>(payload.data()), payload.size());
  return packet;
}

}  // namespace flumen::gdp
