// FLV: headers and tags out of real streams, odd ones and broken ones.
#include <doctest/doctest.h>

#include "core/container/recognise.h"
#include "test/container_check.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

constexpr char kAudio = 8;
constexpr char kVideo = 9;
constexpr char kScript = 18;

std::string flv_number(uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> 8 * bytes);
  return text;
}

std::string flv_tag(char type, uint32_t time, const std::string& body) {
  return type + flv_number(body.size(), 3) + flv_number(time, 3) + flv_number(time >> 24, 1) +
         std::string(3, '\0') + body + flv_number(11 + body.size(), 4);
}

std::string flv_start(char contents) {
  return std::string("FLV\1") + contents + flv_number(9, 4) + std::string(4, '\0');
}

const std::string kAvcConfig = flv_tag(kVideo, 0, std::string("\x17\0\0\0\0config", 11));
const std::string kAacConfig = flv_tag(kAudio, 0, std::string("\xaf\0\x12\x10", 4));
std::string avc(uint32_t time, bool key) {
  return flv_tag(kVideo, time, std::string(key ? "\x17\1\0\0\x50" : "\x27\1\xff\xff\xfe", 5) + "picture");
}
std::string aac(uint32_t time) { return flv_tag(kAudio, time, std::string("\xaf\1", 2) + "sound"); }
std::string metadata(const std::string& what) {
  return flv_tag(kScript, 0, std::string("\2\0\x0aonMetaData", 13) + what);
}

}  // namespace

TEST_CASE("container FLV: header, metadata and sequence headers come first; pictures start, sound does not") {
  const std::string bytes = container_sample("avc-aac.flv");
  const ContainerReading reading = read_whole(Format::kFlv, bytes);
  REQUIRE(reading.states.size() == 2);
  const ReadState& state = reading.states[1];
  CHECK(state.caps == "video/x-flv");
  REQUIRE(state.headers.size() == 4);
  CHECK(state.headers[0].size() == 13);
  CHECK(state.headers[1].find("onMetaData") == 14);
  CHECK(bytes.starts_with(state.joined()));
  // What ffprobe says of the packets of the pictures.
  CHECK(reading.times() == "167 1167 2167");
  CHECK(reading.frames.size() == 103);
  CHECK(reading.notes.size() == 1);
}

TEST_CASE("container FLV: sound alone is a start with each tag, whatever the file header promises") {
  const ContainerReading reading = read_whole(Format::kFlv, container_sample("aac.flv"));
  CHECK(reading.starts().size() == 23);
  CHECK(reading.times().starts_with("0 46 92 139"));

  const std::string promised =
      flv_start(5) + kAacConfig + aac(0) + aac(500) + aac(1'000) + aac(1'500) + avc(2'000, true) + aac(2'100);
  CHECK(read_whole(Format::kFlv, promised).times() == "0 1000 1500 2080");
}

