// H.264 and H.265 as byte streams: access units, starts and parameter sets out of real streams and odd ones.
#include <doctest/doctest.h>

#include "core/container/recognise.h"
#include "test/container_check.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

const std::string kCode("\0\0\0\1", 4);

std::string nal(const std::string& bytes) { return kCode + bytes; }

// H.264; a PPS begins with its id in Exp-Golomb code, an SPS has it behind three bytes.
std::string sps(char level = 30) { return nal(std::string("\x67\x42\xc0") + level + "\x95seq"); }
std::string pps(char id, char more = 'x') { return nal(std::string("\x68") + id + more); }
const char kZero = '\xbf';  // id 0
const char kOne = '\x5f';   // id 1
const std::string kIdr = nal("\x65\x88picture");
const std::string kIdrMore = nal("\x65\x40picture");
const std::string kDifference = nal("\x41\x9apicture");
const std::string kIntra = nal("\x61\x88picture");
const std::string kSei = nal("\x06\x05sei");
const std::string kDelimiter = nal("\x09\xf0");

std::vector<std::string> units(const ContainerReading& reading) {
  std::vector<std::string> all;
  for (const ReadFrame& frame : reading.frames) all.push_back(frame.bytes);
  return all;
}

}  // namespace

TEST_CASE("container annex B: access units of real streams, and what they need") {
  const std::string h264 = container_sample("slices.h264");
  const ContainerReading avc = read_whole(Format::kH264, h264);
  CHECK(avc.frames.size() == 36);
  CHECK(avc.starts().size() == 3);
  CHECK(avc.frames[12].is_key());
  CHECK(avc.states.size() == 2);
  CHECK(avc.states.back().headers.size() == 2);
  CHECK(avc.states.back().caps == "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au");
  CHECK(avc.from_frame(12) == h264.substr(avc.frames[12].at));

  const std::string h265 = container_sample("open.h265");
  const ContainerReading hevc = read_whole(Format::kH265, h265);
  CHECK(hevc.frames.size() == 36);
  CHECK(hevc.starts().size() == 3);
  CHECK(hevc.states.back().headers.size() == 3);
  CHECK(hevc.from_frame(12).starts_with(nal("\x40\x01")));
  CHECK(hevc.notes[0].find("video/h265") != std::string::npos);
}

TEST_CASE("container annex B: what stands before a picture belongs to it, all its slices do") {
  const std::string zeros(3, '\0');
  const std::string short_code = kDifference.substr(1);
  const std::string bytes = kDelimiter + sps() + pps(kZero) + kSei + kIdr + kIdrMore + kIdrMore + zeros +
                            kDifference + short_code + kDelimiter + kDifference + nal("\x0c\xff") + sps() +
                            pps(kZero) + kIdr;
  const ContainerReading reading = read_whole(Format::kH264, bytes);
  CHECK(units(reading) ==
        std::vector<std::string>{kDelimiter + sps() + pps(kZero) + kSei + kIdr + kIdrMore + kIdrMore + zeros,
                                 kDifference, short_code, kDelimiter + kDifference + nal("\x0c\xff"),
                                 sps() + pps(kZero) + kIdr});
  CHECK(reading.starts().size() == 2);
  CHECK(reading.frames[4].info.flags == FrameFlags::kHeadersInside);
}

TEST_CASE("container annex B: newcomers get the parameter sets as they are where they start") {
  const std::string bytes = sps() + pps(kZero) + pps(kOne) + kIdr + kDifference + kIdr + pps(kOne, 'y') +
                            kIdr + sps() + kIdr + pps(kZero) + sps() + pps(kOne, 'y') + kIdr;
  const ContainerReading reading = read_whole(Format::kH264, bytes);
  REQUIRE(reading.frames.size() == 6);
  CHECK(reading.states.size() == 3);
  CHECK(reading.from_frame(2).starts_with(sps() + pps(kZero) + pps(kOne) + kIdr + pps(kOne, 'y') + kIdr));
  CHECK(reading.frames[3].info.flags == FrameFlags::kChangeInside);
  CHECK(reading.frames[4].info.flags == 0);
  CHECK(reading.from_frame(4).starts_with(sps() + pps(kZero) + pps(kOne, 'y') + sps() + kIdr));
  CHECK(reading.frames[5].info.flags == FrameFlags::kHeadersInside);
  CHECK(reading.from_frame(5) == bytes.substr(reading.frames[5].at));
}

