// The incremental parser: packets out of bytes cut anywhere, what is skipped, and what ends a stream.
#include <doctest/doctest.h>

#include <string>

#include "core/gdp/structure_text.h"
#include "test/choices.h"
#include "test/gdp_stream.h"
#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;
using namespace flumen::gdp;

namespace {

Header version(uint8_t major, uint8_t minor) {
  Header header;
  header.major = major;
  header.minor = minor;
  header.header_flags = kHasHeaderCrc;
  return header;
}

std::string long_stream() {
  FrameMeta meta;
  meta.pts = 1'000'000'000;
  meta.dts = 0;
  meta.offset_end = ~uint64_t{0} - 1;
  meta.flags = BufferFlags::kDelta;
  std::string wire_bytes = gdp_start();
  wire_bytes += gdp_frame("", meta);
  for (const size_t size : {1u, 61u, 62u, 63u, 188u, 999u, 1000u, 1001u, 2500u}) {
    wire_bytes += gdp_frame(pattern(size, size), meta, {true, true});
  }
  wire_bytes += gdp_text_packet(gdp_wire_type(EventNumber::kGap), "GstEventGap, timestamp=(guint64)5;");
  wire_bytes += gdp_text_packet(gdp_wire_type(EventNumber::kEos), "");
  return wire_bytes;
}

void check_fault(const std::string& tail, Fault fault, const std::string& message, uint64_t packet = 3) {
  CAPTURE(message);
  const std::string start = gdp_start();
  const GdpReading reading = read_gdp_at_once(start + tail);
  CHECK_FALSE(reading.ok);
  CHECK(fault_code(reading.error.fault) == fault_code(fault));
  CHECK(reading.error.message == message);
  CHECK(reading.error.packet == packet);
  CHECK(reading.error.at == start.size());
  CHECK(reading.lines.size() == packet);
}

std::string skipped(uint16_t wire_type, const std::string& text, Header header = {}) {
  const std::string bytes = gdp_start() + gdp_text_packet(wire_type, text, header) + gdp_frame("x");
  const GdpReading reading = read_gdp_at_once(bytes);
  REQUIRE(reading.ok);
  REQUIRE(reading.lines.size() == 5);
  const size_t at = reading.lines[3].find(" skipped: ");
  return at == std::string::npos ? "" : reading.lines[3].substr(at + 10);
}

}  // namespace

TEST_CASE("gdp parser: the same packets from any pieces, copied or shared") {
  const std::string bytes = long_stream();
  const GdpReading whole = read_gdp_at_once(bytes);
  REQUIRE(whole.ok);
  REQUIRE(whole.lines.size() == 15);
  CHECK(whole.offset == bytes.size());
  CHECK(whole.lines[1].ends_with("caps application/x-test, n=(int)1"));
  CHECK(whole.lines[3].find("frame 1000000000 0 none none 18446744073709551614 8192 ") != std::string::npos);
  CHECK(whole.lines[12].ends_with(pattern(2500, 2500)));
  CHECK(whole.lines[14].ends_with("eos"));
  for (const bool shared : {false, true}) {
    CHECK(read_gdp(
              bytes, [](size_t) { return 1; }, shared) == whole);
    for (uint64_t seed = 0; seed < 300; ++seed) {
      Choices choices(seed);
      const uint64_t most = choices.between(1, 3000);
      REQUIRE(read_gdp(
                  bytes, [&](size_t) { return choices.between(1, most); }, shared) == whole);
    }
  }
}

TEST_CASE("gdp parser: a torn end is reported wherever it is") {
  const std::string bytes = gdp_start() + gdp_frame("hello");
  const size_t last = bytes.size() - kHeaderBytes - 5;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const GdpReading reading = read_gdp_at_once(bytes.substr(0, size));
    if (reading.ok) continue;
    const bool in_header = size - reading.error.at < kHeaderBytes;
    REQUIRE(reading.error.fault == (in_header ? Fault::kTruncatedHeader : Fault::kTruncatedPayload));
    REQUIRE(reading.error.at == reading.offset);
    REQUIRE(reading.error.packet == reading.lines.size());
  }
  CHECK(read_gdp_at_once(bytes.substr(0, last)).ok);
  const GdpReading header = read_gdp_at_once(bytes.substr(0, last + 30));
  CHECK(header.error.message == "the stream ends after 30 of 62 bytes of a header");
  CHECK(header.error.at == last);
  const GdpReading payload = read_gdp_at_once(bytes.substr(0, bytes.size() - 2));
  CHECK(payload.error.message == "the stream ends after 3 of 5 bytes of a payload");
  CHECK(read_gdp_at_once("").ok);
}

