#include "core/container/flac.h"

#include <algorithm>
#include <utility>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

constexpr std::string_view kFlacMark = "fLaC";
constexpr size_t kBlockHead = 4;
constexpr size_t kStreamInfo = 34;
// Longer than a frame of 65,535 samples of eight channels, which nobody has.
constexpr size_t kMostFlacFrame = 2 * kMiB;
constexpr size_t kLeastFlacFrame = 9;

bool may_be_mark(Bytes bytes) {
  return has_text(bytes, 0, kFlacMark.substr(0, std::min(bytes.size(), kFlacMark.size())));
}

bool is_next(const FlacHeader& one, const FlacHeader& other) {
  const uint64_t due = one.number + (one.by_samples ? one.samples : 1);
  return other.by_samples == one.by_samples && other.number == due;
}

}  // namespace

Step Flac::next(Bytes bytes) {
  if (in_headers_) return group(bytes);
  if (scanned_ > 0) return frame(bytes);
  if (may_be_mark(bytes)) {
    if (bytes.size() < kFlacMark.size()) return Step::need(kFlacMark.size());
    in_headers_ = true;
    scanned_ = kFlacMark.size();
    return group(bytes);
  }
  header_ = read_flac_header(bytes);
  if (header_.need > 0) return Step::need(header_.need);
  if (!header_.valid) return lost(bytes, 1, "no frame begins here");
  crc_ = {};
  return frame(bytes);
}

Step Flac::last(Bytes bytes) {
  const bool framed = !in_headers_ && scanned_ > 0;
  in_headers_ = false;
  if (framed) {
    crc_.add(bytes.subspan(scanned_));
    if (crc_.value() == 0) return end_frame(bytes.size(), true);
  }
  scanned_ = other_at_ = 0;
  return Parser::last(bytes);
}

// All metadata blocks at once.
Step Flac::group(Bytes bytes) {
  constexpr uint8_t kLast = 0x80;
  while (true) {
    const Bytes rest = bytes.subspan(scanned_);
    if (rest.size() < kBlockHead) return Step::need(scanned_ + kBlockHead);
    const size_t size = kBlockHead + be24(rest.data() + 1);
    if (scanned_ + size > kMostHeaders) return drop_group("headers are longer than 4 MiB");
    if (rest.size() < size) return Step::need(scanned_ + size);
    const bool info = (rest[0] & ~kLast) == 0;
    if (info != (scanned_ == kFlacMark.size()) || (info && size != kBlockHead + kStreamInfo)) {
      return drop_group("headers are broken");
    }
    if (info) read_stream_info(rest.subspan(kBlockHead, kStreamInfo));
    const bool ends = (rest[0] & kLast) != 0;
    // Whether there comes a frame to give them with, or others in their place.
    if (ends && rest.size() < size + kFlacMark.size()) return Step::need(scanned_ + size + kFlacMark.size());
    scanned_ += size;
    if (ends) break;
  }
  in_headers_ = false;
  const Bytes all = bytes.first(std::exchange(scanned_, 0));
  const bool first = headers_.all().empty() && !may_be_mark(bytes.subspan(all.size()));
  headers_.clear();
  headers_.add(all);
  // Later ones may be equal to those before, and must come nevertheless.
  FrameInfo inside;
  inside.flags = FrameFlags::kDelta | FrameFlags::kHeadersInside;
  return first ? Step::header(all.size()) : Step::frame(all.size(), inside);
}

Step Flac::drop_group(const char* why) {
  in_headers_ = false;
  rate_ = channels_ = block_samples_ = 0;
  return Step::broken(std::exchange(scanned_, 0), why);
}

void Flac::read_stream_info(Bytes block) {
  block_samples_ = be16(block.data());
  rate_ = be24(block.data() + 10) >> 4;
  channels_ = (block[12] >> 1 & 7u) + 1;
}

// Looks on from where it was for the place where the frame ends.
Step Flac::frame(Bytes bytes) {
  for (; scanned_ <= kMostFlacFrame; crc_.add(bytes[scanned_++])) {
    if (scanned_ == bytes.size()) return Step::need(scanned_ + 1);
    if (scanned_ < kLeastFlacFrame) continue;
    const Bytes rest = bytes.subspan(scanned_);
    if (crc_.value() == 0 && may_be_mark(rest)) {
      if (rest.size() < kFlacMark.size()) return Step::need(scanned_ + kFlacMark.size());
      return end_frame(scanned_, true);
    }
    const FlacHeader other = read_flac_header(rest);
    if (other.need > 0) return Step::need(scanned_ + other.need);
    if (!other.valid) continue;
    if (const size_t end = end_at(other); end > 0) {
      return end_frame(end, end == scanned_ && crc_.value() == 0);
    }
  }
  return lost(bytes, scanned_, "a frame is too long");
}

// Where the frame ends, given that another header was found: there, if the frame's own checksum says so, or
// because it is the next one's. Where an earlier one is followed by its next, it was that one that was true.
// 0: not yet.
size_t Flac::end_at(const FlacHeader& other) {
  if (crc_.value() == 0 || is_next(header_, other)) return scanned_;
  if (other_at_ > 0 && is_next(other_, other)) return other_at_;
  other_at_ = scanned_;
  other_ = other;
  return 0;
}

Step Flac::end_frame(size_t size, bool whole) {
  scanned_ = other_at_ = 0;
  if (!whole) return Step::broken(size, "a frame's checksum is wrong");
  return Step::frame(size, info_of(header_));
}

FrameInfo Flac::info_of(const FlacHeader& header) {
  FrameInfo info;
  const uint32_t rate = header.rate > 0 ? header.rate : rate_;
  if (rate == 0) return info;
  const uint32_t each = block_samples_ > 0 ? block_samples_ : header.samples;
  const uint64_t first = header.by_samples ? header.number : header.number * each;
  const auto time = [&](uint64_t samples) {
    return static_cast<Nanos>(static_cast<unsigned __int128>(samples) * kSecond / rate);
  };
  info.pts = time(first);
  info.duration = time(first + header.samples) - info.pts;
  return info;
}

// To the next place where a frame or headers may begin, not before `at`.
Step Flac::lost(Bytes bytes, size_t at, const char* why) {
  scanned_ = other_at_ = 0;
  for (; at < bytes.size(); ++at) {
    const Bytes rest = bytes.subspan(at);
    if (may_be_mark(rest)) break;
    const FlacHeader header = read_flac_header(rest);
    if (header.valid || header.need > 0) break;
  }
  return Step::broken(at, why);
}

std::string Flac::caps() const {
  std::string caps = "audio/x-flac, framed=(boolean)true";
  if (rate_ > 0) {
    caps += ", channels=(int)" + std::to_string(channels_) + ", rate=(int)" + std::to_string(rate_);
  }
  return caps;
}

}  // namespace flumen::container
