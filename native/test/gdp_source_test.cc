// What a source makes of a GDP stream: frames, the state of the stream, its end, and what is passed over.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/source/stream_reader.h"
#include "test/choices.h"
#include "test/container_reading.h"
#include "test/gdp_stream.h"
#include "test/golden.h"
#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;
using namespace flumen::gdp;

namespace {

std::string time_text(Nanos time) { return time == kNoTime ? "-" : std::to_string(time); }

/// Writes down what it is given.
class Notebook : public FrameSink {
 public:
  Flow append(BlockSlice bytes, const FrameInfo& info, Nanos) override {
    std::string line = "frame ";
    line += time_text(info.pts) + " " + time_text(info.dts) + " " + time_text(info.duration);
    if ((info.flags & FrameFlags::kDelta) != 0) line += " delta";
    if ((info.flags & FrameFlags::kHeader) != 0) line += " header";
    if ((info.flags & FrameFlags::kDiscont) != 0) line += " discont";
    line += ": ";
    line.append(reinterpret_cast<const char*>(bytes.data()), bytes.size);
    lines.push_back(line);
    Frame frame;
    frame.info = info;
    keys += frame.is_key() ? 'k' : '-';
    return flow;
  }

  void set_state(const StateChange& change, Nanos) override {
    static constexpr const char* kNames[] = {"start", "caps", "segment", "tags", "title"};
    std::string line = "state";
    for (size_t i = 0; i < kStateTexts; ++i) {
      if (change.texts[i])
        line.append(" ").append(kNames[i]).append("[").append(*change.texts[i]).append("]");
    }
    if (change.headers) {
      line += " headers";
      for (const auto& header : *change.headers) {
        line.append(" ").append(reinterpret_cast<const char*>(header.data()), header.size());
      }
    }
    lines.push_back(line);
  }

  bool append_event(const EventKind& kind, std::string_view text) override {
    lines.push_back("event " + std::string(kind.name) + " " + std::string(text));
    return takes_events;
  }

  bool ended() const override { return false; }

  Flow flow = Flow::kMore;
  bool takes_events = true;
  std::vector<std::string> lines;
  std::string keys;  // of each frame, whether a receiver can start there
};

struct Reading {
  std::vector<std::string> lines;
  std::string keys;
  std::vector<std::string> skipped;
  Intake end = Intake::kMore;
  std::string fault;
  uint64_t at = 0;

  bool operator==(const Reading&) const = default;
};

/// `piece_at` as in read_gdp(). The pieces lie as a source reads them.
template <typename Piece>
Reading read_as_source(const std::string& bytes, Piece piece_at, StreamFormat format = StreamFormat::kGdp) {
  Ledger ledger;
  Reading reading;
  {
    Notebook notebook;
    StreamReader reader(notebook, ledger);
    BlockWriter writer(ledger);
    reader.start(format, {});
    Intake said = Intake::kMore;
    for (size_t at = 0; at < bytes.size() && goes_on(said);) {
      const size_t size = std::min<size_t>(piece_at(at), bytes.size() - at);
      said = reader.take(writer.copy({reinterpret_cast<const uint8_t*>(bytes.data()) + at, size}), 0);
      at += size;
      for (const StreamNote& event : reader.take_notes()) {
        if (event.kind != StreamNote::Kind::kSkippedEvent) continue;
        reading.skipped.push_back(std::to_string(event.packet) + "@" + std::to_string(event.at) + " " +
                                  event.text);
      }
    }
    if (goes_on(said)) said = reader.finish(0);
    reading.end = said;
    if (said == Intake::kFailed) {
      reading.fault = fault_code(reader.error().fault);
      reading.at = reader.error().at;
    }
    reading.lines = notebook.lines;
    reading.keys = notebook.keys;
  }
  CHECK(ledger.live_blocks.load() == 0);
  return reading;
}

Reading read_as_source(const std::string& bytes, StreamFormat format = StreamFormat::kGdp) {
  return read_as_source(
      bytes, [&](size_t) { return bytes.size(); }, format);
}

std::string caps_packet(const std::string& text) { return gdp_text_packet(kCapsType, text); }

std::string event_packet(EventNumber number, const std::string& text) {
  return gdp_text_packet(gdp_wire_type(number), text);
}

std::string stream_start(const std::string& id) {
  return event_packet(EventNumber::kStreamStart, "GstEventStreamStart, stream-id=(string)" + id + ";");
}

std::string tag_packet(const std::string& scope, const std::string& tags) {
  return event_packet(EventNumber::kTag,
                      "GstTagList-" + scope + ", taglist=(taglist)\"taglist, " + tags + ";\";");
}

std::string header_frame(const std::string& bytes) {
  FrameMeta meta;
  meta.flags = BufferFlags::kHeader | BufferFlags::kDelta;
  return gdp_frame(bytes, meta);
}

size_t count_of(const Reading& reading, const std::string& begin) {
  return static_cast<size_t>(
      std::ranges::count_if(reading.lines, [&](const std::string& line) { return line.starts_with(begin); }));
}

}  // namespace

