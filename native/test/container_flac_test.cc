// FLAC: frames of real streams, headers that come again, and broken ones.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/container/recognise.h"
#include "test/container_reading.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

size_t first_frame(const std::string& bytes) {
  return read_container(Format::kFlac, bytes).states.back().joined().size();
}

}  // namespace

TEST_CASE("container flac: every frame is a start, the last one too") {
  const std::string bytes = container_sample("noise.flac");
  const ContainerReading reading = read_container(Format::kFlac, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "0 144 288 432 576 720 864 1008 1152");
  CHECK(std::ranges::all_of(reading.frames, &ReadFrame::is_key));
  CHECK(reading.frames.back().info.duration == 48 * kMillisecond);
  CHECK(reading.states.back().caps == "audio/x-flac, framed=(boolean)true, channels=(int)1, rate=(int)16000");
  CHECK(reading.notes.size() == 1);
  CHECK(differs_when_cut(Format::kFlac, bytes) == "");

  const std::string pipe = container_sample("tone-pipe.flac");
  const ContainerReading piped = read_container(Format::kFlac, pipe);
  CHECK(piped.starts().size() == 18);
  CHECK(piped.times().ends_with(" 835 888"));
  CHECK(differs_when_cut(Format::kFlac, pipe) == "");
}

TEST_CASE("container flac: another stream behind the first has headers of its own, equal ones too") {
  const std::string one = container_sample("noise.flac");
  const std::string two = container_sample("tone-pipe.flac");
  const std::string bytes = one + two + two;
  const ContainerReading reading = read_container(Format::kFlac, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.starts().size() == 9 + 18 + 18);
  CHECK(reading.frames[9].info.flags == (FrameFlags::kDelta | FrameFlags::kHeadersInside));
  CHECK(reading.from_frame(10) == two + two);
  CHECK(reading.from_frame(29) == two);
  CHECK(differs_when_cut(Format::kFlac, bytes) == "");

  const std::string nothing = one.substr(0, first_frame(one)) + two;
  CHECK(read_container(Format::kFlac, nothing).from_start() == nothing);
  CHECK(read_container(Format::kFlac, nothing).from_frame(1) == two);
}

TEST_CASE("container flac: a frame whose checksum is wrong is no start, and the next one is found") {
  std::string bytes = container_sample("tone-pipe.flac");
  const size_t start = first_frame(bytes);
  bytes[start + 900] ^= 1;
  const ContainerReading reading = read_container(Format::kFlac, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.starts().size() == 17);
  CHECK(reading.notes.back().ends_with("flac a frame's checksum is wrong"));
  CHECK(differs_when_cut(Format::kFlac, bytes) == "");

  // It is told at the next one, not at the one after that.
  std::string late = container_sample("tone-pipe.flac");
  late[late.size() - 1'000] ^= 1;
  CHECK(read_container(Format::kFlac, late).starts().size() == 17);

  // Of two frames the middle is missing: nothing says where the torn one ends, but the two behind it.
  std::string torn = container_sample("tone-pipe.flac");
  torn.erase(start + 800, 1'000);
  const ContainerReading lost = read_container(Format::kFlac, torn);
  CHECK(lost.from_start() == torn);
  CHECK(lost.starts().size() == 16);
  CHECK(differs_when_cut(Format::kFlac, torn) == "");

  const std::string noise = std::string("no\xff\xf8\xff frame") + bytes.substr(start + 1'390);
  const ContainerReading middle = read_container(Format::kFlac, noise);
  CHECK(middle.from_start() == noise);
  CHECK(middle.starts().size() == 16);
  CHECK(middle.states.back().joined().empty());
}

TEST_CASE("container flac: headers that are torn or too long are passed on") {
  std::string torn = container_sample("tone-pipe.flac");
  torn[7] = 33;
  const ContainerReading reading = read_container(Format::kFlac, torn);
  CHECK(reading.from_start() == torn);
  CHECK(reading.notes[0] == "0 flac headers are broken");

  std::string big = container_sample("tone-pipe.flac").substr(0, 42);
  while (big.size() < 6 * kMiB)
    big += std::string("\2\xf0\0\0", 4) + std::string(0xf00000, 'c').substr(0, kMiB);
  const ContainerReading headers = read_container(Format::kFlac, big);
  CHECK(headers.from_start() == big);
  CHECK(headers.notes[0] == "0 flac headers are longer than 4 MiB");
  // What looks like a frame and never ends is not waited for without end.
  const std::string frame = container_sample("tone-pipe.flac").substr(116, 600) + std::string(3 * kMiB, 'x');
  const ContainerReading endless = read_container(Format::kFlac, frame);
  CHECK(endless.from_start() == frame);
  CHECK(endless.notes[0] == "0 flac a frame is too long");
}

TEST_CASE("container flac: is cut off anywhere, and recognised by four bytes") {
  const std::string all = container_sample("tone-pipe.flac");
  for (size_t size = 1; size < all.size(); size += 311) {
    CHECK(read_container(Format::kFlac, all.substr(0, size)).from_start() == all.substr(0, size));
  }
  const auto looks = [&](size_t size) {
    return container::recognise({reinterpret_cast<const uint8_t*>(all.data()), size}, false, "");
  };
  CHECK(looks(4) == Format::kFlac);
  CHECK(looks(3) == std::nullopt);
}
