// GDP's checksum and its 62 byte header, against bytes that the real gdppay wrote.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/gdp/crc.h"
#include "core/gdp/header.h"
#include "test/choices.h"

using namespace flumen::gdp;

namespace {

// The definition, bit by bit.
uint16_t slow_crc(std::span<const uint8_t> bytes) {
  unsigned state = 0xFFFF;
  for (const uint8_t byte : bytes) {
    for (int bit = 7; bit >= 0; --bit) {
      const unsigned feedback = ((state >> 15) ^ (byte >> bit)) & 1u;
      state = ((state << 1) & 0xFFFF) ^ (feedback * 0x1021u);
    }
  }
  return static_cast<uint16_t>(~state);
}

std::vector<uint8_t> from_hex(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// gdppay crc-payload=true: "abcd", PTS 1 s, DTS 0.999 s, 20 ms, offset 7 to 8, DISCONT and DELTA_UNIT.
constexpr char kBuffer[] =
    "01000300000100000004000000003b9aca000000000001312d00000000000000000700000000000000082040"
    "000000003b8b87c00000000000008622d309";

}  // namespace

TEST_CASE("gdp crc: the catalogue's check value, and 0 for nothing") {
  const std::string digits = "123456789";
  CHECK(crc16({reinterpret_cast<const uint8_t*>(digits.data()), digits.size()}) == 0xD64E);
  CHECK(crc16({}) == 0);
}

TEST_CASE("gdp crc: slices agree with single bits at every length, in any pieces") {
  flumen::test::Choices choices(7);
  std::vector<uint8_t> bytes(300);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(choices.below(256));
  for (size_t length = 0; length <= bytes.size(); ++length) {
    const std::span<const uint8_t> whole(bytes.data(), length);
    REQUIRE(crc16(whole) == slow_crc(whole));
    const size_t cut = choices.below(length + 1);
    Crc16 crc;
    crc.add(whole.first(cut));
    crc.add(whole.subspan(cut));
    REQUIRE(crc.value() == slow_crc(whole));
  }
}

TEST_CASE("gdp header: a buffer's, as gdppay writes it") {
  const std::vector<uint8_t> bytes = from_hex(kBuffer);
  REQUIRE(bytes.size() == kHeaderBytes);
  const std::span<const uint8_t, kHeaderBytes> wire(bytes.data(), kHeaderBytes);
  const Header header = read_header(wire);
  CHECK(header.is_version(1, 0));
  CHECK(header.header_flags == (kHasHeaderCrc | kHasPayloadCrc));
  CHECK(header.type == kBufferType);
  CHECK(header.length == 4);
  CHECK(header.pts == 1'000'000'000);
  CHECK(header.duration == 20'000'000);
  CHECK(header.offset == 7);
  CHECK(header.offset_end == 8);
  CHECK(header.flags == (BufferFlags::kDiscont | BufferFlags::kDelta));
  CHECK(header.dts == 999'000'000);
  CHECK(header.header_crc == 0x8622);
  CHECK(header_crc_of(wire) == 0x8622);
  CHECK(header.payload_crc == crc16(from_hex("61626364")));
  const HeaderBytes again = write_header(header);
  CHECK(std::vector<uint8_t>(again.begin(), again.end()) == bytes);
}

TEST_CASE("gdp header: caps with and without checksums") {
  Header header;
  header.header_flags = kHasHeaderCrc;
  header.type = kCapsType;
  header.length = 25;
  const HeaderBytes bytes = write_header(header);
  CHECK(std::vector<uint8_t>(bytes.begin(), bytes.begin() + 10) == from_hex("01000100000200000019"));
  CHECK(bytes[58] == 0xa1);
  CHECK(bytes[59] == 0x0b);
  header.header_flags = 0;
  const HeaderBytes plain = write_header(header);
  CHECK(plain[58] == 0);
  CHECK(plain[59] == 0);
}

TEST_CASE("gdp header: every bit of every field survives") {
  flumen::test::Choices choices(3);
  for (int round = 0; round < 200; ++round) {
    Header header;
    header.header_flags = kHasHeaderCrc;
    header.type = static_cast<uint16_t>(choices.below(65536));
    header.length = static_cast<uint32_t>(choices.below(uint64_t{1} << 32));
    for (uint64_t* field : {&header.pts, &header.duration, &header.offset, &header.offset_end, &header.dts}) {
      *field = choices.one_in(4) ? kNoValue : choices.below(uint64_t{1} << 62) * 4 + 1;
    }
    header.flags = static_cast<uint16_t>(choices.below(65536));
    const HeaderBytes bytes = write_header(header);
    const Header again = read_header(bytes);
    REQUIRE(write_header(again) == bytes);
    REQUIRE(again.pts == header.pts);
    REQUIRE(again.duration == header.duration);
    REQUIRE(again.offset == header.offset);
    REQUIRE(again.offset_end == header.offset_end);
    REQUIRE(again.dts == header.dts);
    REQUIRE(again.flags == header.flags);
    REQUIRE(again.type == header.type);
    REQUIRE(again.length == header.length);
  }
}
