// What the encoder writes, and what it refuses because the real gdpdepay could not read it.
#include <doctest/doctest.h>

#include <string>

#include "core/gdp/sendable.h"
#include "core/gdp/structure_text.h"
#include "test/gdp_values.h"

using namespace flumen;
using namespace flumen::test;
using namespace flumen::gdp;

namespace {

std::string refused(const Event& event) {
  std::string packet;
  std::string why;
  return encode_event(event, {}, &packet, &why) ? "" : why;
}

std::string refused_caps(const std::string& text) {
  Caps caps;
  TextError error;
  REQUIRE(parse_caps(text, &caps, &error));
  std::string packet;
  std::string why;
  return encode_caps(caps, {}, &packet, &why) ? "" : why;
}

Event custom(const std::string& text) {
  Event event{&event_of(EventNumber::kCustomDownstream), Structure{}};
  TextError error;
  REQUIRE(parse_structure(text, &*event.structure, &error));
  return event;
}

}  // namespace

TEST_CASE("gdp encoder: caps and events come back as they were") {
  std::string wire_bytes;
  std::string packet;
  std::string why;
  Structure tags;
  tags.set("title", make_string("now \"playing\" \303\251"));
  Caps caps;
  TextError error;
  REQUIRE(parse_caps("audio/x-foo, rate=(int)1", &caps, &error));
  Segment segment;
  segment.format = gdp::Format::kBytes;
  segment.start = 26;
  const Checksums both{true, true};
  for (const Event& event :
       {stream_start_event("abc def", 3), segment_event(segment), tag_event(tags, "stream"),
        gap_event(5, kNoValue), flush_start_event(), flush_stop_event(false)}) {
    REQUIRE(encode_event(event, both, &packet, &why));
    wire_bytes += packet;
  }
  REQUIRE(encode_caps(caps, both, &packet, &why));
  CHECK(packet.substr(58, 4) == "\x22\x85\xd9\xb7");
  CHECK(packet.substr(62) == std::string("audio/x-foo, rate=(int)1\0", 25));
  wire_bytes += packet;
  REQUIRE(encode_event(eos_event(), both, &packet, &why));
  const GdpReading reading = read_gdp_at_once(wire_bytes + packet);
  REQUIRE(reading.ok);
  REQUIRE(reading.lines.size() == 8);
  CHECK(
      reading.lines[0].ends_with("stream-start GstEventStreamStart, stream-id=(string)\"abc\\ def\", "
                                 "flags=(GstStreamFlags)GST_STREAM_FLAG_NONE, group-id=(uint)3;"));
  CHECK(reading.lines[1].ends_with("segment " + print_structure(segment_structure(segment))));
  CHECK(reading.lines[2].find("\\\"now\\\\\\ \\\\\\\"playing") != std::string::npos);
  CHECK(reading.lines[3].ends_with(
      "GstEventGap, timestamp=(guint64)5, duration=(guint64)18446744073709551615;"));
  CHECK(reading.lines[7].ends_with("eos"));
}

TEST_CASE("gdp encoder: a frame's header leaves its bytes alone") {
  FrameInfo info;
  info.pts = 5;
  info.flags = FrameFlags::kDelta | FrameFlags::kHeader;
  FrameMeta meta = meta_of(info);
  CHECK(meta.pts == 5);
  CHECK(meta.dts == kNoValue);
  CHECK(meta.flags == (BufferFlags::kDelta | BufferFlags::kHeader));
  meta.flags = 0xFFFF;
  const std::string bytes = gdp_start() + gdp_frame("abc", meta, {false, true});
  CHECK(read_gdp_at_once(bytes).lines[3].ends_with("frame 5 none none none none 11344 abc"));
  const FrameInfo again = info_of(meta);
  CHECK(again.pts == 5);
  CHECK(again.duration == kNoTime);
  CHECK(again.flags == (FrameFlags::kDelta | FrameFlags::kHeader | FrameFlags::kDiscont | FrameFlags::kLive |
                        FrameFlags::kGap));
  CHECK(again.offset == kNoOffset);
  info.pts = -1;
  CHECK(meta_of(info).pts == kNoValue);
  meta.pts = ~uint64_t{0} - 1;
  CHECK(info_of(meta).pts == kNoTime);
}

