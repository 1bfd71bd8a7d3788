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

std::optional<Format> container_of(const gdp::Structure& caps) {
  constexpr std::pair<std::string_view, Format> kKnown[] = {
      {"application/ogg", Format::kOgg},
      {"audio/ogg", Format::kOgg},
      {"video/ogg", Format::kOgg},
      {"audio/webm", Format::kMatroska},
      {"video/webm", Format::kMatroska},
      {"audio/x-matroska", Format::kMatroska},
      {"video/x-matroska", Format::kMatroska},
      {"video/x-flv", Format::kFlv},
      {"video/mpegts", Format::kMpegTs},
      {"video/quicktime", Format::kMp4},
      {"audio/x-m4a", Format::kMp4},
      {"video/x-ms-asf", Format::kAsf},
  };
  for (const auto& [name, format] : kKnown) {
    if (caps.name == name) return format;
  }
  return std::nullopt;
}

}  // namespace flumen
