// ASF: headers, packets and starts out of real streams, bare and in chunks, and broken ones.
#include <doctest/doctest.h>

#include "core/container/recognise.h"
#include "test/container_check.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

constexpr const char* kTimes = "46 1046";
constexpr const char* kChunkTimes = "46 1046 1546";
constexpr const char* kSoundTimes = "0 92 185 278";

}  // namespace

TEST_CASE("container ASF: the header comes first, packets are units, and key pictures are starts") {
  const std::string bytes = container_sample("wmv-wma.asf");
  const ContainerReading reading = read_whole(Format::kAsf, bytes);
  REQUIRE(reading.states.size() == 2);
  REQUIRE(reading.states[1].headers.size() == 1);
  CHECK(bytes.starts_with(reading.states[1].headers[0]));
  CHECK(reading.states[1].caps == "video/x-ms-asf");
  CHECK(reading.frames[0].bytes.size() == 800);
  // As ffprobe has them, but for a key picture behind the beginning of another in its packet.
  CHECK(reading.times() == kTimes);
  CHECK(reading.notes.size() == 1);
}

TEST_CASE("container ASF: chunks as they come over HTTP") {
  const std::string bytes = container_sample("chunks.asf");
  const ContainerReading reading = read_whole(Format::kAsf, bytes);
  CHECK(reading.states.back().headers[0].starts_with("$H"));
  CHECK(reading.frames[0].bytes.starts_with("$D"));
  CHECK(reading.frames.back().bytes.starts_with("$E"));
  CHECK_FALSE(reading.frames.back().is_key());
  CHECK(reading.times() == kChunkTimes);
  CHECK(reading.notes.size() == 1);
}

TEST_CASE("container ASF: sound alone is a start with each packet in which some begins") {
  const ContainerReading reading = read_whole(Format::kAsf, container_sample("wma.asf"));
  CHECK(reading.times().starts_with(kSoundTimes));
  CHECK(reading.starts().size() >= reading.frames.size() - 2);
}

TEST_CASE("container ASF: another stream behind the first one") {
  const std::string first = container_sample("wma.asf");
  const std::string second = container_sample("wmv-wma.asf");
  const ContainerReading reading = read_whole(Format::kAsf, first + second);
  CHECK(reading.times().ends_with(kTimes));
  CHECK(reading.states.size() == 3);
  const ReadState& last = reading.states.back();
  CHECK(second.starts_with(last.joined()));
  CHECK(reading.from_frame(reading.frames.size() - 10).starts_with(last.joined()));
  const std::string chunks = container_sample("chunks.asf");
  CHECK(read_whole(Format::kAsf, chunks + chunks).times() == std::string(kChunkTimes) + " " + kChunkTimes);
}

TEST_CASE("container ASF: what is no packet is passed on, and two in a row are found again") {
  const std::string bytes = container_sample("wmv-wma.asf");
  const ContainerReading whole = read_whole(Format::kAsf, bytes);
  const size_t third = bytes.size() - whole.frames.size() / 2 * 800;
  for (const std::string& torn : {bytes.substr(0, third - 300) + bytes.substr(third),
                                  bytes.substr(0, third) + std::string(900, '\x82') + bytes.substr(third)}) {
    const ContainerReading reading = read_whole(Format::kAsf, torn);
    REQUIRE(reading.notes.size() >= 2);
    CHECK(reading.notes[1].ends_with("asf no ASF packet begins here"));
    CHECK(reading.times().ends_with(whole.times().substr(whole.times().rfind(' '))));
  }
  const std::string chunks = container_sample("chunks.asf");
  const ContainerReading less = read_whole(Format::kAsf, chunks.substr(0, 3'000) + chunks.substr(3'100));
  CHECK(less.notes.size() == 2);
  CHECK(less.starts().size() >= 1);
  CHECK(read_whole(Format::kAsf, std::string(20'000, '$') + bytes).times() == whole.times());
  CHECK(read_whole(Format::kAsf, bytes.substr(0, third + 50)).notes.size() == 1);
}

TEST_CASE("container ASF: is recognised by its header, bare or in a chunk") {
  const auto recognised = [](const std::string& bytes) {
    return container::recognise({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, false, "");
  };
  CHECK(recognised(container_sample("wma.asf").substr(0, 100)) == Format::kAsf);
  CHECK(recognised(container_sample("chunks.asf").substr(0, 100)) == Format::kAsf);
  CHECK(recognised("$H") == std::nullopt);
  CHECK(recognised("$Hxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") != Format::kAsf);
}
