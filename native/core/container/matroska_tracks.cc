#include "core/container/matroska_tracks.h"

#include <algorithm>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

constexpr uint32_t kDocType = 0x4282;
constexpr uint32_t kTimestampScale = 0x2ad7b1;
constexpr uint32_t kTrackEntry = 0xae;
constexpr uint32_t kTrackNumber = 0xd7;
constexpr uint32_t kTrackType = 0x83;
constexpr uint32_t kDefaultDuration = 0x23e383;
constexpr uint32_t kBlock = 0xa1;
constexpr uint32_t kReferenceBlock = 0xfb;
constexpr uint32_t kBlockDuration = 0x9b;
constexpr uint64_t kVideoTrack = 1;
constexpr size_t kMostTracks = 127;

// More ns than that are no time.
constexpr __int128 kMostTime = int64_t{1} << 62;

Nanos span_of(__int128 units, uint64_t scale) {
  const __int128 span = units * scale;
  return span > kMostTime ? kNoTime : static_cast<Nanos>(std::max<__int128>(span, 0));
}

}  // namespace

void MatroskaTracks::read(uint32_t id, Bytes payload) {
  EbmlChildren children(payload);
  while (children.next()) {
    if (id == matroska_id::kEbml && children.id() == kDocType) {
      webm_ = children.payload().size() >= 4 && has_text(children.payload(), 0, "webm");
    } else if (id == matroska_id::kInfo && children.id() == kTimestampScale) {
      scale_ = std::max<uint64_t>(children.number(), 1);
    } else if (id == matroska_id::kTracks && children.id() == kTrackEntry) {
      read_track(children.payload());
    }
  }
}

void MatroskaTracks::read_track(Bytes payload) {
  Track track;
  EbmlChildren children(payload);
  while (children.next()) {
    if (children.id() == kTrackNumber) track.number = children.number();
    if (children.id() == kTrackType) track.type = children.number();
    if (children.id() == kDefaultDuration) track.duration = span_of(children.number(), 1);
  }
  if (track.number == 0 || tracks_.size() >= kMostTracks) return;
  if (track.type == kVideoTrack && video_ == 0) video_ = track.number;
  tracks_.push_back(track);
}

MatroskaBlock MatroskaTracks::block(uint32_t id, Bytes payload) const {
  return id == matroska_id::kSimpleBlock ? simple(payload) : group(payload);
}

MatroskaBlock MatroskaTracks::simple(Bytes payload) const {
  constexpr size_t kBehindNumber = 3;  // time and flags
  constexpr uint8_t kKey = 0x80;
  const EbmlNumber number = read_ebml_number(payload);
  if (number.bytes == 0 || payload.size() < number.bytes + kBehindNumber) return {};
  const auto track = std::ranges::find(tracks_, number.value, &Track::number);
  if (track == tracks_.end()) return {};
  MatroskaBlock block;
  block.valid = true;
  block.leads = video_ == 0 || number.value == video_;
  block.offset = static_cast<int16_t>(be16(payload.data() + number.bytes));
  block.key = (payload[number.bytes + 2] & kKey) != 0;
  block.duration = track->duration;
  return block;
}

// A block in a group has no mark of its own: it is a key frame when it refers to none.
MatroskaBlock MatroskaTracks::group(Bytes payload) const {
  MatroskaBlock block;
  bool refers = false;
  Nanos duration = kNoTime;
  EbmlChildren children(payload);
  while (children.next()) {
    if (children.id() == kBlock) block = simple(children.payload());
    if (children.id() == kReferenceBlock) refers = true;
    if (children.id() == kBlockDuration) duration = span_of(children.number(), scale_);
  }
  block.key = !refers;
  if (duration != kNoTime) block.duration = duration;
  return block;
}

Nanos MatroskaTracks::time(uint64_t cluster, int64_t offset) const {
  return span_of(static_cast<__int128>(cluster) + offset, scale_);
}

bool MatroskaTracks::is_longer(int64_t offset, Nanos span) const {
  return static_cast<__int128>(offset) * scale_ > span;
}

}  // namespace flumen::container
