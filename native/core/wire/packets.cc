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

void append_hex(std::string& text, const BlockSlice& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (size_t i = 0; i < bytes.size; ++i) {
    text += kDigits[bytes.data()[i] >> 4];
    text += kDigits[bytes.data()[i] & 15];
  }
}

// What of the headers is repeated in the caps, where it takes twice the room: readers take caps of 4 MiB (our
// own parser does). Bigger ones come as buffers only.
constexpr size_t kHeadersInCaps = 1 * kMiB;

// A receiver's decoder looks for the headers in the caps. They may be there already, in another form than the
// bare stream has them (what a string says is escaped, and cannot be mistaken for it).
std::string caps_with(const std::string& caps, const std::vector<BlockSlice>& headers) {
  std::string text = caps;
  size_t total = 0;
  for (const BlockSlice& header : headers) total += header.size;
  if (total > kHeadersInCaps || caps.find(", streamheader=") != std::string::npos) return text;
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
  return gdp::text_packet(kind.wire_type(), std::string(text), checksums);
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
    const std::string text = texts[part].empty() ? std::string(kDefaults[part]) : texts[part];
    if (text.empty()) continue;
    all += part == kCapsPart ? gdp::text_packet(gdp::kCapsType, caps_with(text, headers), checksums)
                             : event_packet(gdp::event_of(kEvents[part]), text, checksums);
  }
  packets.begin[StickyPackets::kHeaders] = static_cast<uint32_t>(all.size());
  for (const BlockSlice& header : headers) all += header_packet(header, checksums);
  packets.begin[StickyPackets::kParts] = static_cast<uint32_t>(all.size());
  packets.all = copy_to_slice(ledger, bytes_in(all));
  return packets;
}

BlockSlice GdpReceiver::take_due(const StickyPackets& now, bool resend, bool inside, Ledger& ledger) {
  size_t first = StickyPackets::kParts;
  size_t end = 0;
  std::string joined;
  const bool keeps = !resend && informed();
  for (size_t part = 0; part < StickyPackets::kParts; ++part) {
    const BlockSlice packet = now.part(part);
    if (keeps && (part == kCapsPart || part == StickyPackets::kHeaders)) continue;
    if (same_bytes(had[part], packet)) continue;
    had[part] = packet;
    if (packet.size == 0 || (inside && part == StickyPackets::kHeaders)) continue;
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
