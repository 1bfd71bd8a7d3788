// MPEG transport streams: tables, starts and times out of real streams, odd ones and broken ones.
#include <doctest/doctest.h>

#include "core/container/recognise.h"
#include "test/container_check.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

constexpr size_t kPacket = 188;
constexpr int kPat = 0;
constexpr int kPmt = 0x1000;
constexpr int kPictures = 0x100;
constexpr uint8_t kAvc = 0x1b;

uint32_t crc_of(const std::string& bytes) {
  uint32_t crc = 0xffff'ffff;
  for (const char byte : bytes) {
    crc ^= static_cast<uint32_t>(static_cast<uint8_t>(byte)) << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ ((crc >> 31) != 0 ? 0x04c1'1db7u : 0u);
  }
  return crc;
}

std::string ts_number(uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> 8 * bytes);
  return text;
}

std::string ts_packet(int pid, bool start, std::string payload, int counter = 0) {
  payload.resize(kPacket - 4, '\xff');
  return "\x47" + ts_number(static_cast<uint64_t>((start ? 0x4000 : 0) | pid), 2) +
         static_cast<char>(0x10 | counter) + payload;
}

// In as many packets as it needs.
std::string ts_section(int pid, uint8_t table, int number, const std::string& body, int counter = 0) {
  std::string section = ts_number(table, 1) + ts_number(0xb000 | (body.size() + 9), 2) +
                        ts_number(static_cast<uint64_t>(number), 2) + std::string("\xc1\0\0", 3) + body;
  section = '\0' + section + ts_number(crc_of(section), 4);
  std::string packets;
  for (size_t at = 0; at < section.size(); at += kPacket - 4) {
    packets += ts_packet(pid, at == 0, section.substr(at, kPacket - 4), counter);
  }
  return packets;
}

std::string pat(int counter = 0) {
  return ts_section(kPat, 0, 1, ts_number(1, 2) + ts_number(0xe000 | kPmt, 2), counter);
}

std::string pmt(uint8_t type = kAvc, size_t described = 0, int counter = 0) {
  const std::string descriptors = std::string(described, '\x80');
  return ts_section(kPmt, 2, 1,
                    ts_number(0xe000 | kPictures, 2) + ts_number(0xf000, 2) + ts_number(type, 1) +
                        ts_number(0xe000 | kPictures, 2) + ts_number(0xf000 | described, 2) + descriptors,
                    counter);
}

std::string pes_time(uint64_t ticks) {
  return ts_number((ticks >> 29 & 0xe) | 0x21, 1) + ts_number((ticks >> 14 & 0xfffe) | 1, 2) +
         ts_number((ticks << 1 & 0xfffe) | 1, 2);
}

std::string pes(uint64_t ticks, const std::string& bytes) {
  return ts_packet(kPictures, true, std::string("\0\0\1\xe0\0\0\x80\x80\x05", 9) + pes_time(ticks) + bytes);
}

std::string picture(uint64_t ticks) { return pes(ticks, std::string("\0\0\1\x65picture", 11)); }
std::string difference(uint64_t ticks) { return pes(ticks, std::string("\0\0\1\x41picture", 11)); }
const std::string kMore = ts_packet(kPictures, false, "more");

std::string without_indicators(std::string bytes) {
  for (size_t at = 0; at + kPacket <= bytes.size(); at += kPacket) {
    if ((bytes[at + 3] & 0x20) != 0 && bytes[at + 4] > 0) bytes[at + 5] &= '\xbf';
  }
  return bytes;
}

}  // namespace

TEST_CASE("container TS: pictures that can be started with, by the indicator or by what they are") {
  const std::pair<const char*, const char*> samples[] = {
      {"avc-aac.mpegts", "1566 2566 3566"}, {"hevc.mpegts", "1566 2566"}, {"mpeg2.mpegts", "1483 2233"}};
  for (const auto& sample : samples) {
    const auto& [name, times] = sample;
    CAPTURE(sample.first);
    const std::string bytes = container_sample(name);
    const ContainerReading reading = read_whole(Format::kMpegTs, bytes);
    // What ffprobe says of the packets of the pictures.
    CHECK(reading.times() == times);
    CHECK(reading.states.back().headers.size() == 2);
    CHECK(reading.states.size() == 2);
    CHECK(reading.notes.size() == 1);
    CHECK(read_whole(Format::kMpegTs, without_indicators(bytes)).times() == times);
  }
}