TEST_CASE("container annex B: sequences are told apart by their ids, too") {
  const std::string other = nal("\x67\x42\xc0\x1e\x55other");
  const ContainerReading reading = read_whole(Format::kH264, other + sps() + pps(kZero) + kIdr + kDifference);
  CHECK(reading.states.back().joined() == sps() + other + pps(kZero));
}

TEST_CASE("container annex B: an intra picture is a start where it brings its parameters") {
  const std::string bytes = sps() + pps(kZero) + kSei + kIntra + kDifference + kIntra + kDifference + sps() +
                            pps(kZero) + kDifference;
  const ContainerReading reading = read_whole(Format::kH264, bytes);
  CHECK(reading.starts().size() == 1);
  CHECK(reading.frames[0].is_key());
}

TEST_CASE("container annex B: H.265 has its parameter sets by their ids, however deep") {
  const std::string vps = nal(std::string("\x40\x01\x0cvideo", 8));
  // Of 3 sub-layers, one with a profile and a level: its id lies 96 bits further on.
  const auto layered = [&](char id) {
    return nal(std::string("\x42\x01\x05", 3) + std::string(12, '\x11') + std::string("\xc0\x00", 2) +
               std::string(12, '\x22') + id);
  };
  const std::string picture = nal(std::string("\x2a\x01\x80picture", 10));
  const ContainerReading reading = read_whole(
      Format::kH265, vps + layered('\x80') + picture + layered('\x5f') + picture + layered('\x81') + picture);
  CHECK(reading.states.back().joined() == vps + layered('\x81') + layered('\x5f'));
  CHECK(reading.starts().size() == 3);
}

TEST_CASE("container annex B: no start code, and a picture without end") {
  const std::string bytes = container_sample("slices.h264");
  const ContainerReading middle = read_whole(Format::kH264, std::string(1'000, 'x') + bytes.substr(2'000));
  REQUIRE(middle.notes.size() == 2);
  CHECK(middle.notes[0] == "0 h264 no start code is here");
  CHECK(middle.starts().size() == 2);
  CHECK(read_whole(Format::kH264, std::string(6, '\0') + bytes).starts().size() == 3);
  CHECK(read_whole(Format::kH264, bytes.substr(0, 2'500)).starts().size() == 2);

  const std::string endless = sps() + pps(kZero) + kIdr + std::string(9'000'000, 'x');
  const ContainerReading reading =
      read_container(Format::kH264, endless + sps() + pps(kZero) + kIdr + kDifference);
  CHECK(reading.starts().size() == 2);
  CHECK(reading.frames.size() == 5);
  CHECK(reading.frames[0].bytes.size() == 4 * kMiB);
  CHECK(reading.most_memory < 20 * kMiB);
}

TEST_CASE("container annex B: one codec is told from the other by its first NAL units") {
  const auto recognised = [](const std::string& bytes, bool whole = false) {
    return container::recognise({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, whole, "");
  };
  CHECK(recognised(container_sample("slices.h264")) == Format::kH264);
  CHECK(recognised(container_sample("open.h265")) == Format::kH265);
  CHECK(recognised(kDelimiter + kSei + sps()) == Format::kH264);
  CHECK(recognised(kDelimiter + kSei) == std::nullopt);
  CHECK(recognised(kCode.substr(0, 3)) == std::nullopt);
  CHECK(recognised(nal("\x46\x01\x50") + nal(std::string("\x40\x01\x0c", 3) + "video")) == Format::kH265);
  // A program stream of MPEG, and pictures of MPEG-2.
  CHECK(recognised(std::string("\0\0\1\xba", 4) + "xxxx", true) == Format::kGeneric);
  CHECK(recognised(std::string("\0\0\1\xb3", 4) + "xxxx", true) == Format::kGeneric);
}
