// Matroska and WebM: blocks of real streams, clusters made by hand, headers that come again, and broken ones.
#include <doctest/doctest.h>

#include "core/container/recognise.h"
#include "test/container_reading.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

using namespace std::string_literals;

const std::string kEndlessSize = "\x01\xff\xff\xff\xff\xff\xff\xff"s;
const std::string kClusterId = "\x1f\x43\xb6\x75"s;

std::string size_of(size_t size) { return {static_cast<char>(0x40 | size >> 8), static_cast<char>(size)}; }

std::string ebml(const std::string& id, const std::string& payload) {
  return id + size_of(payload.size()) + payload;
}

// Endless, with a track of pictures (1) and one of sound (2), or the latter alone.
std::string headers_of(bool video) {
  const auto track = [](char number, char type) {
    return ebml("\xae", ebml("\xd7", {number}) + ebml("\x83", {type}));
  };
  return ebml("\x1a\x45\xdf\xa3", ebml("\x42\x82", "webm")) + "\x18\x53\x80\x67" + kEndlessSize +
         ebml("\x16\x54\xae\x6b", (video ? track(1, 1) : "") + track(2, 2));
}

std::string cluster_of(char time, const std::string& blocks) {
  return kClusterId + kEndlessSize + ebml("\xe7", {time}) + blocks;
}

// A SimpleBlock: number with its marker, time of two bytes, flags.
std::string block_of(char track, char offset, bool key, size_t size = 10) {
  return ebml("\xa3",
              std::string{static_cast<char>(0x80 | track), 0, offset, static_cast<char>(key ? 0x80 : 0)} +
                  std::string(size, 'p'));
}

std::string group_of(char track, char offset, bool refers) {
  const std::string block{static_cast<char>(0x80 | track), 0, offset, 0, 'p'};
  return ebml("\xa0", ebml("\xa1", block) + ebml("\x9b", {20}) + (refers ? ebml("\xfb", "\xd8") : ""));
}

std::string joined_headers(const ContainerReading& reading) { return reading.states.back().joined(); }

}  // namespace

TEST_CASE(
    "container matroska: a cluster whose first picture is a key frame is a start; each block is a unit") {
  const std::string bytes = container_sample("vp8-opus.webm");
  const ContainerReading reading = read_container(Format::kMatroska, bytes);
  CHECK(reading.times() == "7 967 1927");
  CHECK(reading.frames.size() == 148);
  CHECK(joined_headers(reading) + reading.frames[0].bytes ==
        bytes.substr(0, 508 + reading.frames[0].bytes.size()));
  CHECK(joined_headers(reading).size() == bytes.find(kClusterId));
  CHECK(reading.notes == std::vector<std::string>{"508 webm video/webm\nvideo/webm"});
  CHECK(differs_when_cut(Format::kMatroska, bytes) == "");
}

TEST_CASE("container matroska: clusters without a size; sound alone starts with every cluster") {
  const std::string endless = container_sample("vp8-vorbis-endless.webm");
  CHECK(read_container(Format::kMatroska, endless).times() == "0 800 1600");
  CHECK(differs_when_cut(Format::kMatroska, endless) == "");

  const std::string sound = container_sample("opus.webm");
  const ContainerReading reading = read_container(Format::kMatroska, sound);
  CHECK(reading.times() == "0 481 981 1481 1981");
  CHECK(reading.states.back().caps == "audio/webm");
  CHECK(differs_when_cut(Format::kMatroska, sound) == "");
}

TEST_CASE("container matroska: whoever comes late is not told how long the file was") {
  const std::string bytes = container_sample("h264-aac.mkv");
  const ContainerReading reading = read_container(Format::kMatroska, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "- 46 1046 2046");
  CHECK(reading.states.back().caps == "video/x-matroska");
  std::string headers = bytes.substr(0, bytes.find(kClusterId));
  headers.replace(headers.find("\x18\x53\x80\x67") + 4, 8, kEndlessSize);
  CHECK(joined_headers(reading) == headers);
  // Pictures are not in the order of their times; what counts how far receivers lag goes on.
  Nanos last = 0;
  for (const ReadFrame& frame : reading.frames) {
    if (frame.info.dts == kNoTime) continue;
    CHECK(frame.info.dts >= last);
    last = frame.info.dts;
  }
  CHECK(differs_when_cut(Format::kMatroska, bytes) == "");
}