TEST_CASE("gdp parser: what ends a stream, and where") {
  std::string frame = gdp_frame("abc", {}, {true, true});
  frame[12] ^= 1;
  const Header header = read_header(
      std::span<const uint8_t, kHeaderBytes>(reinterpret_cast<const uint8_t*>(frame.data()), kHeaderBytes));
  check_fault(frame, Fault::kHeaderCrc,
              "the header has checksum " +
                  std::to_string(header_crc_of(std::span<const uint8_t, kHeaderBytes>(
                      reinterpret_cast<const uint8_t*>(frame.data()), kHeaderBytes))) +
                  ", but says " + std::to_string(header.header_crc));
  frame[12] ^= 1;
  frame.back() ^= 1;
  CHECK(read_gdp_at_once(gdp_start() + frame).error.fault == Fault::kPayloadCrc);
  check_fault(gdp_text_packet(3, "x"), Fault::kType, "there is no payload type 3");
  check_fault(gdp_text_packet(0, ""), Fault::kType, "there is no payload type 0");
  check_fault(gdp_text_packet(kCapsType, ""), Fault::kCaps, "caps are empty");
  check_fault(gdp_text_packet(kCapsType, "!!!"), Fault::kCaps,
              "caps cannot be read: expected the name of a structure (byte 0)");
  check_fault(gdp_text_packet(kCapsType, "a/b, x=[1,2]"), Fault::kCaps,
              "caps must be fixed: a field leaves a choice");
  check_fault(gdp_text_packet(kCapsType, "ANY"), Fault::kCaps, "caps must be fixed: ANY says nothing");
  check_fault(gdp_text_packet(kCapsType, "EMPTY"), Fault::kCaps, "caps must be fixed: EMPTY says nothing");
  check_fault(gdp_text_packet(kCapsType, "a/b;c/d"), Fault::kCaps,
              "caps must be fixed: there are several structures");
  check_fault(gdp_text_packet(gdp_wire_type(EventNumber::kSegment), ""), Fault::kSegment,
              "a SEGMENT comes without its structure");
  check_fault(gdp_text_packet(kBufferType, "x", version(9, 9)), Fault::kVersion,
              "a header has version 9.9; versions 1.0 and 0.2 can be read. A byte too many or too few before "
              "it has the same effect");
  const std::string eos = gdp_text_packet(gdp_wire_type(EventNumber::kEos), "");
  const GdpReading after = read_gdp_at_once(gdp_start() + eos + gdp_frame("x"));
  CHECK(after.error.fault == Fault::kAfterEos);
  CHECK(after.error.packet == 4);
  CHECK(read_gdp_at_once(gdp_start() + eos).ok);
}

TEST_CASE("gdp parser: a buffer before caps is refused before its payload comes") {
  const GdpReading reading = read_gdp_at_once(gdp_frame(std::string(1000, 'x')).substr(0, kHeaderBytes));
  CHECK(reading.error.fault == Fault::kNoCaps);
  CHECK(reading.error.at == 0);
}

TEST_CASE("gdp parser: what is not GDP is said at the first header") {
  const std::string http =
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\n";
  const GdpReading reading = read_gdp_at_once(http);
  CHECK(reading.error.fault == Fault::kNotGdp);
  CHECK(reading.error.message == "this is not GDP: it begins with the bytes 48 54 54 50");
  CHECK(read_gdp_at_once(std::string(500, '\0')).error.fault == Fault::kNotGdp);
  CHECK(read_gdp_at_once(std::string(500, '\xff')).error.fault == Fault::kNotGdp);
  const GdpReading old = read_gdp_at_once(gdp_text_packet(kCapsType, "a/b", version(0, 1)));
  CHECK(old.error.fault == Fault::kVersion);
  CHECK(old.error.message ==
        "this is GDP of version 0.1, older than GStreamer 0.9; versions 1.0 and 0.2 can be read");
}

TEST_CASE("gdp parser: lengths are judged by the header alone") {
  Header header;
  const auto announced = [&](uint16_t type, uint32_t length) {
    header.type = type;
    header.length = length;
    const HeaderBytes bytes = write_header(header);
    return read_gdp_at_once(gdp_start() + std::string(bytes.begin(), bytes.end()), {5000, 400, 350});
  };
  const uint16_t gap = gdp_wire_type(EventNumber::kGap);
  CHECK(announced(kBufferType, 5000).error.fault == Fault::kTruncatedPayload);
  CHECK(announced(kBufferType, 5001).error.message == "a frame of 5001 bytes: the limit is 5000");
  CHECK(announced(kCapsType, 400).error.fault == Fault::kTruncatedPayload);
  CHECK(announced(kCapsType, 401).error.message == "caps of 401 bytes: the limit is 400");
  CHECK(announced(gap, 350).error.fault == Fault::kTruncatedPayload);
  CHECK(announced(gap, 0xFFFFFFFF).error.message == "an event of 4294967295 bytes: the limit is 350");
  // A type that nobody knows is worse than its length.
  CHECK(announced(9, 0x7FFFFFFF).error.fault == Fault::kType);
}

