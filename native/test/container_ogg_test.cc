// Ogg: pages of real streams, of streams behind one another, of broken ones.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/container/crc.h"
#include "core/container/recognise.h"
#include "test/container_reading.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

void put_le(std::string& page, size_t at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) page[at + i] = static_cast<char>(value >> 8 * i);
}

struct Page {
  int flags = 0;
  int64_t granule = 0;
  uint32_t serial = 1;
  bool ends = true;  // the packet ends with it
};

// A page with one packet, or a piece of one, of less than 255 bytes.
std::string page_of(const Page& page, const std::string& packet) {
  std::string bytes(27, '\0');
  bytes.replace(0, 4, "OggS");
  bytes[5] = static_cast<char>(page.flags);
  put_le(bytes, 6, static_cast<uint64_t>(page.granule), 8);
  put_le(bytes, 14, page.serial, 4);
  bytes[26] = 1;
  bytes += static_cast<char>(page.ends ? packet.size() : 255);
  bytes += packet;
  if (!page.ends) bytes.resize(28 + 255, 'x');
  container::OggCrc crc;
  crc.add({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  put_le(bytes, 22, crc.value(), 4);
  return bytes;
}

std::string opus_headers(uint32_t serial = 1) {
  std::string head = "OpusHead";
  head += {1, 1, 0x38, 1, 0, 0, 0, 0, 0, 0, 0};
  return page_of({2, 0, serial}, head) + page_of({0, 0, serial}, "OpusTags");
}

std::string joined_of(const ContainerReading& reading) { return reading.states.back().joined(); }

bool starts_everywhere(const ContainerReading& reading) {
  return std::ranges::all_of(reading.frames, &ReadFrame::is_key);
}

}  // namespace

TEST_CASE("container ogg: every page of sound is a start, and the headers are all pages before the first") {
  const std::string bytes = container_sample("vorbis.ogg");
  const ContainerReading reading = read_container(Format::kOgg, bytes);
  REQUIRE(reading.frames.size() == 6);
  CHECK(starts_everywhere(reading));
  CHECK(joined_of(reading).size() + reading.frames[0].bytes.size() == bytes.find("OggS", 3'529 + 1));
  CHECK(reading.times() == "0 500 1011 1522 2033 2544");
  CHECK(reading.states.back().caps == "audio/ogg");
  CHECK(reading.notes == std::vector<std::string>{"3529 ogg audio/ogg\naudio/ogg"});
  CHECK(differs_when_cut(Format::kOgg, bytes) == "");
}

TEST_CASE(
    "container ogg: Opus counts from behind what is to be skipped; FLAC says how many headers it has "
    "wrongly") {
  const std::string opus = container_sample("opus.ogg");
  CHECK(read_container(Format::kOgg, opus).times() == "0 193 393 593 793 993 1193 1393 1593 1793 1993");
  CHECK(differs_when_cut(Format::kOgg, opus) == "");

  const std::string flac = container_sample("flac.ogg");
  const ContainerReading reading = read_container(Format::kOgg, flac);
  CHECK(reading.times() == "0 288 576 864");
  CHECK(joined_of(reading).size() == 181);
  CHECK(differs_when_cut(Format::kOgg, flac) == "");
}

TEST_CASE("container ogg: with pictures only their key frames are starts") {
  const std::string bytes = container_sample("theora-vorbis.ogg");
  const ContainerReading reading = read_container(Format::kOgg, bytes);
  CHECK(reading.times() == "0 800 1600");
  CHECK(reading.states.back().caps == "video/ogg");
  // Side by side, times go back and forth; what counts how far receivers lag must not.
  Nanos last = 0;
  for (const ReadFrame& frame : reading.frames) {
    CHECK(frame.info.dts >= last);
    last = frame.info.dts;
  }
  CHECK(differs_when_cut(Format::kOgg, bytes) == "");

  const std::string described = container_sample("theora-opus-skeleton.ogg");
  CHECK(read_container(Format::kOgg, described).times() == "0 400 800 1200 1600");
  CHECK(joined_of(read_container(Format::kOgg, described)).find("fisbone") != std::string::npos);
  CHECK(differs_when_cut(Format::kOgg, described) == "");
}

TEST_CASE("container ogg: a page that goes on with a packet is no start") {
  const std::string bytes = opus_headers() + page_of({0, 960}, "a") + page_of({0, -1, 1, false}, "b") +
                            page_of({1, 1'920}, "c") + page_of({0, 2'880}, "d");
  const ContainerReading reading = read_container(Format::kOgg, bytes);
  REQUIRE(reading.frames.size() == 4);
  CHECK(reading.frames[1].is_key());
  CHECK_FALSE(reading.frames[2].is_key());
  CHECK(reading.frames[1].info.pts == (960 - 312) * kSecond / 48'000);
  CHECK(reading.frames[1].info.duration == kNoTime);
  CHECK(reading.frames[3].info.duration == kSecond / 50);
}

TEST_CASE("container ogg: other streams behind the first have headers of their own, equal ones too") {
  const std::string one = container_sample("vorbis.ogg");
  const std::string two = container_sample("theora-vorbis.ogg");
  const std::string bytes = one + two + two;
  const ContainerReading reading = read_container(Format::kOgg, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "0 500 1011 1522 2033 2544 0 800 1600 0 800 1600");
  CHECK(reading.frames[6].info.flags == (FrameFlags::kDelta | FrameFlags::kHeadersInside));
  const std::string headers = two.substr(0, joined_of(reading).size());
  CHECK(joined_of(reading) == headers);
  CHECK(reading.from_frame(7) == two + two);
  CHECK(reading.from_frame(6) == two + two);
  CHECK(reading.from_frame(reading.frames.size() - 1).starts_with(headers));
  CHECK(reading.notes.back().ends_with("video/ogg\nvideo/ogg"));
  CHECK(differs_when_cut(Format::kOgg, bytes) == "");
}

TEST_CASE("container ogg: what is broken is passed on, and left behind at the next page") {
  std::string bytes = container_sample("vorbis.ogg");
  const size_t second = bytes.find("OggS", 3'530);
  bytes[second + 300] ^= 1;
  const ContainerReading bad = read_container(Format::kOgg, bytes);
  CHECK(bad.from_start() == bytes);
  CHECK(bad.starts().size() == 5);
  CHECK(bad.notes.back().ends_with("ogg a page's checksum is wrong"));
  CHECK(differs_when_cut(Format::kOgg, bytes) == "");

  const std::string noise = "no page" + container_sample("opus.ogg").insert(1'000, "OggOggSxy");
  const ContainerReading inside = read_container(Format::kOgg, noise);
  CHECK(inside.from_start() == noise);
  CHECK(inside.starts().size() == 10);
  CHECK(inside.notes[0].ends_with("ogg no page begins here"));
  CHECK(differs_when_cut(Format::kOgg, noise) == "");
}

TEST_CASE("container ogg: nobody starts where headers are torn, until there are others") {
  const std::string good = opus_headers();
  std::string torn = good;
  torn.back() ^= 1;
  const std::string data = page_of({0, 960}, "a") + page_of({0, 1'920}, "b");
  const std::string bytes = torn + data + good + data;
  const ContainerReading reading = read_container(Format::kOgg, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.starts().size() == 2);
  CHECK(reading.notes[0] == "0 ogg headers are missing");
  CHECK(joined_of(reading) == good);
  CHECK(differs_when_cut(Format::kOgg, bytes) == "");

  // From the middle: pages of streams that nothing is known of.
  const ContainerReading middle = read_container(Format::kOgg, data);
  CHECK(middle.starts().empty());
  CHECK(middle.states.back().caps == "application/ogg");
}

TEST_CASE("container ogg: streams of kinds that nobody knows start wherever a packet does") {
  const std::string bytes = page_of({2}, "what's this") + page_of({0}, "more of it") +
                            page_of({0, 5}, "data") + page_of({4, 6}, "more");
  const ContainerReading reading = read_container(Format::kOgg, bytes);
  CHECK(reading.starts().size() == 2);
  CHECK(reading.times() == "- -");
  CHECK(joined_of(reading).size() == bytes.find("data") - 28);
  CHECK(reading.states.back().caps == "application/ogg");
}

TEST_CASE("container ogg: more streams or headers than anybody has are passed on") {
  std::string many;
  for (uint32_t i = 0; i < 40; ++i) many += page_of({2, 0, i}, "?");
  const ContainerReading streams = read_container(Format::kOgg, many + page_of({0, 1, 0}, "a"));
  CHECK(streams.from_start() == many + page_of({0, 1, 0}, "a"));
  CHECK(streams.notes[0] == "0 ogg too many streams");

  std::string big = page_of({2}, "fishead");
  while (big.size() <= 5 * kMiB) big += page_of({0}, std::string(250, 'f'));
  const ContainerReading headers = read_container(Format::kOgg, big);
  CHECK(headers.from_start() == big);
  CHECK(headers.notes[0] == "0 ogg headers are longer than 4 MiB");
  CHECK(headers.most_memory < 12 * kMiB);
}

TEST_CASE("container ogg: is cut off anywhere, and recognised by four bytes") {
  const std::string all = container_sample("theora-opus-skeleton.ogg");
  for (size_t size = 1; size < all.size(); size += 397) {
    const ContainerReading reading = read_container(Format::kOgg, all.substr(0, size));
    CHECK(reading.from_start() == all.substr(0, size));
  }
  const auto looks = [&](size_t size, bool whole) {
    return container::recognise({reinterpret_cast<const uint8_t*>(all.data()), size}, whole, "audio/mpeg");
  };
  CHECK(looks(4, false) == Format::kOgg);
  CHECK(looks(3, false) == std::nullopt);
  CHECK(looks(3, true) == Format::kGeneric);
}
