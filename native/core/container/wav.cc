#include "core/container/wav.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

constexpr size_t kRiffHead = 12;
constexpr size_t kChunkHead = 8;
// Writers that cannot seek back leave 0, the most, or nearly half of it.
constexpr uint64_t kNearHalf = 0x7fff'0000;
constexpr uint64_t kEndlessData = std::numeric_limits<uint64_t>::max();
constexpr size_t kMostWavUnit = 64 * kKiB;
constexpr uint32_t kUnitsPerSecond = 50;

// As much of the beginning of a file as is there.
bool may_be_riff(Bytes bytes) {
  const auto starts = [&](std::string_view text, size_t at) {
    const size_t there = bytes.size() > at ? std::min(bytes.size() - at, text.size()) : 0;
    return there == 0 || has_text(bytes, at, text.substr(0, there));
  };
  return (starts("RIFF", 0) || starts("RF64", 0)) && starts("WAVE", 8);
}

}  // namespace

Step Wav::next(Bytes bytes) {
  if (left_ > 0) return samples(bytes);
  if (passing_ > 0) return pass(bytes);
  if (scanned_ > 0) return group(bytes);
  if (std::exchange(padded_, false)) {
    passing_ = 1;
    return pass(bytes);
  }
  if (may_be_riff(bytes)) {
    if (bytes.size() < kRiffHead) return Step::need(kRiffHead);
    scanned_ = kRiffHead;
    told_ = {};
    return group(bytes);
  }
  // Nothing is known, or the place is lost.
  if (unit_ == 0) return lost(bytes);
  // What stands behind the samples.
  if (bytes.size() < kChunkHead) return Step::need(kChunkHead);
  const uint64_t size = le32(bytes.data() + 4);
  if (size > kMostUnit) return lost(bytes);
  passing_ = kChunkHead + size + size % 2;
  return pass(bytes);
}

Step Wav::last(Bytes bytes) {
  scanned_ = 0;
  return Parser::last(bytes);
}

// Everything up to the samples.
Step Wav::group(Bytes bytes) {
  while (true) {
    const Bytes rest = bytes.subspan(scanned_);
    if (rest.size() < kChunkHead) return Step::need(scanned_ + kChunkHead);
    const uint64_t size = le32(rest.data() + 4);
    if (has_text(rest, 0, "data")) {
      // A byte more, so that there is a unit to give the headers with.
      if (rest.size() == kChunkHead) return Step::need(bytes.size() + 1);
      scanned_ += kChunkHead;
      return end_group(bytes, size);
    }
    if (size > kMostHeaders - std::min(kMostHeaders, scanned_ + kChunkHead + 1)) {
      return drop_group("headers are longer than 4 MiB");
    }
    const auto end = static_cast<size_t>(kChunkHead + size + size % 2);
    if (rest.size() < end) return Step::need(scanned_ + end);
    if (has_text(rest, 0, "fmt ") && size >= 16) {
      read_format(rest.subspan(kChunkHead, static_cast<size_t>(size)));
    }
    if (has_text(rest, 0, "ds64") && size >= 16) told_.size64 = le64(rest.data() + kChunkHead + 8);
    scanned_ += end;
  }
}

void Wav::read_format(Bytes chunk) {
  constexpr uint32_t kMsAdpcm = 2;
  constexpr uint32_t kImaAdpcm = 0x11;
  told_.rate = le32(chunk.data() + 8);
  told_.block = std::max(le16(chunk.data() + 12), 1u);
  const uint32_t tag = le16(chunk.data());
  if ((tag != kMsAdpcm && tag != kImaAdpcm) || chunk.size() < 20) return;
  // These say how many samples a block has; what they say of bytes a second is often wrong.
  const uint64_t samples = std::max(le16(chunk.data() + 18), 1u);
  const uint64_t rate = uint64_t{le32(chunk.data() + 4)} * told_.block / samples;
  told_.rate = static_cast<uint32_t>(std::min<uint64_t>(rate, std::numeric_limits<uint32_t>::max()));
}

Step Wav::end_group(Bytes bytes, uint64_t size) {
  if (told_.block == 0) return drop_group("the headers name no format");
  const bool wide = size == std::numeric_limits<uint32_t>::max() && told_.size64 > 0;
  if (wide) size = told_.size64;
  const bool endless = size == 0 || (wide ? size >> 62 != 0 : size >= kNearHalf);
  left_ = endless ? kEndlessData : size;
  padded_ = !endless && size % 2 == 1;
  done_ = 0;
  rate_ = told_.rate;
  const size_t wanted = std::min<size_t>(rate_ / kUnitsPerSecond, kMostWavUnit);
  unit_ = std::max<size_t>(wanted / told_.block, 1) * told_.block;
  const Bytes all = bytes.first(std::exchange(scanned_, 0));
  const bool first = headers_.all().empty();
  headers_.clear();
  headers_.add(all);
  // Later ones may be equal to those before, and must come nevertheless.
  FrameInfo inside;
  inside.flags = FrameFlags::kDelta | FrameFlags::kHeadersInside;
  return first ? Step::header(all.size()) : Step::frame(all.size(), inside);
}

Step Wav::drop_group(const char* why) { return Step::broken(std::exchange(scanned_, 0), why); }

Step Wav::samples(Bytes bytes) {
  const auto size = static_cast<size_t>(std::min<uint64_t>(unit_, left_));
  if (bytes.size() < size) return Step::need(size);
  const auto time = [&](uint64_t at) {
    const auto ns = static_cast<unsigned __int128>(at) * kSecond / std::max(rate_, 1u);
    return static_cast<Nanos>(std::min<unsigned __int128>(ns, uint64_t{1} << 62));
  };
  FrameInfo info;
  if (rate_ > 0) {
    info.pts = time(done_);
    info.duration = time(done_ + size) - info.pts;
  }
  done_ += size;
  if (left_ != kEndlessData) left_ -= size;
  return Step::frame(size, info);
}

Step Wav::pass(Bytes bytes) {
  const auto size = static_cast<size_t>(std::min<uint64_t>(passing_, bytes.size()));
  passing_ -= size;
  FrameInfo info;
  info.flags = FrameFlags::kDelta;
  return Step::frame(size, info);
}

// To the next place where a file may begin.
Step Wav::lost(Bytes bytes) {
  unit_ = 0;
  size_t at = 1;
  while (at < bytes.size() && !may_be_riff(bytes.subspan(at))) ++at;
  return Step::broken(at, "no chunk begins here");
}

}  // namespace flumen::container
