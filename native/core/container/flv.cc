#include "core/container/flv.h"

#include <algorithm>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

constexpr size_t kFlvHeaderBytes = 9;
/// A file header may say that it is longer; up to here it is believed.
constexpr size_t kMostFlvHeader = 4 * kKiB;
/// Longer tags are passed on in pieces.
constexpr size_t kMostFlvTag = 4 * kMiB;

/// Longer ones are not believed in where it is not known whether a tag begins: they would be waited for in
/// vain. One byte in front of a true tag seems to be one of 512 KiB.
constexpr size_t kMostLostFlvTag = 256 * kKiB;

constexpr const char* kNoTag = "no FLV tag begins here";

bool is_flv_header(Bytes bytes) { return has_text(bytes, 0, "FLV\x01"); }

std::string flv_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

FrameInfo flv_delta(uint8_t flags = 0) {
  FrameInfo info;
  info.flags = FrameFlags::kDelta | flags;
  return info;
}

}  // namespace

Step Flv::next(Bytes bytes) {
  if (rest_ > 0) {
    const size_t size = std::min(rest_, bytes.size());
    rest_ -= size;
    return Step::frame(size, flv_delta());
  }
  if (bytes.size() < FlvTag::kHeadBytes) return Step::need(FlvTag::kHeadBytes);
  if (is_flv_header(bytes)) return file_header(bytes);
  if (!plausible_flv_tag(bytes)) return lost(bytes);
  return tag(bytes);
}

// With the PreviousTagSize that stands before the first tag.
Step Flv::file_header(Bytes bytes) {
  const size_t size = be32(&bytes[5]);
  if (size < kFlvHeaderBytes || size > kMostFlvHeader) return lost(bytes);
  const size_t all = size + FlvTag::kTailBytes;
  if (bytes.size() < all) return Step::need(all);
  synced_ = true;
  promises_video_ = (bytes[4] & 1u) != 0;
  has_video_ = false;
  first_audio_.reset();
  last_timestamp_.reset();
  slots_.clear();
  if (beginning_ && headers_.all().empty()) {
    headers_.add(bytes.first(all));
    return Step::header(all);
  }
  // Another file behind the first one.
  headers_.set({flv_text(bytes.first(all))});
  beginning_ = false;
  return Step::frame(all, flv_delta(FrameFlags::kHeadersInside));
}

Step Flv::tag(Bytes bytes) {
  const size_t looked_at = FlvTag::kHeadBytes + std::min<size_t>(be24(&bytes[1]), kFlvLookedAt);
  if (bytes.size() < looked_at) return Step::need(looked_at);
  const FlvTag tag = read_flv_tag(bytes);
  if (!synced_ && tag.body > kMostLostFlvTag) return lost(bytes);
  if (tag.body > kMostFlvTag) {
    beginning_ = false;
    const size_t size = std::min(bytes.size(), tag.size());
    rest_ = tag.size() - size;
    return Step::frame(size, describe(tag));
  }
  if (bytes.size() < tag.size()) return Step::need(tag.size());
  const uint32_t tail = be32(&bytes[FlvTag::kHeadBytes + tag.body]);
  const bool whole = tail == FlvTag::kHeadBytes + tag.body;
  // Who is lost wants it right.
  if (!whole && (!synced_ || !flv_tail_fits(tag, tail))) return lost(bytes);
  synced_ = true;
  if (tag.configures) return configure(bytes.first(tag.size()), tag);
  beginning_ = false;
  return Step::frame(tag.size(), describe(tag));
}

Step Flv::configure(Bytes bytes, const FlvTag& tag) {
  has_video_ = has_video_ || tag.type == FlvTag::Type::kVideo;
  const auto slot = std::ranges::find(slots_, tag.slot());
  const auto index = static_cast<size_t>(slot - slots_.begin()) + 1;
  // Without a file header nobody can start, and then nothing goes before what comes.
  const bool fits = !headers_.all().empty() && headers_.size() + bytes.size() <= kMostHeaders;
  if (beginning_ && fits && slot == slots_.end()) {
    slots_.push_back(tag.slot());
    headers_.add(bytes);
    return Step::header(bytes.size());
  }
  beginning_ = false;
  FrameInfo info = describe(tag);
  info.flags = FrameFlags::kDelta;
  if (!fits) return Step::frame(bytes.size(), info);
  std::string text = flv_text(bytes);
  if (slot != slots_.end() && headers_.all()[index] == text) return Step::frame(bytes.size(), info);
  std::vector<std::string> all = headers_.all();
  if (slot == slots_.end()) {
    slots_.push_back(tag.slot());
    all.push_back(std::move(text));
  } else {
    all[index] = std::move(text);
  }
  headers_.set(std::move(all));
  info.flags |= FrameFlags::kChangeInside;
  return Step::frame(bytes.size(), info);
}

FrameInfo Flv::describe(const FlvTag& tag) {
  FrameInfo info;
  info.dts = time_of(tag.timestamp);
  info.pts = info.dts + tag.composition * kMillisecond;
  if (!is_key(tag, info.dts)) info.flags = FrameFlags::kDelta;
  return info;
}

// They wrap after 49 days, and after a jump they go on from where it led.
Nanos Flv::time_of(uint32_t timestamp) {
  if (last_timestamp_) {
    unwrapped_ += static_cast<int32_t>(timestamp - *last_timestamp_);
  } else {
    unwrapped_ = timestamp;
  }
  last_timestamp_ = timestamp;
  return unwrapped_ * kMillisecond;
}

// Sound is a start only where there are no pictures. The file header may promise some that never come: it is
// believed for a second.
bool Flv::is_key(const FlvTag& tag, Nanos time) {
  if (tag.type == FlvTag::Type::kVideo) {
    has_video_ = true;
    return tag.key;
  }
  if (tag.type != FlvTag::Type::kAudio || has_video_) return false;
  if (!first_audio_) first_audio_ = time;
  return !promises_video_ || time - *first_audio_ >= kSecond;
}

// To the next place where a tag may be.
Step Flv::lost(Bytes bytes) {
  synced_ = false;
  beginning_ = false;
  size_t at = 1;
  for (; at + FlvTag::kHeadBytes <= bytes.size(); ++at) {
    const Bytes head = bytes.subspan(at);
    if (is_flv_header(head) || plausible_flv_tag(head)) break;
  }
  return Step::broken(at, kNoTag);
}

}  // namespace flumen::container
