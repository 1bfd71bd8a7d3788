#include "core/container/asf_packet.h"

#include "core/container/bits.h"

namespace flumen::container {

namespace {

constexpr std::string_view kFileProperties{"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65",
                                           16};
constexpr std::string_view kStreamProperties{
    "\x91\x07\xdc\xb7\xb7\xa9\xcf\x11\x8e\xe6\x00\xc0\x0c\x20\x53\x65", 16};
constexpr std::string_view kVideoMedia{"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b",
                                       16};

constexpr size_t kFilePropertiesBytes = 104;
constexpr size_t kStreamPropertiesBytes = 78;
constexpr size_t kLeastPacket = 18;
constexpr size_t kMostPacket = 256 * kKiB;

// Reads numbers one after the other. What is not there is 0, and fails the reader.
class AsfNumbers {
 public:
  explicit AsfNumbers(Bytes bytes) : bytes_(bytes) {}
  bool failed() const { return failed_; }
  size_t left() const { return bytes_.size() - at_; }
  void skip(size_t size) {
    failed_ = failed_ || size > left();
    if (!failed_) at_ += size;
  }
  uint32_t number(size_t size) {
    const size_t from = at_;
    skip(size);
    uint32_t value = 0;
    for (size_t i = failed_ ? 0 : size; i > 0; --i) value = value << 8 | bytes_[from + i - 1];
    return value;
  }
  /// Of a length that two bits name.
  uint32_t typed(uint32_t type) { return number((type & 3u) == 3 ? 4 : type & 3u); }

 private:
  Bytes bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

struct Payload {
  uint8_t stream = 0;
  bool key = false;
  bool begins = false;
  uint32_t shown = 0;
};

// Up to its data.
Payload read_payload(AsfNumbers& numbers, uint8_t properties) {
  Payload payload;
  const uint32_t stream = numbers.number(1);
  payload.stream = stream & 0x7fu;
  payload.key = (stream & 0x80u) != 0;
  numbers.typed(properties >> 4);
  const uint32_t offset = numbers.typed(properties >> 2);
  const uint32_t replicated = numbers.typed(properties);
  if (replicated == 1) {
    // Several whole objects; the offset is a time.
    payload.begins = true;
    payload.shown = offset;
    numbers.skip(1);
  } else if (replicated >= 8) {
    payload.begins = offset == 0;
    numbers.skip(4);
    payload.shown = numbers.number(4);
    numbers.skip(replicated - 8);
  } else {
    payload.begins = offset == 0;
    numbers.skip(replicated);
  }
  return payload;
}

}  // namespace

// They may lie in other objects: they are looked for wherever they are.
std::optional<AsfStreams> read_asf_header(Bytes header) {
  AsfStreams streams;
  for (size_t at = kAsfObjectHead; at + kStreamPropertiesBytes <= header.size(); ++at) {
    if (has_text(header, at, kFileProperties) && at + kFilePropertiesBytes <= header.size()) {
      streams.preroll = le64(&header[at + 80]);
      streams.packet = le32(&header[at + 92]);
      if (le32(&header[at + 96]) != streams.packet) return std::nullopt;
    }
    if (has_text(header, at, kStreamProperties) && has_text(header, at + 24, kVideoMedia)) {
      streams.video.set(header[at + 72] & 0x7fu);
    }
  }
  if (streams.packet < kLeastPacket || streams.packet > kMostPacket) return std::nullopt;
  return streams;
}

std::optional<AsfPacket> read_asf_packet(Bytes packet, const AsfStreams& streams) {
  AsfNumbers numbers(packet);
  uint32_t flags = numbers.number(1);
  if ((flags & 0x80u) != 0) {
    // Error correction: two bytes, and nothing else is defined.
    if ((flags & 0x7fu) != 2) return std::nullopt;
    numbers.skip(2);
    flags = numbers.number(1);
  }
  const auto properties = static_cast<uint8_t>(numbers.number(1));
  const uint32_t size = numbers.typed(flags >> 5);
  numbers.typed(flags >> 1);
  const uint32_t padding = numbers.typed(flags >> 3);
  AsfPacket read;
  read.sent = numbers.number(4);
  numbers.skip(2);
  const bool several = (flags & 1u) != 0;
  const uint32_t payloads = several ? numbers.number(1) : 1;
  if (numbers.failed() || size > packet.size() || padding > numbers.left()) return std::nullopt;
  // A stream's number takes a byte.
  if (properties >> 6 != 1) return std::nullopt;
  const uint32_t count = several ? payloads & 0x3fu : 1;
  for (uint32_t i = 0; i < count; ++i) {
    const Payload payload = read_payload(numbers, properties);
    numbers.skip(several ? numbers.typed(payloads >> 6) : 0);
    if (numbers.failed()) return std::nullopt;
    const bool main = streams.video.none() || streams.video[payload.stream];
    if (!main || !payload.begins || read.shown) continue;
    read.shown = payload.shown;
    read.key = payload.key || streams.video.none();
  }
  return read;
}

}  // namespace flumen::container
