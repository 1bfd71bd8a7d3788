// Formats that are lines of text: parts of multipart/x-mixed-replace, and server-sent events.
#include <doctest/doctest.h>

#include "core/container/recognise.h"
#include "test/container_reading.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

const std::string kTypeWithBoundary = "multipart/x-mixed-replace; boundary=";

std::vector<std::string> units_of(Format format, const std::string& bytes, std::string_view type = {}) {
  const ContainerReading reading = read_container(format, bytes, type);
  CHECK(reading.from_start() == bytes);
  CHECK(differs_when_cut(format, bytes, type) == "");
  std::vector<std::string> units;
  for (const ReadFrame& frame : reading.frames) {
    units.push_back((frame.is_key() ? "" : "~") + frame.bytes);
  }
  return units;
}

std::optional<Format> sniffed(std::string_view text, std::string_view type = {}) {
  return container::recognise({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, false, type);
}

using Units = std::vector<std::string>;

}  // namespace

TEST_CASE("container multipart: a part that says how long it is ends there, and waits for no other") {
  const std::string bytes = container_sample("jpeg.mpjpeg");
  const ContainerReading reading = read_container(Format::kMultipart, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.starts().size() == 5);
  CHECK(reading.frames[0].bytes.ends_with("\xff\xd9"));
  CHECK(reading.frames[1].bytes.starts_with("\r\n--ffmpeg\r\n"));
  CHECK(reading.notes.size() == 1);
  CHECK(
      reading.notes[0].ends_with("multipart/x-mixed-replace; boundary=ffmpeg\n"
                                 "multipart/x-mixed-replace, boundary=(string)ffmpeg"));
  CHECK(differs_when_cut(Format::kMultipart, bytes) == "");

  const std::string parts = container_sample("jpeg-parts.multipart");
  CHECK(read_container(Format::kMultipart, parts).starts().size() == 5);
  CHECK(differs_when_cut(Format::kMultipart, parts) == "");
}

TEST_CASE("container multipart: a part that does not say it ends with the next boundary") {
  const std::string bytes = "--b\r\nA: 1\r\n\r\none\r\n--b\n\ntwo--b\n--b  \r\n\r\n\r\n--b--\r\nrest";
  CHECK(units_of(Format::kMultipart, bytes) ==
        Units{"--b\r\nA: 1\r\n\r\none", "\r\n--b\n\ntwo--b", "\n--b  \r\n\r\n", "~\r\n--b--\r\n", "~rest"});
}

TEST_CASE("container multipart: the boundary is what the sender says, with its dashes or without") {
  const std::string bytes = "--other\r\n\r\nx\r\n----b\r\ncontent-LENGTH : 3\r\nContent-Length: 3\r\n\r\none";
  for (const char* name : {"--b", "\"--b\""}) {
    const Units units = units_of(Format::kMultipart, bytes, kTypeWithBoundary + name);
    CHECK(units.back() == "----b\r\ncontent-LENGTH : 3\r\nContent-Length: 3\r\n\r\none");
  }
  const Units dashed =
      units_of(Format::kMultipart, "--b\r\nContent-Length: 1\r\n\r\nx", kTypeWithBoundary + "--b");
  CHECK(dashed == Units{"--b\r\nContent-Length: 1\r\n\r\nx"});
  const ContainerReading reading =
      read_container(Format::kMultipart, "--a=b\n\nx\n--a=b", kTypeWithBoundary + "\"a=b\"");
  CHECK(reading.states.back().caps == "multipart/x-mixed-replace, boundary=(string)\"a=b\"");
}