TEST_CASE(
    "container TS: a stream that has said where it can be started is believed until its tables change") {
  std::string marked = picture(9'000);
  marked = marked.substr(0, 3) + std::string("\x30\x02\x40\xff", 4) + marked.substr(4, kPacket - 7);
  const std::string unmarked = picture(18'000);
  CHECK(read_whole(Format::kMpegTs, pat() + pmt() + marked + unmarked).times() == "100");
  CHECK(read_whole(Format::kMpegTs, pat() + pmt() + marked + pmt(kAvc, 3) + unmarked).times() == "100 200");
}

TEST_CASE("container TS: sound alone is a start with each of its units") {
  const ContainerReading reading = read_whole(Format::kMpegTs, container_sample("aac.mpegts"));
  CHECK(reading.times() == "1400 1771 2143 2514 2886 3257");
}

TEST_CASE("container TS: who starts with a picture gets the tables, once") {
  const std::string bytes = pat() + pmt() + picture(9'000) + kMore + difference(18'000) + picture(27'000) +
                            pat(1) + kMore + picture(36'000);
  const ContainerReading reading = read_whole(Format::kMpegTs, bytes);
  CHECK(reading.times() == "100 300 400");
  REQUIRE(reading.frames.size() == 5);
  CHECK(reading.frames[0].info.flags == FrameFlags::kHeadersInside);
  CHECK(reading.from_frame(0) == bytes);
  CHECK(reading.from_frame(2) == pat() + pmt() + bytes.substr(reading.frames[2].at));
  CHECK(reading.from_frame(4) == pat() + pmt() + picture(36'000));
}

TEST_CASE("container TS: tables that come again change nothing, others do") {
  const std::string same = pat() + pmt() + picture(0) + pat(3) + pmt(kAvc, 0, 3) + picture(9'000);
  CHECK(read_whole(Format::kMpegTs, same).states.size() == 2);

  const std::string other = pmt(0x24, 3);
  const std::string hevc = pes(18'000, std::string("\0\0\1\x26\1picture", 12));
  const ContainerReading reading =
      read_whole(Format::kMpegTs, same + other + hevc + kMore + picture(27'000) + hevc);
  CHECK(reading.states.size() == 3);
  CHECK(reading.states.back().joined() == pat() + other);
  const ReadFrame& changed = reading.frames[reading.frames.size() - 3];
  CHECK(changed.info.flags == FrameFlags::kChangeInside);
  CHECK(changed.bytes == other + hevc + kMore);
  CHECK(reading.from_frame(reading.frames.size() - 1) == pat() + other + hevc);

  std::string torn = pmt(0x24, 3);
  torn[100] ^= 1;
  torn[20] ^= 1;
  CHECK(read_whole(Format::kMpegTs, same + torn + picture(18'000)).states.size() == 2);
}

TEST_CASE("container TS: tables may take several packets, with others between them") {
  const std::string big = pmt(kAvc, 600);
  REQUIRE(big.size() == 4 * kPacket);
  const std::string between = big.substr(0, kPacket) + kMore + big.substr(kPacket);
  const ContainerReading reading =
      read_whole(Format::kMpegTs, pat() + between + picture(9'000) + kMore + picture(18'000));
  CHECK(reading.states.back().joined() == pat() + big);
  CHECK(reading.times() == "100 200");
  CHECK(read_whole(Format::kMpegTs, pat() + big + picture(9'000)).frames[0].info.flags ==
        FrameFlags::kHeadersInside);
}

TEST_CASE("container TS: times wrap after 26 hours") {
  const ContainerReading reading =
      read_whole(Format::kMpegTs, pat() + pmt() + picture((1ull << 33) - 9'000) + picture(9'000));
  REQUIRE(reading.frames.size() == 2);
  CHECK(reading.frames[0].info.pts == ((1ll << 33) - 9'000) * 100'000 / 9);
  CHECK(reading.frames[1].info.pts == ((1ll << 33) + 9'000) * 100'000 / 9);
}

TEST_CASE("container TS: where the program is not known, its tables are the best start there is") {
  const std::string data = ts_packet(kPictures, true, "data");
  const ContainerReading reading =
      read_whole(Format::kMpegTs, pat() + pmt(0x05) + data + data + pat() + pmt(0x05) + data);
  CHECK(reading.starts().size() == 2);
  CHECK(read_whole(Format::kMpegTs, data + data + data).starts().empty());
}

TEST_CASE("container TS: nothing is held back but a start's own beginning") {
  // All of it that came is out before the next comes.
  std::string bytes = pat() + pmt() + picture(0);
  for (int i = 0; i < 10; ++i) bytes += kMore;
  const ContainerReading reading =
      read_container(Format::kMpegTs, bytes, [](size_t) { return size_t{kPacket}; });
  CHECK(reading.frames.size() == 11);
  // Tables without end are no reason to wait.
  std::string tables;
  for (int i = 0; i < 100; ++i) tables += pat();
  const ContainerReading waited = read_whole(Format::kMpegTs, tables + pmt() + picture(9'000));
  CHECK(waited.frames[0].bytes.size() == 32 * kPacket);
  CHECK(waited.times() == "100");
}

TEST_CASE("container TS: what is no packet is passed on, and three in a row are found again") {
  const std::string bytes = container_sample("avc-aac.mpegts");
  const ContainerReading torn =
      read_whole(Format::kMpegTs, bytes.substr(0, 50 * kPacket + 20) + bytes.substr(51 * kPacket));
  CHECK(torn.times() == "1566 2566 3566");
  REQUIRE(torn.notes.size() == 2);
  CHECK(torn.notes[1].ends_with("mpegts three packets in a row do not begin with 0x47"));
  const ContainerReading noise =
      read_whole(Format::kMpegTs, std::string(3'000, '\x47') + std::string(50'000, 'x') + bytes);
  CHECK(noise.times() == "1566 2566 3566");
  CHECK(read_whole(Format::kMpegTs, bytes.substr(0, 10'000)).from_start() == bytes.substr(0, 10'000));
}

TEST_CASE("container TS: is recognised by three packets") {
  const auto recognised = [](const std::string& bytes, bool whole) {
    return container::recognise({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, whole, "");
  };
  CHECK(recognised(pat() + pmt() + "\x47", false) == Format::kMpegTs);
  CHECK(recognised(pat() + pmt(), false) == std::nullopt);
  CHECK(recognised(pat() + "\x48", true) != Format::kMpegTs);
}