TEST_CASE("gdp source: frames with what is known of them, the state once before the first") {
  FrameMeta meta;
  meta.pts = 5;
  meta.dts = 4;
  meta.duration = 3;
  meta.flags = BufferFlags::kDelta | BufferFlags::kDiscont;
  const Reading reading = read_as_source(gdp_start("a/b, streamheader=(buffer)< 68, 6565 >, n=(int)1") +
                                         gdp_frame("one", meta) + gdp_frame("") + header_frame("h"));
  CHECK(reading.end == Intake::kEnd);
  REQUIRE(reading.lines.size() == 4);
  CHECK(reading.lines[0].starts_with("state start[GstEventStreamStart, stream-id="));
  CHECK(reading.lines[0].find(" caps[a/b, n=(int)1] segment[GstEventSegment, ") != std::string::npos);
  CHECK(reading.lines[0].ends_with(";] tags[] headers h ee"));
  CHECK(reading.lines[1] == "frame 5 4 3 delta discont: one");
  CHECK(reading.lines[2] == "frame - - -: ");
  CHECK(reading.lines[3] == "frame - - - delta header: h");
}

TEST_CASE("gdp source: headers as the bare stream has them, where caps have Ogg's") {
  const Reading flac = read_as_source(
      gdp_start("audio/x-flac, streamheader=(buffer)< 7f464c41430100000166, 67 >") + gdp_frame("x"));
  CHECK(flac.lines[0].ends_with(" headers f g"));
  CHECK(flac.lines[0].find("caps[audio/x-flac, streamheader=(buffer)< 7f46") != std::string::npos);
  const Reading vp8 =
      read_as_source(gdp_start("video/x-vp8, streamheader=(buffer)< 4f56 >") + gdp_frame("x"));
  CHECK(vp8.lines[0].ends_with(" headers"));
  CHECK(vp8.lines[0].find("caps[video/x-vp8, streamheader=(buffer)< 4f56 >]") != std::string::npos);
  const Reading odd = read_as_source(gdp_start("a/b, streamheader=(string)x") + gdp_frame("x"));
  CHECK(odd.lines[0].find("caps[a/b, streamheader=(string)x]") == std::string::npos);
}