TEST_CASE("gdp encoder: what a receiver could not read is refused") {
  CHECK(refused_caps("a/b, x=(int)1") == "");
  CHECK(refused_caps("a/b, x=(GstVideoMultiviewFlagsSet)0:ffffffff:/mixed-mono") == "");
  CHECK(refused_caps("a/b, x=[1,2]").find("fixed") != std::string::npos);
  CHECK(refused_caps("a/b, x=(GstFoo)bar") == "field \"x\": a receiver may not know GstFoo bar");
  Caps caps;
  caps.structures.push_back({"a/b", {}, {}});
  caps.structures[0].set("streamheader", make_buffer(""));
  std::string packet;
  std::string why;
  CHECK_FALSE(encode_caps(caps, {}, &packet, &why));
  CHECK(why == "field \"streamheader\": a buffer is empty, which cannot be read back");

  CHECK(refused({&event_of(EventNumber::kSegment), std::nullopt}) == "it comes without its structure");
  CHECK(refused({&event_of(EventNumber::kCustomBoth), std::nullopt}) == "it has no structure");
  CHECK(refused({&event_of(EventNumber::kCaps), Structure{"x", {}, {}}}) == "caps are a packet of their own");
  CHECK(refused({&event_of(EventNumber::kSeek), Structure{"x", {}, {}}}) == "it travels upstream only");
  CHECK(refused({&event_of(EventNumber::kToc), Structure{"x", {}, {}}}) ==
        "what it carries is an object of the sender's process");
  CHECK(refused(custom("app, a=(string)\"\\377\"")) == "field \"a\": a string is not UTF-8, or has a NUL");
  CHECK(refused(custom("app, a=(GstFormat)foo")).find("GstFormat foo") != std::string::npos);
  CHECK(refused(custom("app, a=(GstToc)NULL")).find("GstToc NULL") != std::string::npos);
  CHECK(refused(custom("app, a=(date)2024-02-30")).find("date 2024-02-30") != std::string::npos);
  for (const char* fine : {"app, a=(date)2024-02-29", "app, a=(datetime)2020",
                           "app, a=(datetime)2020-01-02T03:04:05.123456+0100", "app, a=(GstFormat)time",
                           "app, a=(GstStreamFlags)GST_STREAM_FLAG_SPARSE+GST_STREAM_FLAG_SELECT",
                           "app, a=(string)\"\\303\\251\"", "app, a=(string)NULL"}) {
    CHECK(refused(custom(fine)) == "");
  }
  Event odd = custom("app");
  odd.structure->name = "1 app";
  CHECK(refused(odd) == "a structure cannot be called \"1 app\"");
  odd = custom("app");
  odd.structure->set("a b", make_int(1));
  CHECK(refused(odd) == "a field cannot be called \"a b\"");
  odd = custom("app");
  odd.structure->set("t", make_nested(ValueType::kTagList, {"tags", {}, {}}));
  CHECK(refused(odd) == "field \"t\": a list of tags must be called taglist");
}

TEST_CASE("gdp encoder: relays take away what cannot travel and keep the rest") {
  Event event = custom("app, a=(int)1, b=(GstStream)x, c=(int){ 1, 2 }, d=(GstGapFlags)Y");
  strip_unsendable(&*event.structure);
  CHECK(print_structure(*event.structure) == "app, a=(int)1, c=(int){ 1, 2 };");
  Structure tags;
  tags.set("title", make_string("x"));
  tags.set("image", make_named("sample", "abc"));
  event = tag_event(tags, "global");
  strip_unsendable(&*event.structure);
  CHECK(event.structure->find("taglist")->contents[0].fields.size() == 1);
  CHECK(refused(event) == "");
}

TEST_CASE("gdp encoder: segments as numbers") {
  Segment segment;
  std::string why;
  Structure event = segment_structure({});
  REQUIRE(read_segment(event, &segment, &why));
  CHECK(segment.format == gdp::Format::kTime);
  CHECK(segment.stop == kNoValue);
  CHECK(format_of("GST_FORMAT_BYTES") == gdp::Format::kBytes);
  CHECK(format_of("5") == gdp::Format::kPercent);
  CHECK_FALSE(format_of("foo").has_value());
  CHECK(is_segment_flags("GST_SEGMENT_FLAG_RESET+GST_SEGMENT_FLAG_TRICKMODE"));
  CHECK(is_segment_flags("skip+trickmode-key-units"));
  CHECK(is_segment_flags("3"));
  CHECK_FALSE(is_segment_flags("GST_SEGMENT_FLAG_RESET+FOO"));
  for (const char* field : {"flags", "rate", "format", "stop", "duration"}) {
    Structure broken = event;
    broken.fields[0].value.contents[0].remove(field);
    CHECK_FALSE(read_segment(broken, &segment, &why));
    CHECK(why == std::string("the segment has no valid field \"") + field + "\"");
  }
}

TEST_CASE("gdp encoder: streams of chance come back as they were") {
  size_t packets = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Choices choices(seed);
    const GdpMade made = make_gdp_stream(choices);
    const GdpReading reading = read_gdp_at_once(made.wire);
    CAPTURE(seed);
    REQUIRE(reading.ok);
    REQUIRE(reading.lines == made.lines);
    packets += made.lines.size();
  }
  CHECK(packets > 10'000);
}
