#include "core/wire/packets.h"

#include <cstring>
#include <utility>

namespace flumen {

namespace {

constexpr std::string_view kNoStreamStart =
    "GstEventStreamStart, stream-id=(string)flumen, flags=(GstStreamFlags)GST_STREAM_FLAG_NONE;";
constexpr std::string_view kNoCaps = "application/octet-stream";
constexpr std::string_view kNoSegment =
    "GstEventSegment, segment=(GstSegment)\"segment, flags=(GstSegmentFlags)GST_SEGMENT_FLAG_NONE, "
    "rate=(double)1, applied-rate=(double)1, format=(GstFormat)time, base=(guint64)0, offset=(guint64)0, "
    "start=(guint64)0, stop=(guint64)18446744073709551615, time=(guint64)0, position=(guint64)0, "
    "duration=(guint64)18446744073709551615;\";";

constexpr gdp::EventNumber kEvents[] = {gdp::EventNumber::kStreamStart, gdp::EventNumber::kCaps,
                                        gdp::EventNumber::kSegment, gdp::EventNumber::kTag};
constexpr std::string_view kDefaults[] = {kNoStreamStart, kNoCaps, kNoSegment, ""};
constexpr auto kCapsPart = static_cast<size_t>(StateText::kCaps);

std::string text_packet(uint16_t type, std::string_view text, gdp::Checksums checksums) {
  gdp::Header header;
  header.type = type;
  header.header_flags = static_cast<uint8_t>((checksums.header ? gdp::kHasHeaderCrc : 0) |
                                             (checksums.payload ? gdp::kHasPayloadCrc : 0));
  if (type != gdp::kCapsType) header.pts = gdp::kNoValue;
  if (text.empty()) return gdp::packet_of(header, {});
  // The NUL counts.
  const std::string whole(text);
  return gdp::packet_of(header, {reinterpret_cast<const uint8_t*>(whole.c_str()), whole.size() + 1});
}

void append_hex(std::string& text, const BlockSlice& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (size_t i = 0; i < bytes.size; ++i) {
    text += kDigits[bytes.data()[i] >> 4];
    text += kDigits[bytes.data()[i] & 15];
  }
}

// A receiver's decoder looks for the headers in the caps. They may be there already, in another form than the
// bare stream has them (what a string says is escaped, and cannot be mistaken for it).
std::string caps_with(std::string_view caps, const std::vector<BlockSlice>& headers) {
  std::string text(caps);
  if (caps.find(", streamheader=") != std::string_view::npos) return text;
  for (size_t i = 0; i < headers.size(); ++i) {
    text += i == 0 ? ", streamheader=(buffer)< " : ", ";
    append_hex(text, headers[i]);
  }
  if (!headers.empty()) text += " >";
  return text;
}

std::string header_packet(const BlockSlice& bytes, gdp::Checksums checksums) {
  gdp::FrameMeta meta;
  meta.flags = gdp::BufferFlags::kHeader;
  const std::span<const uint8_t> payload(bytes.data(), bytes.size);
  const gdp::HeaderBytes header = gdp::frame_header(meta, payload, checksums);
  std::string packet(header.begin(), header.end());
  packet.append(reinterpret_cast<const char*>(payload.data()), payload.size());
  return packet;
}

std::span<const uint8_t> bytes_in(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::string event_packet(const gdp::EventKind& kind, std::string_view text, gdp::Checksums checksums) {
  return text_packet(kind.wire_type(), text, checksums);
}

BlockSlice frame_packet(const Frame& frame, gdp::Checksums checksums, BlockWriter& writer) {
  const gdp::HeaderBytes header =
      gdp::frame_header(gdp::meta_of(frame.info), {frame.data(), frame.size()}, checksums);
  const uint32_t events = frame.packet.size;
  const std::span<uint8_t> room = writer.reserve(events + header.size());
  if (events > 0) std::memcpy(room.data(), frame.packet.data(), events);
  std::memcpy(room.data() + events, header.data(), header.size());
  return writer.commit(events + header.size());
}

StickyPackets sticky_packets(const StateTexts& texts, const std::vector<BlockSlice>& headers,
                             gdp::Checksums checksums, Ledger& ledger) {
  StickyPackets packets;
  std::string all;
  for (size_t part = 0; part < StickyPackets::kHeaders; ++part) {
    packets.begin[part] = static_cast<uint32_t>(all.size());
    const std::string_view text = texts[part].empty() ? kDefaults[part] : std::string_view(texts[part]);
    if (text.empty()) continue;
    all += part == kCapsPart ? text_packet(gdp::kCapsType, caps_with(text, headers), checksums)
                             : event_packet(gdp::event_of(kEvents[part]), text, checksums);
  }
  packets.begin[StickyPackets::kHeaders] = static_cast<uint32_t>(all.size());
  for (const BlockSlice& header : headers) all += header_packet(header, checksums);
  packets.begin[StickyPackets::kParts] = static_cast<uint32_t>(all.size());
  packets.all = copy_to_slice(ledger, bytes_in(all));
  return packets;
}

BlockSlice GdpReceiver::take_due(const StickyPackets& now, bool resend, Ledger& ledger) {
  size_t first = StickyPackets::kParts;
  size_t end = 0;
  std::string joined;
  const bool keeps = !resend && informed();
  for (size_t part = 0; part < StickyPackets::kParts; ++part) {
    const BlockSlice packet = now.part(part);
    if (keeps && (part == kCapsPart || part == StickyPackets::kHeaders)) continue;
    if (same_bytes(had[part], packet)) continue;
    had[part] = packet;
    if (packet.size == 0) continue;
    if (first == StickyPackets::kParts) first = part;
    end = part + 1;
    joined.append(reinterpret_cast<const char*>(packet.data()), packet.size);
  }
  if (joined.empty()) return {};
  // Mostly neighbours, which lie together already.
  const BlockSlice run = now.run(first, end);
  return run.size == joined.size() ? run : copy_to_slice(ledger, bytes_in(joined));
}

}  // namespace flumen