TEST_CASE("gdp source: what a container's frames are is read out of them, whatever the sender marks") {
  // A tag and its size behind it (Adobe's FLV specification, E.4.1).
  const auto tag = [](char type, const std::string& data) {
    const auto size = static_cast<char>(data.size());
    const std::string head{type, 0, 0, size, 0, 0, 0, 0, 0, 0, 0};
    return head + data + std::string{0, 0, 0, static_cast<char>(11 + size)};
  };
  const std::string begin("FLV\1\1\0\0\0\x09\0\0\0\0", 13);
  FrameMeta header;
  header.flags = BufferFlags::kHeader;
  FrameMeta delta;
  delta.flags = BufferFlags::kDelta;
  // H.263: a key frame, one that leans on it, metadata once more; and what is marked wrongly.
  const std::string frames = gdp_frame(begin, header) + gdp_frame(tag(9, "\x12k")) +
                             gdp_frame(tag(9, "\x22p")) + gdp_frame(tag(18, "\x02s")) +
                             gdp_frame(tag(9, "\x12k"), delta);
  CHECK(read_as_source(gdp_start("video/x-flv") + frames).keys == "kk--k");
  CHECK(read_as_source(gdp_start("video/x-other") + frames).keys == "kkkk-");
  // What is no such container stays as it was marked.
  const std::string other = gdp_frame("abc") + gdp_frame("d", delta) + gdp_frame("e");
  CHECK(read_as_source(gdp_start("video/x-flv") + other).keys == "k-k");
}

TEST_CASE("gdp source: a transport stream of which nothing is marked") {
  const std::string bytes = container_sample("avc-aac.mpegts");
  std::string packets;
  size_t count = 0;
  for (size_t at = 0; at + 188 <= bytes.size(); at += 188, ++count)
    packets += gdp_frame(bytes.substr(at, 188));
  const Reading plain = read_as_source(gdp_start("video/mpegts, systemstream=(boolean)true") + packets);
  CHECK(plain.keys.size() == count);
  const auto keys = static_cast<size_t>(std::ranges::count(plain.keys, 'k'));
  CHECK(keys == read_container(container::Format::kMpegTs, bytes).starts().size());
}

TEST_CASE("gdp source: only what has changed is told, and not before the next frame") {
  const Reading reading = read_as_source(gdp_start() + gdp_frame("a") + caps_packet("c/d") +
                                         tag_packet("stream", "title=(string)x") + gdp_frame("b") +
                                         tag_packet("stream", "title=(string)y"));
  REQUIRE(reading.lines.size() == 4);
  CHECK(reading.lines[2] ==
        "state caps[c/d] tags[GstTagList-stream, taglist=(taglist)\"taglist\\,\\ title\\=\\(string\\)x\\;\";]"
        " headers");
  CHECK(reading.lines[3].ends_with(": b"));
}

TEST_CASE("gdp source: headers that come as frames before the caps that say so are not given twice") {
  const std::string caps = caps_packet("video/webm, streamheader=(buffer)< 68656164 >");
  const std::string early = gdp_start("video/webm") + header_frame("he") + header_frame("ad");
  SUBCASE("as WebM muxers send them") {
    const Reading reading = read_as_source(early + caps + gdp_frame("x"));
    REQUIRE(reading.lines.size() == 4);
    // The filter of the sink takes the two frames for what they are: copies.
    CHECK(reading.lines[0].ends_with(" headers head"));
    CHECK(reading.lines[1].ends_with(" header: he"));
  }
  SUBCASE("other bytes are frames as any") {
    for (const std::string& later :
         {caps_packet("video/webm, streamheader=(buffer)< 68656165 >"),
          caps_packet("video/webm, streamheader=(buffer)< 6865 >"), std::string()}) {
      const Reading reading = read_as_source(early + later + gdp_frame("x"));
      CHECK(reading.lines[0].ends_with(" headers"));
      CHECK(reading.lines[1].ends_with(" header: he"));
      CHECK(reading.lines[2].ends_with(" header: ad"));
      CHECK(reading.lines.back().ends_with(": x"));
    }
  }
  SUBCASE("nothing stays behind at the end, at EOS and at a fault") {
    CHECK(count_of(read_as_source(early), "frame") == 2);
    CHECK(count_of(read_as_source(early + event_packet(EventNumber::kEos, "")), "frame") == 2);
    const Reading broken = read_as_source(early + caps_packet(""));
    CHECK(count_of(broken, "frame") == 2);
    CHECK(broken.fault == "bad-caps");
  }
  SUBCASE("a stream whose key frames are all flagged HEADER waits for nothing but the second one") {
    const std::string more = header_frame("k") + gdp_frame("x") + header_frame("k");
    CHECK(count_of(read_as_source(gdp_start() + more), "frame") == 3);
    std::string many = gdp_start();
    for (int i = 0; i < 17; ++i) many += header_frame("k");
    many.resize(many.size() - 1);
    CHECK(count_of(read_as_source(many), "frame") == 16);
  }
}

