// The 62 bytes in front of every GDP packet, read and written field by field. Nothing here judges them: that
// is the parser's business. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace flumen::gdp {

inline constexpr size_t kHeaderBytes = 62;

/// "No value", for timestamps, duration and offsets alike. 0 is a value.
inline constexpr uint64_t kNoValue = ~uint64_t{0};

/// Bits of Header::header_flags.
inline constexpr uint8_t kHasHeaderCrc = 1;
inline constexpr uint8_t kHasPayloadCrc = 2;

/// Header::type; an event has kFirstEvent + its GstEventType, of which the 17th bit is lost.
inline constexpr uint16_t kBufferType = 1;
inline constexpr uint16_t kCapsType = 2;
inline constexpr uint16_t kFirstEvent = 64;

/// GstBufferFlags as they travel.
struct BufferFlags {
  static constexpr uint16_t kLive = 0x0010;
  static constexpr uint16_t kDiscont = 0x0040;
  static constexpr uint16_t kHeader = 0x0400;
  static constexpr uint16_t kGap = 0x0800;
  static constexpr uint16_t kDelta = 0x2000;
  /// Nothing else means anything to another process.
  static constexpr uint16_t kAll = kLive | kDiscont | kHeader | kGap | kDelta;
};

struct Header {
  uint8_t major = 1;
  uint8_t minor = 0;
  uint8_t header_flags = 0;
  uint16_t type = kBufferType;
  uint32_t length = 0;  // of the payload, in bytes
  uint64_t pts = 0;     // ns, as duration and dts
  uint64_t duration = 0;
  uint64_t offset = 0;
  uint64_t offset_end = 0;
  uint16_t flags = 0;
  uint64_t dts = 0;
  uint16_t header_crc = 0;
  uint16_t payload_crc = 0;

  bool is_version(uint8_t high, uint8_t low) const { return major == high && minor == low; }
  bool is_event() const { return type >= kFirstEvent; }
};

using HeaderBytes = std::array<uint8_t, kHeaderBytes>;

Header read_header(std::span<const uint8_t, kHeaderBytes> bytes);

/// Padding and reserved bytes become 0. The header's checksum is computed when its flag is set, and else 0;
/// `payload_crc` is written as it is.
HeaderBytes write_header(const Header& header);

/// The checksum that belongs into bytes 58 and 59.
uint16_t header_crc_of(std::span<const uint8_t, kHeaderBytes> bytes);

}  // namespace flumen::gdp
