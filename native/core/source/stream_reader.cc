#include "core/source/stream_reader.h"

#include <algorithm>
#include <utility>

#include "core/container/recognise.h"
#include "core/gdp/recognise.h"

namespace flumen {

namespace {

container::Format container_of(StreamFormat format) {
  const auto behind = static_cast<size_t>(format) - static_cast<size_t>(StreamFormat::kContainers);
  return static_cast<container::Format>(behind + 1);
}

}  // namespace

void StreamReader::start(StreamFormat format, std::string_view content_type) {
  content_type_ = content_type;
  start_.clear();
  waiting_.clear();
  open(format, format < StreamFormat::kContainers ? container::Format::kGeneric : container_of(format));
}

void StreamReader::open(StreamFormat format, container::Format container) {
  format_ = format;
  gdp_.reset();
  container_.reset();
  if (format == StreamFormat::kGdp) gdp_.emplace(sink_, ledger_);
  if (format >= StreamFormat::kContainers) container_.emplace(sink_, ledger_, container, content_type_);
}

Intake StreamReader::take(BlockSlice bytes, Nanos now) {
  if (gdp_) return gdp_->take(std::move(bytes), now);
  if (container_) return container_->take(std::move(bytes), now);
  if (format_ == StreamFormat::kRaw) return intake_of(sink_.append(std::move(bytes), FrameInfo{}, now));
  const size_t looked_at = std::min<size_t>(bytes.size, container::kMostSniffed - start_.size());
  start_.append(reinterpret_cast<const char*>(bytes.data()), looked_at);
  waiting_.push_back(std::move(bytes));
  const std::optional<Decision> decision = decide(false);
  if (!decision) return Intake::kMore;
  open(decision->format, decision->container);
  return release(now);
}

std::optional<StreamReader::Decision> StreamReader::decide(bool whole) const {
  const std::span<const uint8_t> start(reinterpret_cast<const uint8_t*>(start_.data()), start_.size());
  switch (gdp::recognise(start.first(std::min(start.size(), gdp::kHeaderBytes)))) {
    case gdp::Recognition::kNeedMore:
      if (!whole) return std::nullopt;
      break;
    case gdp::Recognition::kNo:
      break;
    case gdp::Recognition::kYes:
    case gdp::Recognition::kTooOld:
      // Too old is an error that GDP's parser has words for.
      return Decision{StreamFormat::kGdp};
  }
  const std::optional<container::Format> format = container::recognise(start, whole, content_type_);
  if (!format) return std::nullopt;
  return Decision{StreamFormat::kContainers, *format};
}

Intake StreamReader::release(Nanos now) {
  start_.clear();
  Intake all = Intake::kMore;
  for (BlockSlice& bytes : std::exchange(waiting_, {})) {
    const Intake one = take(std::move(bytes), now);
    if (!goes_on(one)) return one;
    if (one == Intake::kWait) all = one;
  }
  return all;
}

Intake StreamReader::finish(Nanos now) {
  if (format_ == StreamFormat::kAuto) {
    const Decision decision = decide(true).value_or(Decision{StreamFormat::kRaw});
    open(decision.format, decision.container);
    const Intake said = release(now);
    if (!goes_on(said)) return said;
  }
  if (gdp_) return gdp_->finish(now);
  return container_ ? container_->finish(now) : Intake::kEnd;
}

std::vector<StreamNote> StreamReader::take_notes() {
  if (gdp_) return std::exchange(gdp_->notes(), {});
  return container_ ? std::exchange(container_->notes(), {}) : std::vector<StreamNote>();
}

}  // namespace flumen
