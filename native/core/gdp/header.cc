#include "core/gdp/header.h"

#include "core/gdp/crc.h"

namespace flumen::gdp {

namespace {

// Where the fields lie. All numbers are big-endian.
constexpr size_t kMajorAt = 0, kMinorAt = 1, kFlagsAt = 2, kTypeAt = 4, kLengthAt = 6, kPtsAt = 10,
                 kDurationAt = 18, kOffsetAt = 26, kOffsetEndAt = 34, kBufferFlagsAt = 42, kDtsAt = 44,
                 kHeaderCrcAt = 58, kPayloadCrcAt = 60;

template <typename T>
T read(const uint8_t* at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((uint64_t{value} << 8) | at[i]);
  return value;
}

template <typename T>
void write(uint8_t* at, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
}

}  // namespace

Header read_header(std::span<const uint8_t, kHeaderBytes> bytes) {
  const uint8_t* at = bytes.data();
  Header header;
  header.major = at[kMajorAt];
  header.minor = at[kMinorAt];
  header.header_flags = at[kFlagsAt];
  header.type = read<uint16_t>(at + kTypeAt);
  header.length = read<uint32_t>(at + kLengthAt);
  header.pts = read<uint64_t>(at + kPtsAt);
  header.duration = read<uint64_t>(at + kDurationAt);
  header.offset = read<uint64_t>(at + kOffsetAt);
  header.offset_end = read<uint64_t>(at + kOffsetEndAt);
  header.flags = read<uint16_t>(at + kBufferFlagsAt);
  header.dts = read<uint64_t>(at + kDtsAt);
  header.header_crc = read<uint16_t>(at + kHeaderCrcAt);
  header.payload_crc = read<uint16_t>(at + kPayloadCrcAt);
  return header;
}

HeaderBytes write_header(const Header& header) {
  HeaderBytes bytes{};
  uint8_t* at = bytes.data();
  at[kMajorAt] = header.major;
  at[kMinorAt] = header.minor;
  at[kFlagsAt] = header.header_flags;
  write(at + kTypeAt, header.type);
  write(at + kLengthAt, header.length);
  write(at + kPtsAt, header.pts);
  write(at + kDurationAt, header.duration);
  write(at + kOffsetAt, header.offset);
  write(at + kOffsetEndAt, header.offset_end);
  write(at + kBufferFlagsAt, header.flags);
  write(at + kDtsAt, header.dts);
  if ((header.header_flags & kHasHeaderCrc) != 0) write(at + kHeaderCrcAt, header_crc_of(bytes));
  write(at + kPayloadCrcAt, header.payload_crc);
  return bytes;
}

uint16_t header_crc_of(std::span<const uint8_t, kHeaderBytes> bytes) {
  return crc16(bytes.first(kHeaderCrcAt));
}

}  // namespace flumen::gdp