TEST_CASE("container matroska: sound in front of a cluster's first picture waits for it, but not for long") {
  const std::string headers = headers_of(true);
  const std::string lead = block_of(2, 0, true) + block_of(2, 20, true);
  const std::string cluster = cluster_of(100, lead + block_of(1, 21, true));
  const std::string bytes = headers + cluster + block_of(2, 40, true) + block_of(1, 61, false) +
                            cluster_of(120, lead + block_of(1, 50, false) + block_of(1, 60, true)) +
                            cluster_of(121, lead + kClusterId) + kEndlessSize + ebml("\xe7", {127}) +
                            group_of(2, 0, false) + group_of(1, 2, false) + group_of(1, 3, true);
  const ContainerReading reading = read_container(Format::kMatroska, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "121 129");
  CHECK(reading.frames[0].bytes == cluster);
  CHECK(reading.frames[1].info.flags == FrameFlags::kDelta);
  CHECK(reading.frames[1].info.pts == 140 * kMillisecond);
  CHECK(reading.frames.back().info.duration == 20 * kMillisecond);
  CHECK(differs_when_cut(Format::kMatroska, bytes) == "");

  // 127 ms and more are not too long, 64 KiB are.
  std::string much;
  for (int i = 0; i < 70; ++i) much += block_of(2, 1, true, 1'000);
  const ContainerReading big =
      read_container(Format::kMatroska, headers + cluster_of(1, much + block_of(1, 2, true)));
  CHECK(big.starts().size() == 1);
  CHECK(big.frames[0].bytes.size() < 66 * kKiB);
  const std::string late = ebml("\xa3", "\x82\x02\x00\x80late"s);
  const ContainerReading slow =
      read_container(Format::kMatroska, headers + cluster_of(1, late + block_of(1, 2, true)));
  CHECK(slow.starts().size() == 1);
  CHECK(slow.frames.size() == 2);
}

TEST_CASE("container matroska: headers that come again are a new stream, equal ones too") {
  const std::string one = headers_of(false) + cluster_of(5, block_of(2, 0, true));
  const std::string two = headers_of(true) + cluster_of(7, block_of(1, 0, true) + block_of(2, 1, true));
  const std::string bytes = one + two + two;
  const ContainerReading reading = read_container(Format::kMatroska, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "5 7 7");
  REQUIRE(reading.frames.size() == 7);
  CHECK(reading.frames[1].info.flags == (FrameFlags::kDelta | FrameFlags::kHeadersInside));
  CHECK(reading.from_frame(0) == bytes);
  CHECK(reading.from_frame(2) == two + two);
  CHECK(reading.from_frame(5) == two);
  CHECK(reading.notes.back().ends_with("webm video/webm\nvideo/webm"));
  CHECK(differs_when_cut(Format::kMatroska, bytes) == "");
}

TEST_CASE("container matroska: other elements between blocks are passed on") {
  const std::string bytes = headers_of(true) + cluster_of(5, block_of(1, 0, true)) +
                            ebml("\x1c\x53\xbb\x6b", std::string(3'000, 'c')) + ebml("\xec", "") +
                            cluster_of(6, ebml("\xab", {9}) + block_of(1, 0, true));
  const ContainerReading reading = read_container(Format::kMatroska, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "5 6");
  CHECK(reading.notes.size() == 1);
}

TEST_CASE("container matroska: what is broken is passed on, until a cluster begins") {
  const std::string good = container_sample("vp8-opus.webm");
  std::string torn = good;
  torn.erase(2'000, 3'000);
  const ContainerReading reading = read_container(Format::kMatroska, torn);
  CHECK(reading.from_start() == torn);
  CHECK(reading.times() == "7 967 1927");
  CHECK(reading.notes.size() == 2);
  CHECK(differs_when_cut(Format::kMatroska, torn) == "");

  const std::string noise = "noise" + good;
  CHECK(read_container(Format::kMatroska, noise).from_start() == noise);
  CHECK(read_container(Format::kMatroska, noise).times() == "7 967 1927");
  // From the middle: clusters of which nothing is known.
  const std::string middle = good.substr(good.find(kClusterId));
  CHECK(read_container(Format::kMatroska, middle).from_start() == middle);
  CHECK(read_container(Format::kMatroska, middle).starts().empty());
}

TEST_CASE("container matroska: sizes that lie neither wait nor grow") {
  const std::string start = headers_of(true) + cluster_of(5, block_of(1, 0, true));
  const std::string end = cluster_of(6, block_of(1, 0, true));
  const std::string huge = "\x01\xff\xff\xff\xff\xff\xff\xfe"s;
  for (const std::string& lie :
       {"\xa3" + huge, "\xec" + huge, "\xe7" + huge, "\xa3" + kEndlessSize, "\xa3\x08\xff\xff\xff\xff"s}) {
    const std::string bytes = start + lie + end;
    const ContainerReading reading = read_container(Format::kMatroska, bytes);
    CHECK(reading.from_start() == bytes);
    CHECK(reading.times() == "5 6");
  }
  // Headers that are broken were of another stream.
  const std::string torn = start + "\x1a\x45\xdf\xa3" + huge + end;
  CHECK(read_container(Format::kMatroska, torn).from_start() == torn);
  CHECK(read_container(Format::kMatroska, torn).times() == "5");
  // A picture of 9 MiB.
  const std::string big =
      start + "\xa3\x10\x90\x00\x00"s + "\x81\0\0\0"s + std::string(9 * kMiB - 4, 'p') + end;
  const ContainerReading reading = read_container(Format::kMatroska, big);
  CHECK(reading.from_start() == big);
  CHECK(reading.times() == "5 6");
  CHECK(reading.most_memory < kMiB);
}

TEST_CASE("container matroska: headers beyond all measure are passed on, as bytes of no format") {
  const std::string tags = ebml("\x12\x54\xc3\x67", std::string(16'000, 't'));
  std::string bytes = headers_of(true);
  while (bytes.size() < 5 * kMiB) bytes += tags;
  bytes += cluster_of(5, block_of(1, 0, true));
  const ContainerReading reading = read_container(Format::kMatroska, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.notes[0] == "0 webm headers are longer than 4 MiB");
  CHECK(reading.states.back() == ReadState());
}

TEST_CASE("container matroska: is cut off anywhere, and recognised by four bytes") {
  const std::string all = container_sample("h264-aac.mkv");
  for (size_t size = 1; size < all.size(); size += 613) {
    CHECK(read_container(Format::kMatroska, all.substr(0, size)).from_start() == all.substr(0, size));
  }
  const auto looks = [&](size_t size) {
    return container::recognise({reinterpret_cast<const uint8_t*>(all.data()), size}, false, "");
  };
  CHECK(looks(4) == Format::kMatroska);
  CHECK(looks(3) == std::nullopt);
}