TEST_CASE("gdp source: tags of both scopes, and of the stream that they belong to") {
  const std::string start = gdp_start() + gdp_frame("a");
  const auto tags_after = [&](const std::string& packets) {
    const Reading reading = read_as_source(start + packets + gdp_frame("b"));
    std::string line = reading.lines[reading.lines.size() - 2];
    std::erase(line, '\\');
    return line;
  };
  const std::string global = tag_packet("global", "title=(string)g, artist=(string)a");
  const std::string stream = tag_packet("stream", "title=(string)s");
  CHECK(tags_after(global).find("[GstTagList-global, ") != std::string::npos);
  const std::string both = "taglist, title=(string)s, artist=(string)a;";
  CHECK(tags_after(global + stream).find(both) != std::string::npos);
  CHECK(tags_after(stream + global).find(both) != std::string::npos);
  CHECK(tags_after(stream_start("other") + stream).find("taglist, title=(string)s;") != std::string::npos);
  CHECK(tags_after(stream + stream_start("other")).ends_with(" tags[]"));
  // Ogg muxers send them so.
  const Reading first = read_as_source(stream + start);
  CHECK(first.lines[0].find("GstTagList-stream") != std::string::npos);
}

TEST_CASE("gdp source: what no receiver could read is left out of the state") {
  const Reading reading = read_as_source(
      event_packet(EventNumber::kStreamStart,
                   "GstEventStreamStart, stream-id=(string)x, stream=(GstStream)\"\\(GstStream\\)\\ y\";") +
      caps_packet("a/b, thing=(MyEnum)z") + gdp_frame("x"));
  CHECK(reading.lines[0] ==
        "state start[GstEventStreamStart, stream-id=(string)x;] caps[a/b] segment[] tags[] headers");
}

TEST_CASE("gdp source: EOS is the end, and nothing behind it is looked at") {
  const Reading reading =
      read_as_source(gdp_start() + gdp_frame("a") + event_packet(EventNumber::kEos, "") + "garbage");
  CHECK(reading.end == Intake::kEnd);
  CHECK(count_of(reading, "frame") == 1);
}

TEST_CASE("gdp source: events that cannot be used are told, some of them, and passed over") {
  const std::string start = gdp_start();
  const std::string unknown = gdp_text_packet(kFirstEvent + (99 << 8), "");
  const std::string toc = event_packet(EventNumber::kToc, "GstEventToc;");
  const Reading reading =
      read_as_source(start + unknown + event_packet(EventNumber::kSeek, "") + toc + gdp_frame("a"));
  CHECK(reading.end == Intake::kEnd);
  REQUIRE(reading.skipped.size() == 2);
  CHECK(reading.skipped[0] == "3@" + std::to_string(start.size()) + " unknown nobody knows event number 99");
  CHECK(reading.skipped[1].starts_with("5@"));
  CHECK(reading.skipped[1].find(" toc what it carries is an object") != std::string::npos);
  std::string many = start;
  for (int i = 0; i < 300; ++i) many += unknown;
  CHECK(read_as_source(many + gdp_frame("a")).skipped.size() == 100);
}

