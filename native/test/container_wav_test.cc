// WAV: units of real streams, sizes that are none, and what stands behind the samples.
#include <doctest/doctest.h>

#include "core/container/recognise.h"
#include "test/container_reading.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

std::string le(uint64_t value, size_t bytes) {
  std::string all;
  for (size_t i = 0; i < bytes; ++i) all += static_cast<char>(value >> 8 * i);
  return all;
}

// 8,000 samples a second of two bytes.
std::string wav_head(uint32_t size, const std::string& mark = "RIFF", const std::string& before = "") {
  return mark + le(0, 4) + "WAVE" + before + "fmt " + le(16, 4) + le(1, 2) + le(1, 2) + le(8'000, 4) +
         le(16'000, 4) + le(2, 2) + le(16, 2) + "data" + le(size, 4);
}

}  // namespace

TEST_CASE("container wav: units of 20 ms, all of them starts") {
  const std::string bytes = container_sample("tone-pipe.wav");
  const ContainerReading reading = read_container(Format::kWav, bytes);
  CHECK(reading.from_start() == bytes);
  REQUIRE(reading.frames.size() == 50);
  CHECK(reading.starts().size() == 50);
  CHECK(reading.frames[49].info.pts == 980 * kMillisecond);
  CHECK(reading.frames[49].info.duration == 20 * kMillisecond);
  CHECK(reading.states.back().joined() == bytes.substr(0, 44));
  CHECK(reading.notes == std::vector<std::string>{"44 wav audio/wav\naudio/x-wav"});
  CHECK(differs_when_cut(Format::kWav, bytes) == "");
}

TEST_CASE("container wav: blocks stay whole, and say themselves how long they last") {
  const std::string bytes = container_sample("tone-adpcm.wav");
  const ContainerReading reading = read_container(Format::kWav, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "0 255 510 765");
  CHECK(reading.frames[0].bytes.size() == 1'024);
}

TEST_CASE("container wav: samples end where their size says, and other files may follow") {
  const std::string one = wav_head(641) + std::string(642, 's') + "LIST" + le(5, 4) + "infox?";
  const std::string bytes = one + one + wav_head(0) + std::string(400, 's');
  const ContainerReading reading = read_container(Format::kWav, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "0 20 40 0 20 40 0");
  CHECK(reading.notes.size() == 1);
  CHECK(reading.states.back().joined() == wav_head(0));
  CHECK(differs_when_cut(Format::kWav, bytes) == "");
}

TEST_CASE("container wav: a size of 0 is none; one of 64 bits stands in a chunk of its own") {
  CHECK(read_container(Format::kWav, wav_head(0) + std::string(3'200, 's')).starts().size() == 10);
  const std::string wide = "ds64" + le(28, 4) + le(0, 8) + le(640, 8) + std::string(12, '\0');
  const std::string bytes = wav_head(0xffff'ffff, "RF64", wide) + std::string(640, 's') + "LIST" + le(0, 4);
  const ContainerReading reading = read_container(Format::kWav, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "0 20");
}

TEST_CASE("container wav: what is broken is passed on") {
  const std::string good = wav_head(0) + std::string(640, 's');
  const std::string formatless = "RIFF" + le(0, 4) + "WAVEdata" + le(0, 4) + "samples";
  const std::string bytes = "noise RIFF, but no" + formatless + good;
  const ContainerReading reading = read_container(Format::kWav, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.times() == "0 20");
  CHECK(differs_when_cut(Format::kWav, bytes) == "");

  const std::string lies = "RIFF" + le(0, 4) + "WAVELIST" + le(0xffff'ffff, 4) + good;
  CHECK(read_container(Format::kWav, lies).from_start() == lies);
  CHECK(read_container(Format::kWav, lies).notes[0] == "0 wav headers are longer than 4 MiB");
  CHECK(read_container(Format::kWav, lies).times() == "0 20");
  for (size_t size = 1; size < good.size(); size += 7) {
    CHECK(read_container(Format::kWav, good.substr(0, size)).from_start() == good.substr(0, size));
  }
}

TEST_CASE("container wav: is recognised by its two marks") {
  const auto looks = [](std::string_view text) {
    return container::recognise({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, false, "");
  };
  CHECK(looks("RIFF????WAVE") == Format::kWav);
  CHECK(looks("RF64????WAVE") == Format::kWav);
  CHECK(looks("RIFF????W") == std::nullopt);
  CHECK(looks("RIFF????AVI fmt ") == Format::kGeneric);
}