TEST_CASE("container multipart: what is no part is passed on, and lengths that lie do no harm") {
  const std::string part = "--b\r\nContent-Length: 3\r\n\r\none\r\n";
  const std::string wrong = "--b\r\nContent-Length: 3\r\n\r\nonetwo\r\n";
  CHECK(units_of(Format::kMultipart, "preamble\n" + part + wrong + part) ==
        Units{"~preamble\n", part.substr(0, part.size() - 2), "\r\n" + wrong.substr(0, wrong.size() - 5),
              "~two\r\n", part.substr(0, part.size() - 2), "~\r\n"});
  for (const std::string length : {"99999999999999999999", "16777217", "-1", "0x10", ""}) {
    const std::string lie = "--b\r\nContent-Length: " + length + "\r\n\r\none\r\n";
    CHECK(units_of(Format::kMultipart, lie + part).back() == "~\r\n");
  }
  // Longer than anybody keeps: in pieces.
  const std::string big = "--b\r\nContent-Length: 9000000\r\n\r\n" + std::string(9'000'000, 'x') + "\r\n";
  const ContainerReading reading = read_container(Format::kMultipart, big + part);
  CHECK(reading.from_start() == big + part);
  CHECK(reading.starts().size() == 1);
  CHECK(reading.most_memory < kMiB);
  const std::string endless = "--b\r\n\r\n" + std::string(9'000'000, 'x') + "\r\n";
  CHECK(read_container(Format::kMultipart, endless + part).starts().size() == 1);
  const std::string head = "--b\r\n" + std::string(17'000, 'h') + "\r\n";
  CHECK(read_container(Format::kMultipart, head + part).starts().size() == 1);
}

TEST_CASE("container multipart: is recognised by a boundary's line and a head") {
  CHECK(sniffed(container_sample("jpeg.mpjpeg")) == Format::kMultipart);
  CHECK(sniffed("\r\n--b\ncontent-") == Format::kMultipart);
  CHECK(sniffed("--b\r\nConte") == std::nullopt);
  CHECK(sniffed("--b\r\nHello") == Format::kGeneric);
  CHECK(sniffed("-- boundary") == Format::kGeneric);
  CHECK(sniffed("hello, world", "multipart/x-mixed-replace;boundary=b") == Format::kMultipart);
}

TEST_CASE("container events: a unit is an event, however its lines end") {
  CHECK(units_of(Format::kEvents, "data: a\n\n:\n\ndata: b\ndata: c\n\n") ==
        Units{"data: a\n\n", ":\n\n", "data: b\ndata: c\n\n"});
  CHECK(units_of(Format::kEvents, "data: a\r\n\r\nid\r\n\r\n") == Units{"data: a\r\n\r\n", "id\r\n\r\n"});
  CHECK(units_of(Format::kEvents, "data: a\r\rid\r\rdata") == Units{"data: a\r\r", "id\r\r", "~data"});
  CHECK(units_of(Format::kEvents, "a\n\r\nb\r\n\nc\r\n\rd") == Units{"a\n\r\n", "b\r\n\n", "c\r\n\r", "~d"});
  CHECK(units_of(Format::kEvents,
                 "\xef\xbb\xbf"
                 "data: a\n\n\n") == Units{"\xef\xbb\xbf"
                                           "data: a\n\n",
                                           "\n"});
}

TEST_CASE("container events: an event is there with its last byte") {
  // As CR alone ends lines here, nothing is waited for.
  const ContainerReading reading =
      read_container(Format::kEvents, "data: a\r\rdata: b\r\r", [](size_t) { return size_t{9}; });
  CHECK(reading.starts().size() == 2);
  CHECK(reading.states.back().caps == "text/event-stream");
  CHECK(reading.notes == std::vector<std::string>{"0 sse text/event-stream\ntext/event-stream"});
}

TEST_CASE("container events: one longer than 1 MiB comes in pieces, and nobody starts with it") {
  const std::string bytes = "data: " + std::string(3 * kMiB, 'x') + "\r\n\r\ndata: b\r\n\r\n";
  const ContainerReading reading = read_container(Format::kEvents, bytes);
  CHECK(reading.from_start() == bytes);
  CHECK(reading.starts().size() == 1);
  CHECK(reading.frames.back().bytes == "data: b\r\n\r\n");
  CHECK(reading.most_memory < 4 * kMiB);
  CHECK(differs_when_cut(Format::kEvents, bytes) == "");
  CHECK(sniffed("data: a") == Format::kEvents);
  CHECK(sniffed("event") == std::nullopt);
  CHECK(sniffed("dates: 1") == Format::kGeneric);
}
