// Telling GDP from other streams by its first bytes.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/gdp/recognise.h"
#include "test/choices.h"
#include "test/gdp_stream.h"

using namespace flumen;
using namespace flumen::test;
using namespace flumen::gdp;

namespace {

Recognition tell(const std::string& bytes) {
  return recognise({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

Header plain(uint8_t flags, uint8_t major = 1, uint8_t minor = 0) {
  Header header;
  header.header_flags = flags;
  header.major = major;
  header.minor = minor;
  return header;
}

}  // namespace

TEST_CASE("gdp recognise: yes from 62 bytes on, nothing before") {
  const uint16_t stream_start = gdp_wire_type(EventNumber::kStreamStart);
  for (uint8_t flags = 0; flags <= 3; ++flags) {
    for (const std::string& bytes : {gdp_text_packet(stream_start, "GstEventStreamStart;", plain(flags)),
                                     gdp_text_packet(kCapsType, "audio/mpeg", plain(flags)),
                                     gdp_text_packet(kCapsType, "audio/mpeg", plain(flags, 0, 2)),
                                     gdp_text_packet(0x66 + 64, "GstEventNewsegment;", plain(flags))}) {
      for (size_t size = 0; size < kHeaderBytes; ++size) {
        REQUIRE(tell(bytes.substr(0, size)) == Recognition::kNeedMore);
      }
      CHECK(tell(bytes.substr(0, kHeaderBytes)) == Recognition::kYes);
      CHECK(tell(bytes) == Recognition::kYes);
    }
  }
  CHECK(tell(gdp_frame("x")) == Recognition::kYes);
  CHECK(tell(gdp_frame("x", {}, {false, false})) == Recognition::kNo);
}

TEST_CASE("gdp recognise: versions that nobody reads") {
  CHECK(tell(gdp_text_packet(kCapsType, "a/b", plain(kHasHeaderCrc, 0, 1))) == Recognition::kTooOld);
  // Made by GStreamer 0.8: caps of 32 bytes.
  std::string oldest =
      std::string("\0\0\1\2\0\0\0\x20", 8) + std::string(48, '\0') + "\x3b\xb8" + "\0\0audio/";
  oldest.resize(kHeaderBytes);
  CHECK(tell(oldest) == Recognition::kTooOld);
  oldest[3] = 1;
  CHECK(tell(oldest) == Recognition::kNo);
  CHECK(tell(std::string(100, '\0')) == Recognition::kNo);
}

TEST_CASE("gdp recognise: one wrong bit is a no") {
  const std::string bytes = gdp_text_packet(kCapsType, "audio/mpeg", plain(kHasHeaderCrc));
  for (size_t bit = 0; bit < 60 * 8; ++bit) {
    std::string wrong = bytes;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE(tell(wrong) != Recognition::kYes);
  }
}

TEST_CASE("gdp recognise: beginnings of other formats") {
  const std::vector<std::string> starts = {"HTTP/1.1 200 OK\r\n",
                                           "PUT /x HTTP/1.1\r\n",
                                           "OggS\0\2",
                                           "\x1a\x45\xdf\xa3\x01",
                                           "FLV\1\5",
                                           "ID3\3",
                                           std::string("G\x40\0\x10\0", 5),
                                           "\xff\xfb\x90",
                                           "\xff\xf1\x50",
                                           "RIFF",
                                           "fLaC",
                                           std::string("\0\0\0\1\x67", 5),
                                           std::string("\0\0\1\xba", 4),
                                           std::string("\0\0\0\x18"
                                                       "ftypmp42",
                                                       12),
                                           std::string("\0\0\1\0\1\0", 6),
                                           std::string("\1\0\0\0\1\0", 6),
                                           std::string("\1\1\0\0", 4)};
  Choices choices(1);
  for (const std::string& start : starts) {
    std::string zeros = start + std::string(100, '\0');
    CHECK(tell(zeros) == Recognition::kNo);
    for (int round = 0; round < 1000; ++round) {
      std::string bytes = start;
      while (bytes.size() < 70) bytes += static_cast<char>(choices.below(256));
      REQUIRE(tell(bytes) == Recognition::kNo);
    }
  }
}
