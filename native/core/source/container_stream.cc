#include "core/source/container_stream.h"

#include <utility>

#include "core/base/check.h"

namespace flumen {

namespace {

using container::Step;

/// After so many bytes in which nothing was found, or nothing again, the stream is taken to be something
/// else.
constexpr size_t kMostSought = 64 * kKiB;
constexpr size_t kMostLost = 4 * kMiB;
/// More are not told: each costs JavaScript a call.
constexpr size_t kMostWarnings = 100;

}  // namespace

ContainerStream::ContainerStream(FrameSink& sink, Ledger& ledger, container::Format format,
                                 std::string_view content_type)
    : sink_(sink), format_(format), parser_(container::make_parser(format, content_type)), pending_(ledger) {}

Intake ContainerStream::take(BlockSlice bytes, Nanos now) {
  if (bytes.size == 0) return Intake::kMore;
  pending_.add(std::move(bytes));
  return cut(now);
}

Intake ContainerStream::cut(Nanos now) {
  Intake all = Intake::kMore;
  while (parser_ && pending_.reach(wanted_)) {
    const Intake one = obey(parser_->next(pending_.bytes()), now);
    if (!goes_on(one)) return one;
    if (one == Intake::kWait) all = one;
  }
  while (!parser_ && pending_.reach(1)) {
    const Intake one = append(pending_.cut(pending_.bytes().size()), FrameInfo{}, now);
    if (!goes_on(one)) return one;
    if (one == Intake::kWait) all = one;
  }
  return all;
}

Intake ContainerStream::obey(const Step& step, Nanos now) {
  const size_t there = pending_.bytes().size();
  if (step.kind == Step::Kind::kNeed) {
    FLUMEN_CHECK(step.size > there);
    wanted_ = step.size;
    if (wanted_ > container::kMostUnit) give_up("a unit is longer than 16 MiB", now);
    return Intake::kMore;
  }
  FLUMEN_CHECK(step.size > 0 && step.size <= there);
  wanted_ = 1;
  BlockSlice bytes = pending_.cut(step.size);
  if (step.kind == Step::Kind::kBroken) return append_broken(std::move(bytes), step.why, now);
  lost_ = 0;
  if (!std::exchange(found_, true)) described_ = false;
  if (step.kind == Step::Kind::kFrame) {
    FrameInfo info = step.info;
    // Where the stream itself begins everybody can, whatever comes first behind its headers.
    const bool begins = frames_ == 0 && !parser_->headers().all().empty();
    if (begins && !container::may_begin_anywhere(format_))
      info.flags = static_cast<uint8_t>(info.flags & ~FrameFlags::kDelta);
    return append(std::move(bytes), info, now);
  }
  at_ += step.size;
  return Intake::kMore;
}

Intake ContainerStream::append_broken(BlockSlice bytes, const char* why, Nanos now) {
  if (lost_ == 0) warn(why);
  lost_ += bytes.size;
  FrameInfo info;
  info.flags = FrameFlags::kDelta;
  const Intake said = append(std::move(bytes), info, now);
  if (!found_ && lost_ > kMostSought) give_up("nothing of it was found in 64 KiB", now);
  if (lost_ > kMostLost) give_up("nothing of it was found again in 4 MiB", now);
  return said;
}

Intake ContainerStream::append(BlockSlice bytes, FrameInfo info, Nanos now) {
  if (parser_) {
    const bool changed = parser_->headers().take_changed();
    if (changed || !described_) describe(now);
    // What has no time of its own is part of what was before it.
    if (info.dts == kNoTime && info.pts == kNoTime) {
      info.dts = last_time_;
    } else {
      last_time_ = info.dts != kNoTime ? info.dts : info.pts;
    }
  } else if (!described_) {
    describe(now);
  }
  at_ += bytes.size;
  ++frames_;
  return intake_of(sink_.append(std::move(bytes), info, now));
}

// Tells the sink what the stream is, and its owner when that is news.
void ContainerStream::describe(Nanos now) {
  described_ = true;
  StateChange change;
  std::vector<std::span<const uint8_t>>& headers = change.headers.emplace();
  std::string caps;
  std::string type;
  if (parser_ && found_) {
    for (const std::string& header : parser_->headers().all()) {
      headers.push_back({reinterpret_cast<const uint8_t*>(header.data()), header.size()});
    }
    caps = parser_->caps();
    type = parser_->content_type();
  }
  for (const StateText text : {StateText::kStreamStart, StateText::kSegment, StateText::kTags}) {
    change.texts[static_cast<size_t>(text)].emplace();
  }
  change.texts[static_cast<size_t>(StateText::kCaps)] = caps;
  sink_.set_state(change, now);
  if ((parser_ && !found_) || caps_ == caps) return;
  const std::string text = std::string(name_of(format_)) + ' ' + type + '\n' + caps;
  notes_.push_back({StreamNote::Kind::kFormat, at_, frames_, text});
  caps_ = std::move(caps);
}

void ContainerStream::give_up(const char* why, Nanos now) {
  warn(why);
  parser_.reset();
  format_ = container::Format::kGeneric;
  wanted_ = 1;
  lost_ = 0;
  describe(now);
}

void ContainerStream::warn(std::string_view why) {
  if (++warnings_ > kMostWarnings) return;
  notes_.push_back(
      {StreamNote::Kind::kBroken, at_, frames_, std::string(name_of(format_)) + ' ' + std::string(why)});
}

Intake ContainerStream::finish(Nanos now) {
  while (parser_ && !pending_.empty()) {
    // What was asked for does not come.
    pending_.reach(container::kMostUnit);
    const Step step = parser_->last(pending_.bytes());
    if (obey(step, now) == Intake::kOver) return Intake::kOver;
  }
  return Intake::kEnd;
}

}  // namespace flumen