TEST_CASE("container FLV: times of pictures, before and after the clock wraps") {
  const std::string bytes =
      flv_start(1) + kAvcConfig + avc(0xffff'fff0, true) + avc(0xffff'fff4, false) + avc(0x10, true);
  const ContainerReading reading = read_whole(Format::kFlv, bytes);
  REQUIRE(reading.frames.size() == 3);
  CHECK(reading.frames[0].info.dts == Nanos{0xffff'fff0} * kMillisecond);
  CHECK(reading.frames[0].info.pts == (Nanos{0xffff'fff0} + 0x50) * kMillisecond);
  CHECK(reading.frames[1].info.pts == Nanos{0xffff'fff2} * kMillisecond);
  CHECK(reading.frames[2].info.dts == 0x1'0000'0010 * kMillisecond);
}

TEST_CASE("container FLV: what changes of the headers stays in the stream, and reaches newcomers") {
  const std::string head = flv_start(1) + metadata("one") + kAvcConfig;
  const std::string other = flv_tag(kVideo, 80, std::string("\x17\0\0\0\0other!", 11));
  const std::string bytes = head + avc(0, true) + metadata("one") + kAvcConfig + avc(40, true) + other +
                            avc(80, true) + kAacConfig + avc(120, true);
  const ContainerReading reading = read_whole(Format::kFlv, bytes);
  REQUIRE(reading.frames.size() == 8);
  CHECK(reading.times() == "80 120 160 200");
  CHECK(reading.states.size() == 4);
  CHECK(reading.from_frame(3) == head + bytes.substr(reading.frames[3].at + head.size()));
  CHECK(
      reading.from_frame(5).starts_with(flv_start(1) + metadata("one") + other + avc(80, true) + kAacConfig));
  CHECK(reading.from_frame(7) == flv_start(1) + metadata("one") + other + kAacConfig + avc(120, true));
  CHECK(reading.frames[1].info.flags == FrameFlags::kDelta);
  CHECK(reading.frames[4].info.flags == (FrameFlags::kDelta | FrameFlags::kChangeInside));
}

TEST_CASE("container FLV: a second file behind the first one brings headers of its own") {
  const std::string second = flv_start(1) + metadata("two") + kAvcConfig;
  const std::string bytes = flv_start(1) + kAvcConfig + avc(900, true) + second + avc(0, true);
  const ContainerReading reading = read_whole(Format::kFlv, bytes);
  CHECK(reading.times() == "980 80");
  CHECK(reading.frames[1].info.flags == (FrameFlags::kDelta | FrameFlags::kHeadersInside));
  CHECK(reading.from_frame(reading.frames.size() - 1) == second + avc(0, true));
}

TEST_CASE("container FLV: what the beginning has twice is kept twice, and the last of it is replaced") {
  const std::string head = flv_start(1) + metadata("one") + metadata("two") + kAvcConfig;
  const ContainerReading reading =
      read_whole(Format::kFlv, head + avc(0, true) + metadata("three") + avc(40, true));
  CHECK(reading.states[1].joined() == head);
  CHECK(reading.from_frame(2) ==
        flv_start(1) + metadata("one") + metadata("three") + kAvcConfig + avc(40, true));
  CHECK(read_whole(Format::kFlv, flv_start(1) + flv_start(4) + kAvcConfig + avc(0, true)).times() == "80");
}

TEST_CASE("container FLV: codecs with a four-character code") {
  const auto hevc = [](char first, std::string body) { return flv_tag(kVideo, 0, first + ("hvc1" + body)); };
  const std::string config = hevc('\x90', "config");
  const std::string coded = flv_tag(kVideo, 40, std::string("\x91hvc1\0\0\x28", 8) + "picture");
  const std::string opus = flv_tag(kAudio, 0, "\x90OpusHead");
  const std::string second_track = flv_tag(kVideo, 0, std::string("\x96\0av01\1config", 13));
  const std::string bytes = flv_start(5) + config + opus + second_track + coded + hevc('\xa1', "xxxdelta") +
                            flv_tag(kVideo, 80,
                                    "\x93"
                                    "av01picture") +
                            hevc('\x94', "colours") +
                            flv_tag(kVideo, 80, std::string("\x96\1av01\1picture", 14));
  const ContainerReading reading = read_whole(Format::kFlv, bytes);
  CHECK(reading.states.back().joined() == flv_start(5) + config + opus + second_track);
  CHECK(reading.times() == "80 80");
  CHECK(reading.frames.size() == 5);
}

TEST_CASE("container FLV: what is no tag is passed on, and the next one is found") {
  const std::string bytes = container_sample("avc-aac.flv");
  const ContainerReading whole = read_whole(Format::kFlv, bytes);
  // The second key frame is lost with the bytes that are missing, or that should not be there.
  const size_t second = bytes.find(whole.frames[40].bytes);
  const std::string missing = bytes.substr(0, second + 20) + bytes.substr(second + 300);
  const ContainerReading less = read_whole(Format::kFlv, missing);
  CHECK(less.notes.size() == 2);
  CHECK(less.notes[1].ends_with("flv no FLV tag begins here"));
  CHECK(less.times().ends_with("2167"));
  CHECK(less.frames.size() >= 90);

  const ContainerReading more =
      read_whole(Format::kFlv, bytes.substr(0, second) + std::string(1'000, '\x09') + bytes.substr(second));
  CHECK(more.times() == "167 1167 2167");

  const ContainerReading noise = read_whole(Format::kFlv, std::string(50'000, 'x') + bytes);
  CHECK(noise.times() == "167 1167 2167");
  CHECK(noise.states.back().headers.size() == 4);
  CHECK(read_whole(Format::kFlv, bytes.substr(0, second + 30)).notes.size() == 1);
}

TEST_CASE("container FLV: a tag that says it is huge is not waited for") {
  const std::string head = flv_start(1) + kAvcConfig;
  const std::string huge =
      kVideo + flv_number(0xff'ffff, 3) + std::string(7, '\0') + std::string("\x17\1\0\0\0", 5);
  const ContainerReading reading = read_whole(Format::kFlv, head + huge + std::string(5'000'000, 'x'));
  CHECK(reading.most_memory < 1 * kMiB);
  // Nor is one whose size is a lie, once it has come out.
  std::string lie = avc(0, true);
  lie[2] = 2;
  const ContainerReading lied =
      read_whole(Format::kFlv, head + lie + avc(40, true) + avc(80, true) + std::string(1'000, 'x'));
  CHECK(lied.times() == "120 160");
}

TEST_CASE("container FLV: is recognised by its first bytes") {
  const auto recognised = [](std::string_view bytes) {
    return container::recognise({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, false, "");
  };
  CHECK(recognised(container_sample("aac.flv")) == Format::kFlv);
  CHECK(recognised("FL") == std::nullopt);
  CHECK(recognised("FLW\1aaaaaaaaaaa") != Format::kFlv);
}
