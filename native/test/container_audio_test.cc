// MPEG audio and ADTS: frames and tags out of real streams and broken ones.
#include <doctest/doctest.h>

#include "core/container/recognise.h"
#include "test/container_reading.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

size_t keys_of(const ContainerReading& reading) {
  size_t keys = 0;
  for (const ReadFrame& frame : reading.frames) keys += frame.is_key() ? 1 : 0;
  return keys;
}

std::optional<Format> recognised(const std::string& bytes, bool whole = true, std::string_view type = {}) {
  return container::recognise({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, whole, type);
}

}  // namespace

TEST_CASE("container audio: each frame of an MP3 is a start, with its time") {
  const std::string bytes = container_sample("cbr.mp3");
  const ContainerReading reading = read_container(Format::kMpegAudio, bytes);
  // One second, and what the encoder needs at both ends, of 1,152 samples a frame.
  CHECK(reading.frames.size() == 40);
  CHECK(keys_of(reading) == 40);
  CHECK(reading.frames[1].info.pts == 1'152 * kSecond / 44'100);
  CHECK(reading.frames[39].info.pts == 39 * 1'152 * kSecond / 44'100);
  CHECK(reading.frames[1].info.duration == 2 * 1'152 * kSecond / 44'100 - 1'152 * kSecond / 44'100);
  CHECK(reading.states.back().caps ==
        "audio/mpeg, mpegversion=(int)1, mpegaudioversion=(int)1, layer=(int)3, parsed=(boolean)true, "
        "rate=(int)44100");
  CHECK(reading.notes == std::vector<std::string>{"0 mp3 audio/mpeg\n" + reading.states.back().caps});
  CHECK(differs_when_cut(Format::kMpegAudio, bytes) == "");
}

TEST_CASE("container audio: tags are no starts, nor is the frame that only describes the file") {
  const std::string bytes = container_sample("vbr-id3-xing.mp3");
  const ContainerReading reading = read_container(Format::kMpegAudio, bytes);
  CHECK(reading.notes.size() == 1);
  // Who was there before the first byte gets this, too.
  CHECK(reading.frames[0].bytes.starts_with("ID3"));
  CHECK(reading.frames[0].is_key());
  CHECK(reading.frames.back().bytes.starts_with("TAG"));
  size_t tags = 0;
  for (const ReadFrame& frame : reading.frames) {
    if (frame.is_key()) continue;
    ++tags;
    const bool is_tag = frame.bytes.starts_with("ID3") || frame.bytes.starts_with("TAG");
    CHECK((is_tag || frame.bytes.find("Info") == 36 || frame.bytes.find("Xing") == 21));
  }
  CHECK(tags == 2);
  CHECK(differs_when_cut(Format::kMpegAudio, bytes) == "");
}

TEST_CASE("container audio: layer II, and AAC") {
  const std::string layer2 = container_sample("layer2.mp2");
  const ContainerReading two = read_container(Format::kMpegAudio, layer2);
  CHECK(two.states.back().caps.find("mpegaudioversion=(int)2, layer=(int)2") != std::string::npos);
  CHECK(keys_of(two) == 20);
  CHECK(two.frames[19].info.pts == 19 * 1'152 * kSecond / 22'050);
  CHECK(differs_when_cut(Format::kMpegAudio, layer2) == "");

  const std::string aac = container_sample("tone.aac");
  const ContainerReading adts = read_container(Format::kAdts, aac);
  CHECK(keys_of(adts) == adts.frames.size());
  CHECK(adts.frames.back().info.pts == 44 * 1'024 * kSecond / 44'100);
  CHECK(differs_when_cut(Format::kAdts, aac) == "");
}

TEST_CASE("container audio: what is no frame is passed on, told once, and left behind") {
  const std::string good = container_sample("cbr.mp3");
  const std::string torn = good.substr(100, 2'000);
  const std::string bytes = torn + good;
  const ContainerReading reading = read_container(Format::kMpegAudio, bytes);
  CHECK(reading.from_start() == bytes);
  REQUIRE(reading.notes.size() == 3);
  CHECK(reading.notes[0] == "0 mp3 no frame begins here");
  CHECK(reading.notes[2].ends_with(" mp3 no frame begins here"));
  // Of the last of the ten the end is missing: it takes it from what follows, which costs one there too.
  CHECK(reading.starts().size() == 10 + 39);
  CHECK(differs_when_cut(Format::kMpegAudio, bytes) == "");

  const std::string noise = std::string(100'000, 'x');
  const ContainerReading nothing = read_container(Format::kMpegAudio, noise + good);
  CHECK(nothing.from_start() == noise + good);
  CHECK(nothing.notes.back().find(" generic ") != std::string::npos);
}

TEST_CASE("container audio: letters between frames that were lost are no tag") {
  // Behind the first byte the reader is lost, wherever the pieces end.
  const std::string bytes =
      "x" + std::string(40, 'y') + "TAG" + std::string(60, 'z') + container_sample("cbr.mp3");
  CHECK(differs_when_cut(Format::kMpegAudio, bytes) == "");
  CHECK(read_container(Format::kMpegAudio, bytes).starts().size() == 40);
}

TEST_CASE("container audio: a stream that is cut off within a frame keeps all its bytes") {
  const std::string bytes = container_sample("cbr.mp3").substr(0, 4'000);
  const ContainerReading reading = read_container(Format::kMpegAudio, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK_FALSE(reading.frames.back().is_key());
  CHECK(reading.notes.size() == 1);
}

TEST_CASE("container audio: is recognised by two frames, or by what the sender says") {
  const std::string mp3 = container_sample("cbr.mp3");
  CHECK(recognised(mp3) == Format::kMpegAudio);
  CHECK(recognised(container_sample("vbr-id3-xing.mp3")) == Format::kMpegAudio);
  CHECK(recognised(container_sample("layer2.mp2")) == Format::kMpegAudio);
  CHECK(recognised(container_sample("tone.aac"), true, "audio/mpeg") == Format::kAdts);
  CHECK(recognised(mp3.substr(0, 20), false) == std::nullopt);
  CHECK(recognised(mp3.substr(0, 20), true) == Format::kGeneric);
  CHECK(recognised(mp3.substr(10), false) == Format::kGeneric);
  // In the middle of a frame, as a relay joins a stream.
  CHECK(recognised(mp3.substr(10), false, "Audio/MPEG; x=1") == Format::kMpegAudio);
  CHECK(recognised(mp3.substr(10, 200), false, "audio/mpeg") == std::nullopt);
  CHECK(recognised("no music", true, "audio/mpeg") == Format::kGeneric);
  CHECK(recognised("text", false) == Format::kGeneric);
  CHECK(recognised("data: x\n\n", false, "text/event-stream") == Format::kEvents);
}

TEST_CASE("container: media types and their parameters") {
  using container::format_of_type;
  using container::parameter_of;
  CHECK(format_of_type("video/webm") == Format::kMatroska);
  CHECK(format_of_type(" TEXT/Event-Stream ;charset=utf-8") == Format::kEvents);
  CHECK(format_of_type("application/octet-stream") == std::nullopt);
  CHECK(format_of_type("") == std::nullopt);
  CHECK(parameter_of("multipart/x-mixed-replace; boundary=abc", "boundary") == "abc");
  CHECK(parameter_of("multipart/x-mixed-replace; a=\";\" ; Boundary=\"a;b\"", "boundary") == "a;b");
  CHECK(parameter_of("multipart/x-mixed-replace", "boundary") == "");
}
