// Fragmented MP4: headers, fragments and starts out of real streams, odd ones and broken ones.
#include <doctest/doctest.h>

#include "core/container/recognise.h"
#include "test/container_check.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

constexpr uint32_t kSync = 0x0200'0000;
constexpr uint32_t kNonSync = 0x0101'0000;
constexpr uint32_t kVideoTrack = 1;
constexpr uint32_t kSoundTrack = 2;

std::string mp4_number(uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> 8 * bytes);
  return text;
}

std::string mp4_box(std::string_view type, const std::string& contents) {
  return mp4_number(8 + contents.size(), 4) + std::string(type) + contents;
}

std::string full_box(std::string_view type, uint32_t flags, const std::string& contents) {
  return mp4_box(type, mp4_number(flags, 4) + contents);
}

std::string trak(uint32_t id, std::string_view handler, uint32_t timescale) {
  const std::string media =
      full_box("mdhd", 0, std::string(8, '\0') + mp4_number(timescale, 4) + std::string(8, '\0')) +
      full_box("hdlr", 0, std::string(4, '\0') + std::string(handler) + std::string(12, '\0'));
  return mp4_box("trak",
                 full_box("tkhd", 0, std::string(8, '\0') + mp4_number(id, 4)) + mp4_box("mdia", media));
}

// Samples last 10, and need others, where nobody says otherwise.
std::string trex(uint32_t id) {
  return full_box(
      "trex", 0,
      mp4_number(id, 4) + mp4_number(1, 4) + mp4_number(10, 4) + mp4_number(0, 4) + mp4_number(kNonSync, 4));
}

std::string moov(uint32_t timescale = 100) {
  return mp4_box("moov", full_box("mvhd", 0, std::string(96, '\0')) + trak(kVideoTrack, "vide", timescale) +
                             trak(kSoundTrack, "soun", timescale) +
                             mp4_box("mvex", trex(kVideoTrack) + trex(kSoundTrack)));
}

const std::string kFtyp = mp4_box("ftyp", "iso5" + mp4_number(0, 4) + "iso5");
const std::string kStyp = mp4_box("styp", "msdh" + mp4_number(0, 4) + "msdh");

