#include "core/container/ogg_stream.h"

#include <algorithm>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

// Pages of headers that a stream may have of which it is not known how many there are.
constexpr size_t kMostHeaderPages = 64;
// A longer time between two pages is a splice, or the stream had been running before.
constexpr Nanos kLongestPage = 10 * kSecond;

// A page with nothing on it but FLAC's last metadata block.
bool is_last_block(const OggPage& page) {
  constexpr uint8_t kLastBlock = 0x80;
  return !page.continues() && !page.first_empty && page.packets == 1 && (page.body[0] & kLastBlock) != 0;
}

}  // namespace

OggStream::OggStream(const OggPage& begin) : serial_(begin.serial), headers_left_(kMostHeaderPages) {
  const Bytes head = begin.body;
  if (has_text(head, 0, "\x01vorbis") && head.size() >= 30) {
    kind_ = Kind::kVorbis;
    rate_ = le32(head.data() + 12);
    expect(2);
  } else if (has_text(head, 0, "OpusHead") && head.size() >= 19) {
    begin_opus(head);
  } else if (has_text(head, 0,
                      "\x7f"
                      "FLAC") &&
             head.size() >= 51) {
    begin_flac(head);
  } else if (has_text(head, 0, "Speex   ") && head.size() >= 80) {
    begin_speex(head);
  } else if (has_text(head, 0, "\x80theora") && head.size() >= 42) {
    begin_theora(head);
  } else if (has_text(head, 0, "OVP80\x01") && head.size() >= 26) {
    begin_vp8(head);
  } else if (has_text(head, 0, "fishead")) {
    kind_ = Kind::kSkeleton;
  }
}

// RFC 7845 §5.1: whatever the rate of the input was, the granules count 48 kHz.
void OggStream::begin_opus(Bytes head) {
  kind_ = Kind::kOpus;
  rate_ = 48'000;
  skipped_ = le16(head.data() + 10);
  expect(1);
}

// The mapping of FLAC (RFC 9639 §10.1). The number of headers in it is not to be relied on: GStreamer's is
// one more than there are.
void OggStream::begin_flac(Bytes head) {
  kind_ = Kind::kFlac;
  rate_ = be24(head.data() + 27) >> 4;
}

void OggStream::begin_speex(Bytes head) {
  constexpr uint32_t kMostExtra = 16;
  kind_ = Kind::kSpeex;
  rate_ = le32(head.data() + 36);
  expect(1 + std::min(le32(head.data() + 68), kMostExtra));
}

// Theora specification §6.2. Since version 3.2.1 granules count pictures that are complete.
void OggStream::begin_theora(Bytes head) {
  kind_ = Kind::kTheora;
  rate_ = be32(head.data() + 22);
  per_ = be32(head.data() + 26);
  shift_ = (head[40] & 3u) << 3 | head[41] >> 5;
  first_ = be24(head.data() + 7) >= 0x030201 ? 0 : 1;
  expect(2);
}

// As FFmpeg and GStreamer have it; the comments may be missing.
void OggStream::begin_vp8(Bytes head) {
  kind_ = Kind::kVp8;
  rate_ = be32(head.data() + 18);
  per_ = be32(head.data() + 22);
}

void OggStream::expect(size_t headers) {
  counted_ = true;
  headers_left_ = headers;
}

bool OggStream::is_header(const OggPage& page) const {
  if (kind_ == Kind::kSkeleton) return true;
  return headers_left_ > 0 && page.granule <= 0;
}

void OggStream::take_header(const OggPage& page) {
  if (kind_ == Kind::kFlac && is_last_block(page)) headers_left_ = 0;
  headers_left_ -= std::min(headers_left_, counted_ ? page.packets : 1);
}

bool OggStream::is_start(const OggPage& page) const {
  if (page.continues() || page.first_empty || !is_data()) return false;
  const uint8_t first = page.body[0];
  if (kind_ == Kind::kTheora) return (first & 0xc0) == 0;
  return kind_ != Kind::kVp8 || (first & 1) == 0;
}

FrameInfo OggStream::time(const OggPage& page) {
  FrameInfo info;
  const int64_t begin = begin_of(page);
  info.pts = time_of(begin);
  if (page.granule < 0) return info;
  count_ = count_of(page.granule);
  if (const Nanos end = time_of(count_); info.pts != kNoTime && end != kNoTime && end >= info.pts) {
    info.duration = end - info.pts;
  }
  return info;
}

// How many samples or pictures there are up to a granule position.
int64_t OggStream::count_of(int64_t granule) const {
  constexpr unsigned kVp8Shift = 32;
  if (kind_ == Kind::kVp8) return granule >> kVp8Shift;
  if (kind_ != Kind::kTheora) return std::max<int64_t>(granule - skipped_, 0);
  return (granule >> shift_) + (granule & ((int64_t{1} << shift_) - 1)) + first_;
}

int64_t OggStream::begin_of(const OggPage& page) const {
  if (page.granule < 0) return count_;
  const int64_t end = count_of(page.granule);
  if (kind_ == Kind::kTheora) {
    const auto begun = static_cast<int64_t>(page.packets) - (page.continues() ? 1 : 0);
    return std::max<int64_t>(end - begun, 0);
  }
  const int64_t last = std::max<int64_t>(count_, 0);
  const int64_t most = per_ == 0 ? 0 : int64_t{rate_} * (kLongestPage / kSecond) / per_;
  return end < last || end - last > most ? end : last;
}

Nanos OggStream::time_of(int64_t count) const {
  if (count < 0 || rate_ == 0) return kNoTime;
  const auto time = static_cast<unsigned __int128>(count) * per_ * kSecond / rate_;
  constexpr unsigned __int128 kMost = uint64_t{1} << 62;
  return time > kMost ? kNoTime : static_cast<Nanos>(time);
}

}  // namespace flumen::container
