#include "core/source/unit_flags.h"

#include <utility>

namespace flumen {

using container::Format;
using container::Step;

UnitFlags::UnitFlags(Ledger& ledger, Format format, const std::vector<std::string>& headers)
    : parser_(container::make_parser(format, {})), pending_(ledger) {
  for (const std::string& header : headers) {
    add(copy_to_slice(ledger, {reinterpret_cast<const uint8_t*>(header.data()), header.size()}), false);
  }
}

void UnitFlags::add(const BlockSlice& frame, bool judged) {
  const bool readable = parser_ && frame.size > 0;
  if (judged) waiting_.push_back({given_, readable ? Verdict::kUndecided : Verdict::kUnknown});
  given_ += frame.size;
  if (!readable) return;
  pending_.add(frame);
  read_on();
}

UnitFlags::Verdict UnitFlags::take() {
  if (waiting_.empty()) return Verdict::kUndecided;
  const Verdict verdict = waiting_.front().verdict;
  if (verdict != Verdict::kUndecided) waiting_.pop_front();
  return verdict;
}

void UnitFlags::read_on() {
  const auto decide = [&](uint64_t end, auto verdict_at) {
    for (Waiting& frame : waiting_) {
      if (frame.verdict == Verdict::kUndecided && frame.at < end) frame.verdict = verdict_at(frame.at);
    }
  };
  while (pending_.reach(wanted_)) {
    const Step step = parser_->next(pending_.bytes());
    if (step.kind == Step::Kind::kBroken || step.size > container::kMostUnit) {
      parser_.reset();
      pending_.reset();
      decide(given_, [](uint64_t) { return Verdict::kUnknown; });
      return;
    }
    if (step.kind == Step::Kind::kNeed) {
      wanted_ = step.size;
      continue;
    }
    wanted_ = 1;
    const uint64_t at = std::exchange(read_, read_ + step.size);
    pending_.cut(step.size);
    constexpr uint8_t kNoStart = FrameFlags::kDelta | FrameFlags::kNoStart;
    const bool starts = step.kind == Step::Kind::kFrame && (step.info.flags & kNoStart) == 0;
    decide(read_, [&](uint64_t frame) { return starts && frame == at ? Verdict::kKey : Verdict::kNoKey; });
  }
}

// GStreamer's names for containers are their media types, or were once.
std::optional<Format> container_of(const gdp::Structure& caps) {
  const std::optional<Format> format = container::format_of_type(caps.name);
  switch (format.value_or(Format::kGeneric)) {
    case Format::kOgg:
    case Format::kMatroska:
    case Format::kFlv:
    case Format::kMpegTs:
    case Format::kMp4:
    case Format::kAsf:
      return format;
    default:
      return std::nullopt;
  }
}

}  // namespace flumen
