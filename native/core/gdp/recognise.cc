#include "core/gdp/recognise.h"

#include <algorithm>

#include "core/gdp/crc.h"
#include "core/gdp/event_kind.h"
#include "core/gdp/header.h"
#include "core/gdp/legacy.h"

namespace flumen::gdp {

namespace {

// Nothing plausible is longer: a first packet is caps, an event or one frame.
constexpr uint32_t kMostLength = 64u << 20;

bool all_zero(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

bool is_yes(std::span<const uint8_t, kHeaderBytes> bytes) {
  const Header header = read_header(bytes);
  const bool crc = (header.header_flags & kHasHeaderCrc) != 0;
  if (header.header_crc != (crc ? header_crc_of(bytes) : 0)) return false;
  if ((header.header_flags & kHasPayloadCrc) == 0 && header.payload_crc != 0) return false;
  if (header.length > kMostLength || !all_zero(bytes.subspan(52, 6))) return false;
  switch (header.type) {
    case kBufferType:
      // No stream begins so, for caps come first; without a checksum this could be anything.
      return crc;
    case kCapsType:
      return header.length >= 2 && all_zero(bytes.subspan(10, 48));
    default:
      return (event_of_wire(header.type) != nullptr || legacy_event(header.type) != nullptr) &&
             all_zero(bytes.subspan(18, 40));
  }
}

// The header of 0.0 has 60 bytes with a type of one byte; that of 0.1 is taken to be like its successor's.
// Too much begins with zeros to go by anything but the checksum.
bool is_too_old(std::span<const uint8_t, kHeaderBytes> bytes) {
  if ((bytes[2] & kHasHeaderCrc) == 0) return false;
  if (bytes[1] == 1) return read_header(bytes).header_crc == header_crc_of(bytes);
  constexpr size_t kCrcAt = 56;
  return crc16(bytes.first(kCrcAt)) == (bytes[kCrcAt] << 8 | bytes[kCrcAt + 1]);
}

}  // namespace

Recognition recognise(std::span<const uint8_t> start) {
  const auto byte = [&](size_t i) { return i < start.size() ? int{start[i]} : -1; };
  const bool readable = (byte(0) == 1 && byte(1) <= 0) || (byte(0) == 0 && (byte(1) == 2 || byte(1) < 0));
  const bool old = byte(0) == 0 && byte(1) >= 0 && byte(1) <= 1;
  const bool nothing_yet = start.empty();
  if (!readable && !old && !nothing_yet) return Recognition::kNo;
  if (byte(2) > (kHasHeaderCrc | kHasPayloadCrc)) return Recognition::kNo;
  if (byte(3) > 0 && !(old && byte(1) == 0)) return Recognition::kNo;
  if (start.size() < kHeaderBytes) return Recognition::kNeedMore;
  const auto header = start.first<kHeaderBytes>();
  if (old) return is_too_old(header) ? Recognition::kTooOld : Recognition::kNo;
  return is_yes(header) ? Recognition::kYes : Recognition::kNo;
}

}  // namespace flumen::gdp