TEST_CASE("gdp source: events that are no part of the state go on, in their place") {
  const std::string gap = event_packet(EventNumber::kGap, "GstEventGap, timestamp=(guint64)5;");
  const std::string custom =
      event_packet(EventNumber::kCustomDownstream, "app, n=(int)1, thing=(MyEnum)gone;");
  const Reading reading = read_as_source(gdp_start() + gdp_frame("a") + gap + custom + gdp_frame("b"));
  REQUIRE(reading.lines.size() == 5);
  CHECK(reading.lines[2] == "event gap GstEventGap, timestamp=(guint64)5;");
  CHECK(reading.lines[3] == "event custom-downstream app, n=(int)1;");
  const Reading early = read_as_source(gdp_start() + header_frame("h") + gap + gdp_frame("b"));
  CHECK(early.lines[1].ends_with(": h"));
  CHECK(early.lines[2].starts_with("event gap"));
  CHECK(count_of(read_as_source(gdp_start() + event_packet(EventNumber::kFlushStart, "")),
                 "event flush-start ") == 1);
}

TEST_CASE("gdp source: a sink that has had enough, and one that has ended") {
  Ledger ledger;
  Notebook notebook;
  StreamReader reader(notebook, ledger);
  const auto take = [&](const std::string& bytes) {
    BlockWriter writer(ledger);
    return reader.take(writer.copy({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}), 0);
  };
  reader.start(StreamFormat::kGdp, {});
  CHECK(take(gdp_start()) == Intake::kMore);
  notebook.flow = Flow::kWait;
  // All of the piece is taken: the sink has said that it takes what comes.
  CHECK(take(gdp_frame("a") + gdp_frame("b")) == Intake::kWait);
  CHECK(notebook.lines.size() == 3);
  notebook.flow = Flow::kOver;
  CHECK(take(gdp_frame("c") + gdp_frame("d")) == Intake::kOver);
  CHECK(notebook.lines.size() == 4);
}

TEST_CASE("gdp source: the format is found out from the first bytes, in any pieces") {
  const std::string gdp = gdp_start() + gdp_frame("a");
  const auto one = [](size_t) { return size_t{1}; };
  CHECK(read_as_source(gdp, one, StreamFormat::kAuto) == read_as_source(gdp));
  CHECK(read_as_source(gdp, StreamFormat::kAuto) == read_as_source(gdp));
  const auto joined = [](const Reading& reading) {
    std::string all;
    for (const std::string& line : reading.lines) {
      if (line.starts_with("frame")) all += line.substr(line.find(": ") + 2);
    }
    return all;
  };
  for (const std::string& raw :
       {std::string("OggS and so on"), gdp.substr(0, 61), std::string(100, '\1'), std::string(3, '\0')}) {
    CHECK(joined(read_as_source(raw, one, StreamFormat::kAuto)) == raw);
    CHECK(joined(read_as_source(raw, StreamFormat::kAuto)) == raw);
  }
  CHECK(read_as_source("", StreamFormat::kAuto).end == Intake::kEnd);
  const std::string old = golden_file("c43-legacy-0.0.gdp");
  CHECK(read_as_source(old, StreamFormat::kAuto).fault == "bad-version");
}

TEST_CASE("gdp source: every golden file, cut anywhere, is what the parser makes of it") {
  size_t files = 0;
  for (const std::string& name : golden_names()) {
    CAPTURE(name);
    const std::string bytes = golden_file(name);
    const GdpReading parsed = read_gdp_at_once(bytes);
    const Reading whole = read_as_source(bytes);
    const bool after_eos = parsed.error.fault == Fault::kAfterEos;
    CHECK(whole.end == (parsed.ok || after_eos ? Intake::kEnd : Intake::kFailed));
    if (whole.end == Intake::kFailed) CHECK(whole.fault == fault_code(parsed.error.fault));
    if (whole.end == Intake::kFailed) CHECK(whole.at == parsed.error.at);
    const auto is_frame = [](const std::string& line) { return line.find(" frame ") != std::string::npos; };
    CHECK(count_of(whole, "frame") == std::ranges::count_if(parsed.lines, is_frame));
    for (uint64_t seed = 0; seed < 6; ++seed) {
      Choices choices(seed);
      const size_t most = seed == 0 ? 1 : choices.between(2, 3000);
      const auto piece = [&](size_t) { return choices.between(1, most); };
      CHECK(read_as_source(bytes, piece) == whole);
    }
    ++files;
  }
  CHECK(files > 60);
}