TEST_CASE("gdp parser: memory follows what has come, not what was announced") {
  GdpReader reader(true, {});
  const auto feed = [&](const std::string& bytes) {
    return reader.feed({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  };
  REQUIRE(feed(gdp_start()));
  Header header;
  header.length = 16 * kMiB;
  const HeaderBytes bytes = write_header(header);
  REQUIRE(reader.feed(bytes));
  REQUIRE(feed(std::string(3000, 'x')));
  CHECK(reader.peak_bytes() < static_cast<int64_t>(300 * kKiB));
  for (int i = 0; i < 300; ++i) REQUIRE(feed(std::string(10'000, 'x')));
  CHECK(reader.peak_bytes() < static_cast<int64_t>(10 * kMiB));
}

TEST_CASE("gdp parser: frames within a piece, or over pieces that touch, are not copied") {
  Ledger ledger;
  Parser parser(ledger);
  const std::string bytes = gdp_start() + gdp_frame("hello") + gdp_frame("world");
  BlockSlice all = copy_to_slice(ledger, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  const uint32_t cut = all.size - 2;
  Packet packet;
  parser.feed({all.block, 0, cut});
  for (int i = 0; i < 4; ++i) REQUIRE(parser.next(&packet) == Parser::Step::kPacket);
  CHECK(packet.payload.block.get() == all.block.get());
  CHECK(parser.next(&packet) == Parser::Step::kNeedMore);
  parser.feed({all.block, cut, 2});
  REQUIRE(parser.next(&packet) == Parser::Step::kPacket);
  CHECK(packet.payload.block.get() == all.block.get());
  CHECK(packet.payload.offset == all.size - 5);
}

TEST_CASE("gdp parser: events that cannot be used are passed over with a reason") {
  CHECK(skipped(gdp_wire_type(EventNumber::kTag), "!!!") ==
        "the event cannot be read: expected the name of a structure (byte 0)");
  CHECK(skipped(28494, "x-future, a=(int)1;") == "nobody knows event number 111");
  CHECK(skipped(kFirstEvent, "") == "nobody knows event number 0");
  CHECK(skipped(gdp_wire_type(EventNumber::kSeek), "GstEventSeek, rate=(double)1;") ==
        "it travels upstream only");
  CHECK(skipped(gdp_wire_type(EventNumber::kCaps), "GstEventCaps;") == "caps are a packet of their own");
  CHECK(skipped(gdp_wire_type(EventNumber::kToc), "GstEventTocGlobal, toc=(GstToc)NULL;") ==
        "what it carries is an object of the sender's process");
  CHECK(skipped(gdp_wire_type(EventNumber::kTag), "") ==
        "the event cannot be used: it comes without its structure");
  CHECK(skipped(gdp_wire_type(EventNumber::kStreamStart), "GstEventStreamStart;") ==
        "the event cannot be used: it has no field \"stream-id\" of type string");
  CHECK(skipped(gdp_wire_type(EventNumber::kGap), "GstEventGap, timestamp=(int)5;") ==
        "the event cannot be used: it has no field \"timestamp\" of type guint64");
  CHECK(skipped(gdp_wire_type(EventNumber::kSegment), "GstEventSegment, segment=(GstSegment)\"segment;\";") ==
        "the event cannot be used: the segment has no valid field \"flags\"");
  CHECK(skipped(gdp_wire_type(EventNumber::kGap),
                "GstEventGap, timestamp=(guint64)1, gap-flags=(GstGapFlags)GST_GAP_FLAG_MISSING_DATA;") ==
        "");
  CHECK(skipped(gdp_wire_type(EventNumber::kStreamStart),
                "GstEventStreamStart, stream-id=(string)x, stream=(GstStream)\"\\(GstStream\\)\\ s1\";") ==
        "");
  CHECK(skipped(gdp_wire_type(EventNumber::kFlushStart), "") == "");
}

TEST_CASE("gdp parser: custom events get their number back") {
  const GdpReading reading = read_gdp_at_once(gdp_text_packet(6214, "app, n=(int)1;"));
  REQUIRE(reading.ok);
  CHECK(reading.lines[0] == "0@0 custom-downstream app, n=(int)1;");
}

TEST_CASE("gdp parser: text without its NUL, or with bytes behind it; reserved bytes and flags") {
  const std::string caps = "a/b, x=(int)1";
  const auto packet = [&](const std::string& payload) {
    Header header;
    header.type = kCapsType;
    return packet_of(header, {reinterpret_cast<const uint8_t*>(payload.data()), payload.size()});
  };
  CHECK(read_gdp_at_once(packet(caps)).lines[0] == "0@0 caps " + caps);
  CHECK(read_gdp_at_once(packet(caps + std::string("\0junk", 5))).lines[0] == "0@0 caps " + caps);
  std::string odd = gdp_text_packet(kCapsType, caps);
  odd[2] = static_cast<char>(0xFC);
  odd[3] = 1;
  odd[55] = 1;
  CHECK(read_gdp_at_once(odd).ok);
  FrameMeta meta;
  std::string frame = gdp_frame("x", meta, {false, false});
  frame[42] = static_cast<char>(0xFF);
  frame[43] = static_cast<char>(0xFF);
  CHECK(read_gdp_at_once(gdp_start() + frame).lines[3].ends_with(" 11344 x"));
}

TEST_CASE("gdp parser: version 0.2 and its 0.10 numbers and flags") {
  const Header old = version(0, 2);
  Header frame = old;
  frame.flags = 0x1F0;
  frame.pts = 7;
  frame.duration = frame.offset = frame.offset_end = kNoValue;
  std::string bytes = gdp_text_packet(kCapsType, "a/b", old);
  bytes += gdp_text_packet(0x66 + 64, "", old);
  bytes += gdp_text_packet(kBufferType, "x", frame);
  bytes += gdp_text_packet(0x13 + 64, "", old) + gdp_text_packet(0x27 + 64, "", old);
  bytes += gdp_text_packet(0x101 + 64, std::string(31, 's'), old);
  bytes += gdp_text_packet(0x101 + 64, "abc", old);
  bytes += gdp_text_packet(0x76 + 64, "", old);
  bytes += gdp_text_packet(0x56 + 64, "", old);
  const GdpReading reading = read_gdp_at_once(bytes);
  REQUIRE(reading.ok);
  REQUIRE(reading.lines.size() == 9);
  CHECK(reading.lines[1].ends_with(" segment " + print_structure(segment_structure({}))));
  // DISCONT, IN_CAPS, GAP and DELTA_UNIT; no DTS.
  CHECK(reading.lines[2].find("frame 7 none none none none 11328 x") != std::string::npos);
  CHECK(reading.lines[4].ends_with("flush-stop GstEventFlushStop, reset-time=(boolean)true;"));
  CHECK(reading.lines[5].ends_with("seek skipped: it travels upstream only"));
  CHECK(reading.lines[6].ends_with("seek skipped: a SEEK of version 0.2 has 32 bytes, this one has 4"));
  CHECK(reading.lines[7].ends_with("tag skipped: version 0.2 cannot carry it"));
  CHECK(reading.lines[8].ends_with("eos"));
}

TEST_CASE("gdp parser: version 0.2 of an early 1.x has today's numbers and flags") {
  const Header old = version(0, 2);
  Header frame = old;
  frame.flags = BufferFlags::kDelta;
  const GdpReading reading = read_gdp_at_once(gdp_text_packet(kCapsType, "a/b", old) +
                                              gdp_text_packet(gdp_wire_type(EventNumber::kSegment), "", old) +
                                              gdp_text_packet(kBufferType, "x", frame));
  REQUIRE(reading.ok);
  CHECK(reading.lines[2].find("frame 0 none 0 0 0 8192 x") != std::string::npos);
}

TEST_CASE("gdp parser: the 1.0 of GStreamer 0.10") {
  std::string bytes = gdp_text_packet(
      0x66 + 64,
      "GstEventNewsegment, update=(boolean)false, rate=(double)2, applied-rate=(double)1, "
      "format=(GstFormat)GST_FORMAT_TIME, start=(gint64)5, stop=(gint64)-1, position=(gint64)3;");
  bytes += gdp_text_packet(kCapsType, "audio/x-raw-int, rate=(int)8000");
  bytes += gdp_text_packet(0x76 + 64, "taglist, title=(string)x;");
  Header frame;
  frame.flags = 0x60;
  bytes += gdp_text_packet(kBufferType, "x", frame);
  bytes += gdp_text_packet(0x206 + 64, "app, n=(int)1;");
  const GdpReading reading = read_gdp_at_once(bytes);
  REQUIRE(reading.ok);
  Segment segment;
  segment.rate = 2;
  segment.start = segment.position = 5;
  segment.time = 3;
  CHECK(reading.lines[0].ends_with(" segment " + print_structure(segment_structure(segment))));
  CHECK(reading.lines[2].ends_with(
      " tag GstTagList-stream, taglist=(taglist)\"taglist\\,\\ title\\=\\(string\\)x\\;\";"));
  CHECK(reading.lines[3].find("frame 0 none 0 0 0 1088 x") != std::string::npos);
  CHECK(reading.lines[4].ends_with(" custom-downstream app, n=(int)1;"));
}
