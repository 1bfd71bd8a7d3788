#include "core/container/audio_frames.h"

#include <algorithm>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

constexpr size_t kId3Head = 10;
constexpr size_t kId3v1 = 128;

// ID3v1 stands behind the last frame, and nowhere else: three letters are not much to go by.
bool may_be_tag(Bytes bytes, bool behind_frame) {
  const size_t known = std::min<size_t>(bytes.size(), 3);
  const auto starts = [&](std::string_view text) { return has_text(bytes, 0, text.substr(0, known)); };
  return starts("ID3") || (behind_frame && starts("TAG"));
}

// ID3v2 (§3.1 of the informal standard): sizes in four times seven bits, without head and footer.
size_t id3_size(Bytes head) {
  size_t size = 0;
  for (size_t i = 6; i < kId3Head; ++i) size = size << 7 | (head[i] & 0x7fu);
  constexpr uint8_t kFooter = 0x10;
  return size + kId3Head + ((head[5] & kFooter) != 0 ? kId3Head : 0);
}

}  // namespace

Step AudioFrames::next(Bytes bytes) {
  if (tag_left_ > 0) return tag(bytes);
  if (may_be_tag(bytes, synced_)) {
    if (bytes.size() < kId3Head) return Step::need(kId3Head);
    tag_left_ = bytes[0] == 'I' ? id3_size(bytes) : kId3v1;
    return tag(bytes);
  }
  if (bytes.size() < header_bytes()) return Step::need(header_bytes());
  const AudioFrame frame = read(bytes);
  if (frame.size == 0) return lost(bytes);
  if (!synced_ || frame.fixed != fixed_) {
    if (bytes.size() < frame.size + header_bytes()) return Step::need(frame.size + header_bytes());
    const Bytes behind = bytes.subspan(frame.size);
    const AudioFrame second = read(behind);
    if ((second.size == 0 || second.fixed != frame.fixed) && !may_be_tag(behind, true)) return lost(bytes);
  }
  return bytes.size() < frame.size ? Step::need(frame.size) : found(bytes, frame);
}

// Tags are passed on as they come: nobody has to have them whole.
Step AudioFrames::tag(Bytes bytes) {
  const size_t size = std::min(tag_left_, bytes.size());
  tag_left_ -= size;
  return Step::frame(size, silent());
}

Step AudioFrames::found(Bytes bytes, const AudioFrame& frame) {
  synced_ = true;
  fixed_ = frame.fixed;
  if (is_info(bytes.first(frame.size))) return Step::frame(frame.size, silent());
  const auto time = [&] {
    return rate_ == 0
               ? 0
               : base_ + static_cast<Nanos>(static_cast<unsigned __int128>(samples_) * kSecond / rate_);
  };
  if (frame.rate != rate_) {
    base_ = time();
    samples_ = 0;
    rate_ = frame.rate;
  }
  FrameInfo info;
  info.pts = time();
  begun_ = true;
  samples_ += frame.samples;
  info.duration = time() - info.pts;
  return Step::frame(frame.size, info);
}

// What is no sound has no time, and nobody has to start with it, unless the stream does.
FrameInfo AudioFrames::silent() {
  FrameInfo info;
  if (std::exchange(begun_, true)) info.flags = FrameFlags::kDelta;
  return info;
}

// To the next place where a frame may be.
Step AudioFrames::lost(Bytes bytes) {
  synced_ = false;
  begun_ = true;
  size_t at = 1;
  for (; at + header_bytes() <= bytes.size(); ++at) {
    if (read(bytes.subspan(at)).size > 0 || has_text(bytes, at, "ID3")) break;
  }
  return Step::broken(at, "no frame begins here");
}

}  // namespace flumen::container