std::string traf(uint32_t id, int time, const std::string& run) {
  const std::string tfdt =
      time < 0 ? "" : full_box("tfdt", 0x0100'0000, mp4_number(static_cast<uint64_t>(time), 8));
  return mp4_box("traf", full_box("tfhd", 0x2'0000, mp4_number(id, 4)) + tfdt + run);
}

// Of three samples, with flags for the first.
std::string run_of(uint32_t first_flags) {
  return full_box("trun", 0x4, mp4_number(3, 4) + mp4_number(first_flags, 4));
}

std::string moof(const std::string& trafs) {
  return mp4_box("moof", full_box("mfhd", 0, mp4_number(7, 4)) + trafs);
}

std::string pictures(int time, uint32_t flags) {
  return moof(traf(kVideoTrack, time, run_of(flags))) + mp4_box("mdat", "pictures");
}
std::string sound(int time) {
  return moof(traf(kSoundTrack, time, run_of(kSync))) + mp4_box("mdat", "sound");
}

}  // namespace

TEST_CASE("container MP4: a fragment is a unit, and a start when its first picture needs no other") {
  const std::string bytes = container_sample("keyframes.mp4");
  const ContainerReading reading = read_whole(Format::kMp4, bytes);
  // What ffprobe says of the packets of the pictures. At the end is an index that is none.
  CHECK(reading.times() == "166 1166 2166");
  CHECK(reading.frames.size() == 4);
  CHECK(reading.frames[1].info.dts == kSecond);
  CHECK(reading.frames[1].info.duration == kSecond);
  REQUIRE(reading.states.size() == 2);
  CHECK(reading.states[1].caps == "video/quicktime, variant=(string)iso-fragmented");
  CHECK(reading.states[1].headers.size() == 2);
  CHECK(bytes.starts_with(reading.states[1].joined()));
  CHECK(reading.notes[0].find("video/mp4") != std::string::npos);
}

TEST_CASE("container MP4: many fragments to a group of pictures, and sound in fragments of its own") {
  const ContainerReading reading = read_whole(Format::kMp4, container_sample("cmaf.mp4"));
  CHECK(reading.times() == "0 1000");
  CHECK(reading.frames.size() == 18);

  const ContainerReading audio = read_whole(Format::kMp4, container_sample("aac.mp4"));
  CHECK(audio.times() == "0 325 650 975 1300 1625 1950");
  CHECK(audio.notes[0].find("audio/mp4") != std::string::npos);
}

TEST_CASE("container MP4: flags and times of the first sample, from wherever they are said") {
  // Of its own, with a composition time.
  const std::string own = full_box("trun", 0x0100'0d01,
                                   mp4_number(1, 4) + mp4_number(0, 4) + mp4_number(30, 4) +
                                       mp4_number(kSync, 4) + mp4_number(uint32_t(-5), 4));
  // Of the fragment; none is said: the track's.
  const std::string of_tfhd = mp4_box(
      "traf", full_box("tfhd", 0x28, mp4_number(kVideoTrack, 4) + mp4_number(50, 4) + mp4_number(kSync, 4)) +
                  full_box("trun", 0, mp4_number(2, 4)));
  const std::string of_trex = traf(kVideoTrack, -1, full_box("trun", 0, mp4_number(2, 4)));
  const std::string bytes = kFtyp + moov() + moof(traf(kVideoTrack, 200, own)) + moof(of_tfhd) +
                            moof(of_trex) + moof(of_tfhd) + kStyp;
  const ContainerReading reading = read_whole(Format::kMp4, bytes);
  REQUIRE(reading.frames.size() == 5);
  CHECK(reading.frames[0].info.pts == 1'950 * kMillisecond);
  CHECK(reading.frames[0].info.duration == 300 * kMillisecond);
  CHECK(reading.times() == "1950 2300 3500");
  CHECK(reading.frames[2].info.dts == 3'300 * kMillisecond);
}

TEST_CASE("container MP4: what announces a fragment belongs to it; both tracks may be in it") {
  const std::string emsg = mp4_box("emsg", "event");
  const std::string both =
      moof(traf(kSoundTrack, 0, run_of(kSync)) + traf(kVideoTrack, 50, run_of(kNonSync)));
  const std::string bytes = kFtyp + moov() + kStyp + emsg + pictures(0, kSync) + sound(0) + both +
                            mp4_box("mdat", "both") + emsg + pictures(100, kSync) + mp4_box("free", "") +
                            kStyp + mp4_box("mdat", "more");
  const ContainerReading reading = read_whole(Format::kMp4, bytes);
  REQUIRE(reading.frames.size() == 7);
  CHECK(reading.frames[0].bytes == kStyp + emsg + pictures(0, kSync));
  CHECK(reading.times() == "0 1000");
  CHECK(reading.frames[2].info.dts == 500 * kMillisecond);
  CHECK(reading.from_frame(3).starts_with(kFtyp + moov() + emsg + pictures(100, kSync)));
}

TEST_CASE("container MP4: another file behind the first one") {
  const std::string other = kFtyp + mp4_box("free", "x") + moov(1'000);
  const std::string bytes =
      kFtyp + moov() + pictures(100, kSync) + other + pictures(100, kSync) + other + pictures(200, kSync);
  const ContainerReading reading = read_whole(Format::kMp4, bytes);
  CHECK(reading.states.size() == 3);
  CHECK(reading.times() == "1000 100 200");
  CHECK(reading.from_frame(2) == other + bytes.substr(reading.frames[2].at + (kFtyp + moov()).size()));
  CHECK(reading.frames[1].info.flags == (FrameFlags::kDelta | FrameFlags::kHeadersInside));
}

TEST_CASE("container MP4: sizes of 64 bits, to the end, and too big to be waited for") {
  const std::string start = kFtyp + moov() + pictures(0, kSync);
  const std::string long_size = mp4_number(1, 4) + "mdat" + mp4_number(16 + 5, 8) + "sound";
  const ContainerReading longer =
      read_whole(Format::kMp4, start + moof(traf(kVideoTrack, 10, run_of(kSync))) + long_size + sound(20));
  CHECK(longer.frames.size() == 3);
  CHECK(longer.times() == "0 100");

  const std::string endless = mp4_number(0, 4) + "mdat" + std::string(100'000, 'x');
  const std::string huge = mp4_number(1, 4) + "mdat" + std::string(8, '\xff') + std::string(6'000'000, 'x');
  for (const std::string& mdat : {endless, huge}) {
    const ContainerReading reading =
        read_container(Format::kMp4, start + moof(traf(kVideoTrack, 10, run_of(kSync))) + mdat);
    CHECK(reading.times() == "0 100");
    CHECK(reading.most_memory < 1 * kMiB);
    CHECK(reading.notes.size() == 1);
  }
}

TEST_CASE("container MP4: a file without fragments is told from one with them") {
  const std::string plain =
      mp4_box("moov", full_box("mvhd", 0, std::string(96, '\0')) + trak(1, "vide", 100));
  // Where the first fragment is none, but part of the headers.
  const std::string samples = full_box("stsz", 0, mp4_number(0, 4) + mp4_number(1, 4) + mp4_number(8, 4));
  const std::string media = mp4_box("mdia", mp4_box("minf", mp4_box("stbl", samples)));
  const std::string partly = mp4_box(
      "moov", full_box("mvhd", 0, std::string(96, '\0')) + mp4_box("trak", media) + mp4_box("mvex", ""));
  for (const std::string& bytes :
       {kFtyp + plain + mp4_box("mdat", "pictures"), kFtyp + mp4_box("mdat", "pictures") + plain,
        kFtyp + partly + mp4_box("mdat", "x") + pictures(0, kSync)}) {
    const ContainerReading reading = read_whole(Format::kMp4, bytes);
    REQUIRE(reading.notes.size() >= 1);
    CHECK(reading.notes[0].ends_with("mp4 it is an MP4 that has no fragments: nobody can join it"));
    CHECK(reading.starts().empty());
  }
  // It stays what it is, but everybody gets it.
  const std::string big = kFtyp + mp4_box("mdat", std::string(5'000'000, 'x'));
  CHECK(read_container(Format::kMp4, big).notes.back().find(" generic ") != std::string::npos);
}

TEST_CASE("container MP4: what is no box is passed on, and the next fragment is found") {
  const std::string bytes = container_sample("keyframes.mp4");
  const size_t second = bytes.find("moof", 1'300) - 4;
  const ContainerReading less =
      read_whole(Format::kMp4, bytes.substr(0, second - 100) + bytes.substr(second));
  CHECK(less.times() == "166 2166");
  CHECK(less.notes.size() == 2);
  CHECK(less.notes[1].ends_with("mp4 no MP4 box begins here"));
  CHECK(read_whole(Format::kMp4, bytes.substr(0, second) + std::string(5'000, 'm') + bytes.substr(second))
            .times() == "166 1166 2166");
  const ContainerReading noise = read_whole(Format::kMp4, std::string(20'000, 'x') + bytes);
  CHECK(noise.times() == "166 1166 2166");
  CHECK(noise.states.back().headers.size() == 2);
  CHECK(read_whole(Format::kMp4, bytes.substr(0, second + 50)).times() == "166");
  // Without its headers nobody can join it.
  CHECK(read_whole(Format::kMp4, bytes.substr(second)).starts().empty());
}

TEST_CASE("container MP4: is recognised by its first box") {
  const auto recognised = [](const std::string& bytes, bool whole) {
    return container::recognise({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, whole, "");
  };
  CHECK(recognised(kFtyp, false) == Format::kMp4);
  CHECK(recognised(kStyp, false) == Format::kMp4);
  CHECK(recognised(kFtyp.substr(0, 6), false) == std::nullopt);
  CHECK(recognised(mp4_box("fred", "x"), true) != Format::kMp4);
}
