#include "core/source/stream_reader.h"

#include <algorithm>
#include <utility>

#include "core/gdp/recognise.h"

namespace flumen {

void StreamReader::start(StreamFormat format) {
  format_ = format;
  gdp_.reset();
  if (format == StreamFormat::kGdp) gdp_.emplace(sink_, ledger_);
  start_.clear();
  waiting_.clear();
}

Intake StreamReader::take(BlockSlice bytes, Nanos now) {
  switch (format_) {
    case StreamFormat::kGdp:
      return gdp_->take(std::move(bytes), now);
    case StreamFormat::kAuto:
      return sniff(std::move(bytes), now);
    case StreamFormat::kRaw:
      break;
  }
  return intake_of(sink_.append(std::move(bytes), FrameInfo{}, now));
}

Intake StreamReader::sniff(BlockSlice bytes, Nanos now) {
  const size_t looked_at = std::min<size_t>(bytes.size, gdp::kHeaderBytes - start_.size());
  start_.append(reinterpret_cast<const char*>(bytes.data()), looked_at);
  waiting_.push_back(std::move(bytes));
  switch (gdp::recognise({reinterpret_cast<const uint8_t*>(start_.data()), start_.size()})) {
    case gdp::Recognition::kNeedMore:
      return Intake::kMore;
    case gdp::Recognition::kNo:
      return decide(StreamFormat::kRaw, now);
    case gdp::Recognition::kYes:
    case gdp::Recognition::kTooOld:
      // Too old is an error that GDP's parser has words for.
      break;
  }
  return decide(StreamFormat::kGdp, now);
}

Intake StreamReader::decide(StreamFormat format, Nanos now) {
  std::vector<BlockSlice> waiting = std::move(waiting_);
  start(format);
  Intake all = Intake::kMore;
  for (BlockSlice& bytes : waiting) {
    const Intake one = take(std::move(bytes), now);
    if (!goes_on(one)) return one;
    if (one == Intake::kWait) all = one;
  }
  return all;
}

Intake StreamReader::finish(Nanos now) {
  // Too short for GDP.
  if (format_ == StreamFormat::kAuto && decide(StreamFormat::kRaw, now) == Intake::kOver)
    return Intake::kOver;
  return gdp_ ? gdp_->finish(now) : Intake::kEnd;
}

std::vector<SkippedEvent> StreamReader::take_skipped() {
  return gdp_ ? std::exchange(gdp_->skipped(), {}) : std::vector<SkippedEvent>();
}

}  // namespace flumen
