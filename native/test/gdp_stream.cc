#include "test/gdp_stream.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/gdp/structure_text.h"

namespace flumen::test {

using namespace gdp;

namespace {

constexpr size_t kSharedBlock = 1000;

std::string number(uint64_t value) { return value == kNoValue ? "none" : std::to_string(value); }

}  // namespace

std::string gdp_line(const Packet& packet) {
  std::string line = std::to_string(packet.number) + "@" + std::to_string(packet.at) + " ";
  switch (packet.kind) {
    case PacketKind::kFrame: {
      const FrameMeta& meta = packet.frame;
      line += "frame " + number(meta.pts) + " " + number(meta.dts) + " " + number(meta.duration) + " " +
              number(meta.offset) + " " + number(meta.offset_end) + " " + std::to_string(meta.flags) + " ";
      if (packet.payload) {
        line.append(reinterpret_cast<const char*>(packet.payload.data()), packet.payload.size);
      }
      return line;
    }
    case PacketKind::kCaps:
      return line + "caps " + print_caps(packet.caps);
    case PacketKind::kEvent:
      break;
  }
  line += packet.event.kind != nullptr ? std::string(packet.event.kind->name) : "unknown";
  if (packet.event.structure) line += " " + print_structure(*packet.event.structure);
  return packet.skipped.empty() ? line : line + " skipped: " + packet.skipped;
}

std::string gdp_text_packet(uint16_t wire_type, const std::string& text, Header header) {
  header.type = wire_type;
  const size_t size = text.empty() ? 0 : text.size() + 1;
  return packet_of(header, {reinterpret_cast<const uint8_t*>(text.c_str()), size});
}

std::string gdp_start(const std::string& caps) {
  std::string packet;
  std::string why;
  std::string out;
  FLUMEN_CHECK(encode_event(stream_start_event("test", 1), {}, &packet, &why));
  out += packet;
  out += gdp_text_packet(kCapsType, caps);
  FLUMEN_CHECK(encode_event(segment_event({}), {}, &packet, &why));
  return out + packet;
}

std::string gdp_frame(const std::string& bytes, FrameMeta meta, Checksums checksums) {
  const HeaderBytes header =
      frame_header(meta, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, checksums);
  return std::string(header.begin(), header.end()) + bytes;
}

GdpReader::~GdpReader() = default;

bool GdpReader::feed(std::span<const uint8_t> bytes) {
  if (!shared_) {
    parser_.feed_copy(bytes);
    return drain();
  }
  while (!bytes.empty()) {
    if (!block_ || block_.size == kSharedBlock) {
      block_ = {BlockRef(Block::create(ledger_, kSharedBlock)), 0, 0};
    }
    const size_t size = std::min<size_t>(bytes.size(), kSharedBlock - block_.size);
    std::memcpy(block_.data() + block_.size, bytes.data(), size);
    parser_.feed({block_.block, block_.size, static_cast<uint32_t>(size)});
    block_.size += static_cast<uint32_t>(size);
    bytes = bytes.subspan(size);
    if (!drain()) return false;
  }
  return true;
}

bool GdpReader::drain() {
  for (;;) {
    const Parser::Step step = parser_.next(&packet_);
    peak_ = std::max(peak_, live_bytes());
    if (step != Parser::Step::kPacket) return step == Parser::Step::kNeedMore;
    reading_.lines.push_back(gdp_line(packet_));
  }
}

GdpReading GdpReader::finish() {
  reading_.ok = parser_.finish();
  reading_.error = parser_.error();
  reading_.offset = parser_.offset();
  return reading_;
}

GdpReading read_gdp_at_once(const std::string& wire, ParserLimits limits) {
  return read_gdp(
      wire, [&](size_t) { return wire.size(); }, false, limits);
}

}  // namespace flumen::test
