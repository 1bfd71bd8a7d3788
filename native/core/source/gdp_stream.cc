#include "core/source/gdp_stream.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/gdp/sendable.h"
#include "core/gdp/structure_text.h"

namespace flumen {

namespace {

using gdp::EventNumber;
using gdp::Structure;
using gdp::Value;
using gdp::ValueType;

/// More are passed over without a word: each costs JavaScript a call.
constexpr size_t kMostSkipped = 100;
/// Headers are few and small; whatever is more is none.
constexpr size_t kMostEarly = 16;
constexpr size_t kMostEarlyBytes = 4 * kMiB;
/// A unit may be in several frames, but not in many.
constexpr size_t kMostJudged = 64;
constexpr size_t kMostJudgedBytes = 4 * kMiB;

// The buffers of caps' streamheader: an array of them, or one alone.
std::vector<std::string> streamheader_of(const Structure& caps) {
  std::vector<std::string> headers;
  const Value* value = caps.find("streamheader");
  if (value == nullptr) return headers;
  if (value->type == ValueType::kBuffer) headers.push_back(value->text);
  for (const Value& item : value->items) {
    if (item.type == ValueType::kBuffer && !item.text.empty()) headers.push_back(item.text);
  }
  return headers;
}

// What receivers of the bare stream need. Two codecs have in their caps what Ogg wants instead: for VP8 that
// is no part of the stream at all, and FLAC's first header has Ogg's mapping in front.
std::vector<std::string> raw_headers(const Structure& caps, std::vector<std::string> headers) {
  constexpr std::string_view kMapping =
      "\x7f"
      "FLAC";
  constexpr size_t kMappingBytes = 9;
  if (caps.name == "video/x-vp8") return {};
  if (caps.name == "audio/x-flac" && !headers.empty() && headers.front().starts_with(kMapping) &&
      headers.front().size() > kMappingBytes) {
    headers.front().erase(0, kMappingBytes);
  }
  return headers;
}

const Structure* taglist_of(const Structure& event) {
  const Value* list = event.find("taglist", ValueType::kTagList);
  return list != nullptr && !list->contents.empty() ? &list->contents.front() : nullptr;
}

}  // namespace

GdpStream::GdpStream(FrameSink& sink, Ledger& ledger)
    : sink_(sink), ledger_(ledger), parser_(ledger), writer_(ledger), dirty_(true) {
  // What an earlier sender said is over. The title is not GDP's business.
  for (const StateText text :
       {StateText::kStreamStart, StateText::kCaps, StateText::kSegment, StateText::kTags}) {
    texts_[static_cast<size_t>(text)].emplace();
  }
  headers_.emplace();
}

Intake GdpStream::take(BlockSlice bytes, Nanos now) {
  parser_.feed(std::move(bytes));
  Intake all = Intake::kMore;
  for (;;) {
    const gdp::Parser::Step step = parser_.next(&packet_);
    if (step == gdp::Parser::Step::kNeedMore) return all;
    if (step == gdp::Parser::Step::kFailed) {
      return release_held(now) == Intake::kOver ? Intake::kOver : Intake::kFailed;
    }
    const Intake one = take_packet(now);
    if (!goes_on(one)) return one;
    if (one == Intake::kWait) all = one;
  }
}

Intake GdpStream::finish(Nanos now) {
  if (release_held(now) == Intake::kOver) return Intake::kOver;
  return parser_.finish() ? Intake::kEnd : Intake::kFailed;
}

Intake GdpStream::take_packet(Nanos now) {
  if (packet_.kind == gdp::PacketKind::kFrame) return take_frame(now);
  // Frames before it go before it.
  const Intake before = judged_.empty() ? Intake::kMore : release_held(now);
  if (before == Intake::kOver) return before;
  const bool is_event = packet_.kind == gdp::PacketKind::kEvent;
  const bool ends = is_event && packet_.skipped.empty() && packet_.event.kind->number == EventNumber::kEos;
  if (ends) return release_early(now) == Intake::kOver ? Intake::kOver : Intake::kEnd;
  const Intake said = is_event ? take_event(now) : take_caps(now);
  return said == Intake::kMore ? before : said;
}

Intake GdpStream::take_frame(Nanos now) {
  FrameInfo info = gdp::info_of(packet_.frame);
  BlockSlice bytes = std::exchange(packet_.payload, {});
  if (!bytes) bytes = writer_.copy({});
  const bool is_header = (info.flags & FrameFlags::kHeader) != 0;
  if (is_early(info)) {
    if (flags_ && !headers_given_) flags_->add(bytes, false);
    early_bytes_ += bytes.size;
    early_.push_back({std::move(bytes), info});
    return Intake::kMore;
  }
  headers_may_come_ = false;
  const Intake before = release_early(now);
  if (before == Intake::kOver) return before;
  const bool judged = flags_ && (!is_header || !headers_given_ || !judged_.empty());
  const Intake said = judged ? judge(std::move(bytes), info, now) : append(std::move(bytes), info, now);
  return said == Intake::kMore ? before : said;
}

// flvmux marks no sound as a delta, and its metadata as little as a key frame; tsparse marks nothing at all.
Intake GdpStream::judge(BlockSlice bytes, const FrameInfo& info, Nanos now) {
  flags_->add(bytes);
  judged_bytes_ += bytes.size;
  judged_.push_back({std::move(bytes), info});
  return release_judged(now);
}

Intake GdpStream::release_judged(Nanos now) {
  Intake all = Intake::kMore;
  bool late = judged_.size() > kMostJudged || judged_bytes_ > kMostJudgedBytes;
  while (!judged_.empty()) {
    UnitFlags::Verdict verdict = flags_ ? flags_->take() : UnitFlags::Verdict::kUnknown;
    if (verdict == UnitFlags::Verdict::kUndecided) {
      if (!late) break;
      // Then the sender's word has to do, from here on.
      flags_.reset();
      continue;
    }
    Early frame = std::move(judged_.front());
    judged_.pop_front();
    judged_bytes_ -= frame.bytes.size;
    // GDP receivers are still told what the sender said.
    if (verdict == UnitFlags::Verdict::kNoKey) frame.info.flags |= FrameFlags::kNoStart;
    if (verdict == UnitFlags::Verdict::kKey)
      frame.info.flags = static_cast<uint8_t>(frame.info.flags & ~FrameFlags::kDelta);
    const Intake one = append(std::move(frame.bytes), frame.info, now);
    if (one == Intake::kOver) return one;
    if (one == Intake::kWait) all = one;
  }
  return all;
}

// Whatever waits goes out before something else is said.
Intake GdpStream::release_held(Nanos now) {
  const Intake early = release_early(now);
  if (early == Intake::kOver || judged_.empty()) return early;
  flags_.reset();
  const Intake judged = release_judged(now);
  return judged == Intake::kMore ? early : judged;
}

bool GdpStream::is_early(const FrameInfo& info) const {
  return headers_may_come_ && (info.flags & FrameFlags::kHeader) != 0 && early_.size() < kMostEarly &&
         early_bytes_ + packet_.header.length <= kMostEarlyBytes;
}

Intake GdpStream::take_caps(Nanos now) {
  Structure& caps = packet_.caps.structures.front();
  const std::vector<std::string> told = streamheader_of(caps);
  std::vector<std::string> headers = raw_headers(caps, told);
  // Those that are the headers become copies of what the state has: the sink sends nothing twice.
  Intake said = Intake::kMore;
  if (!are_headers(headers)) said = release_early(now);
  if (said == Intake::kOver) return said;
  headers_may_come_ = told.empty();
  // Where the two differ, receivers that speak GDP are still to be told what the sender said.
  if (headers == told) caps.remove("streamheader");
  gdp::strip_unsendable(&caps);
  flags_.reset();
  headers_given_ = !told.empty();
  if (const std::optional<container::Format> format = container_of(caps)) {
    flags_.emplace(ledger_, *format, headers);
  }
  set_text(StateText::kCaps, gdp::print_caps(packet_.caps));
  headers_ = std::move(headers);
  if (early_.empty()) return said;
  const Intake released = release_early(now);
  return released == Intake::kMore ? said : released;
}

// Whether the frames that wait are these headers, one behind the other.
bool GdpStream::are_headers(const std::vector<std::string>& headers) const {
  std::string all;
  for (const std::string& header : headers) all += header;
  size_t at = 0;
  for (const Early& frame : early_) {
    if (at + frame.bytes.size > all.size()) return false;
    if (frame.bytes.size > 0 && std::memcmp(all.data() + at, frame.bytes.data(), frame.bytes.size) != 0) {
      return false;
    }
    at += frame.bytes.size;
  }
  return at == all.size();
}

Intake GdpStream::release_early(Nanos now) {
  Intake all = Intake::kMore;
  early_bytes_ = 0;
  for (Early& frame : std::exchange(early_, {})) {
    const Intake one = append(std::move(frame.bytes), frame.info, now);
    if (one == Intake::kOver) return one;
    if (one == Intake::kWait) all = one;
  }
  return all;
}

// The sink is told of the state only now, in one piece: between frames there is nobody whom it concerns.
Intake GdpStream::append(BlockSlice bytes, const FrameInfo& info, Nanos now) {
  if (std::exchange(dirty_, false)) {
    StateChange change;
    for (size_t i = 0; i < kStateTexts; ++i) change.texts[i] = std::exchange(texts_[i], std::nullopt);
    const std::optional<std::vector<std::string>> headers = std::exchange(headers_, std::nullopt);
    if (headers) {
      change.headers.emplace();
      for (const std::string& header : *headers) {
        change.headers->push_back({reinterpret_cast<const uint8_t*>(header.data()), header.size()});
      }
    }
    sink_.set_state(change, now);
  }
  return intake_of(sink_.append(std::move(bytes), info, now));
}

Intake GdpStream::take_event(Nanos now) {
  if (!packet_.skipped.empty()) {
    note_skipped(packet_.skipped);
    return Intake::kMore;
  }
  Structure* structure = packet_.event.structure ? &*packet_.event.structure : nullptr;
  if (structure != nullptr) gdp::strip_unsendable(structure);
  switch (packet_.event.kind->number) {
    case EventNumber::kStreamStart:
      start_stream();
      set_text(StateText::kStreamStart, gdp::print_structure(*structure));
      break;
    case EventNumber::kSegment:
      set_text(StateText::kSegment, gdp::print_structure(*structure));
      break;
    case EventNumber::kTag:
      set_tags();
      break;
    default:
      return pass_event(now);
  }
  return Intake::kMore;
}

// What is no part of the state goes out with the next frame, behind those that wait.
Intake GdpStream::pass_event(Nanos now) {
  const Intake said = release_early(now);
  if (said == Intake::kOver) return said;
  const gdp::Event& event = packet_.event;
  std::string why;
  if (!gdp::is_sendable(event, &why)) {
    note_skipped(why);
  } else if (!sink_.append_event(*event.kind,
                                 event.structure ? gdp::print_structure(*event.structure) : "")) {
    note_skipped("too many events wait for a frame");
  }
  return said;
}

void GdpStream::note_skipped(std::string_view why) {
  const gdp::EventKind* kind = packet_.event.kind;
  // What goes to the sender was never meant for us.
  if ((kind != nullptr && !kind->downstream()) || ++skipped_count_ > kMostSkipped) return;
  std::string text(kind != nullptr ? kind->name : "unknown");
  text.append(1, ' ').append(why);
  notes_.push_back({StreamNote::Kind::kSkippedEvent, packet_.at, packet_.number, std::move(text)});
}

// Tags belong to a stream. Those in front of the first one belong to it: Ogg muxers send them so.
void GdpStream::start_stream() {
  const Value* id = packet_.event.structure->find("stream-id", ValueType::kString);
  const std::string before = std::exchange(stream_id_, id != nullptr ? id->text : std::string());
  if (before.empty() || before == stream_id_) return;
  stream_tags_.reset();
  global_tags_.reset();
  set_text(StateText::kTags, {});
}

// The tags of the stream and those of everything that it is a part of are two events in GStreamer, each of
// which replaces its like. Receivers are told of both in one.
void GdpStream::set_tags() {
  const Structure& event = *packet_.event.structure;
  const Structure* list = taglist_of(event);
  // A list that nothing is left of.
  if (list == nullptr) return;
  const bool global = event.name == "GstTagList-global";
  (global ? global_tags_ : stream_tags_) = *list;
  if (!stream_tags_ || !global_tags_) {
    set_text(StateText::kTags, gdp::print_structure(event));
    return;
  }
  Structure both = *global_tags_;
  for (const gdp::Field& tag : stream_tags_->fields) both.set(tag.name, tag.value);
  set_text(StateText::kTags, gdp::print_structure(*gdp::tag_event(std::move(both), "stream").structure));
}

void GdpStream::set_text(StateText which, std::string text) {
  texts_[static_cast<size_t>(which)] = std::move(text);
  dirty_ = true;
}

}  // namespace flumen
