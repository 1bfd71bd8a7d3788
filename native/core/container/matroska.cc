#include "core/container/matroska.h"

#include <algorithm>
#include <utility>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

using namespace matroska_id;

// A longer block is passed on in pieces.
constexpr uint64_t kMostBlock = 8 * kMiB;
// Of what else lies between blocks: a longer one is a lie.
constexpr uint64_t kMostBeside = 4 * kMiB;
// How much of a cluster is held back, in bytes and by its own times, until a picture comes.
constexpr size_t kMostLead = 64 * kKiB;
constexpr Nanos kLongestLead = kSecond / 2;

constexpr const char* kNoElement = "no element begins here";

bool is_block(uint32_t id) { return id == kSimpleBlock || id == kBlockGroup; }

// What may lie in a cluster besides blocks.
bool is_beside_blocks(uint32_t id) {
  constexpr uint32_t kIds[] = {kTimestamp, kEncryptedBlock, kPosition, kPrevSize, kSilentTracks, kVoid, kCrc};
  return std::ranges::find(kIds, id) != std::end(kIds);
}

// What may lie beside clusters.
bool is_beside_clusters(uint32_t id) {
  constexpr uint32_t kIds[] = {kSeekHead, kInfo, kTracks, kChapters, kTags, kCues, kAttachments, kVoid, kCrc};
  return std::ranges::find(kIds, id) != std::end(kIds);
}

// As much of the name of headers or of a cluster as is there.
bool may_be_start(Bytes bytes) {
  constexpr std::string_view kStarts[] = {"\x1f\x43\xb6\x75", "\x1a\x45\xdf\xa3"};
  const size_t there = std::min(bytes.size(), kStarts[0].size());
  return std::ranges::any_of(kStarts, [&](auto start) { return has_text(bytes, 0, start.substr(0, there)); });
}

FrameInfo matroska_info(uint8_t flags) {
  FrameInfo info;
  info.flags = flags;
  return info;
}

uint64_t number_in(Bytes payload) {
  uint64_t value = 0;
  for (const uint8_t byte : payload) value = value << 8 | byte;
  return value;
}

}  // namespace

Step Matroska::next(Bytes bytes) {
  if (passing_ > 0) return pass(bytes);
  if (reading_ == Reading::kHeaders) return group(bytes);
  if (reading_ == Reading::kCluster) return cluster(bytes);
  if (lost_ && !may_be_start(bytes)) return lost(bytes, kNoElement);
  const EbmlLook look = look_for_ebml(bytes);
  if (look.need > 0) return Step::need(look.need);
  if (!look.valid) return lost(bytes, kNoElement);
  if (look.element.id == kEbml) {
    reading_ = Reading::kHeaders;
    lost_ = false;
    return group(bytes);
  }
  if (look.element.id == kCluster) {
    reading_ = Reading::kCluster;
    lost_ = false;
    scanned_ = look.element.head;
    timed_ = false;
    return cluster(bytes);
  }
  return element(bytes, look.element);
}

Step Matroska::last(Bytes bytes) {
  reading_ = Reading::kNothing;
  return Parser::last(bytes);
}

// All the headers at once: they are of no use before the first cluster.
Step Matroska::group(Bytes bytes) {
  while (true) {
    const Bytes rest = bytes.subspan(scanned_);
    const EbmlLook look = look_for_ebml(rest);
    if (look.need > 0) return Step::need(scanned_ + look.need);
    const EbmlElement& element = look.element;
    if (look.valid && segment_.id != 0 && element.id == kCluster) return end_group(bytes);
    if (look.valid && segment_.id == 0 && element.id == kSegment) {
      segment_ = element;
      segment_at_ = scanned_;
      scanned_ += element.head;
      continue;
    }
    const bool first = scanned_ == 0;
    const bool due = first ? element.id == kEbml : is_beside_clusters(element.id);
    if (!look.valid || !due || element.endless) {
      scanned_ = std::max<size_t>(scanned_, 1);
      return drop_group("headers are broken");
    }
    if (element.size > kMostHeaders - std::min(kMostHeaders, scanned_ + element.head)) {
      scanned_ = std::max<size_t>(scanned_, 1);
      return drop_group("headers are longer than 4 MiB");
    }
    const size_t end = element.head + static_cast<size_t>(element.size);
    if (rest.size() < end) return Step::need(scanned_ + end);
    told_.read(element.id, rest.subspan(element.head, static_cast<size_t>(element.size)));
    scanned_ += end;
  }
}

Step Matroska::end_group(Bytes bytes) {
  reading_ = Reading::kNothing;
  tracks_ = std::exchange(told_, {});
  clock_.restart();
  const Bytes group = bytes.first(std::exchange(scanned_, 0));
  // Later ones may be equal to those before, and must come nevertheless.
  const bool in_stream = !headers_.all().empty() || !segment_.endless;
  headers_.set({endless(group)});
  segment_ = {};
  return in_stream ? Step::frame(group.size(), matroska_info(FrameFlags::kDelta | FrameFlags::kHeadersInside))
                   : Step::header(group.size());
}

// A segment of a size that is known, of a file: whoever comes later does not get all of it, and must not wait
// for the rest.
std::string Matroska::endless(Bytes headers) const {
  std::string all(reinterpret_cast<const char*>(headers.data()), headers.size());
  constexpr size_t kIdBytes = 4;
  const size_t size_bytes = segment_.head - kIdBytes;
  const size_t at = segment_at_ + kIdBytes;
  all.replace(at, size_bytes, size_bytes, '\xff');
  all[at] = static_cast<char>(0xff >> (size_bytes - 1));
  return all;
}

// What follows is no stream that anybody could start with.
Step Matroska::drop_group(const char* why) {
  reading_ = Reading::kNothing;
  segment_ = {};
  lost_ = true;
  tracks_ = told_ = {};
  return Step::broken(std::exchange(scanned_, 0), why);
}

// A cluster up to its first picture, or its first block when there are none.
Step Matroska::cluster(Bytes bytes) {
  while (true) {
    const Bytes rest = bytes.subspan(scanned_);
    const EbmlLook look = look_for_ebml(rest);
    if (look.need > 0) return Step::need(scanned_ + look.need);
    const EbmlElement& element = look.element;
    const bool fits =
        look.valid && (is_block(element.id) ? element.size <= kMostBlock
                                            : is_beside_blocks(element.id) && element.size <= kMostLead);
    if (!fits) return end_cluster(scanned_, nullptr);
    const size_t end = element.head + static_cast<size_t>(element.size);
    if (rest.size() < end) return Step::need(scanned_ + end);
    const Bytes payload = rest.subspan(element.head, static_cast<size_t>(element.size));
    if (element.id == kTimestamp) {
      cluster_time_ = number_in(payload);
      timed_ = true;
    }
    if (!is_block(element.id)) {
      scanned_ += end;
      if (scanned_ > kMostLead) return end_cluster(scanned_, nullptr);
      continue;
    }
    const MatroskaBlock block = tracks_.block(element.id, payload);
    if (!block.valid) return end_cluster(scanned_, nullptr);
    scanned_ += end;
    const bool too_long = scanned_ > kMostLead || tracks_.is_longer(block.offset, kLongestLead);
    if (block.leads || too_long) return end_cluster(scanned_, &block);
  }
}

// `block`: the last one in it. Without pictures every cluster is a start.
Step Matroska::end_cluster(size_t size, const MatroskaBlock* block) {
  reading_ = Reading::kNothing;
  scanned_ = 0;
  if (block == nullptr) return Step::frame(size, matroska_info(FrameFlags::kDelta));
  FrameInfo info = info_of(*block);
  const bool start = block->leads && (block->key || !tracks_.has_video());
  if (start) info.flags = 0;
  return Step::frame(size, info);
}

// Anything but headers and the beginning of a cluster.
Step Matroska::element(Bytes bytes, const EbmlElement& element) {
  const bool block = is_block(element.id);
  if (!block && !is_beside_blocks(element.id) && !is_beside_clusters(element.id)) {
    return lost(bytes, kNoElement);
  }
  if (element.endless || element.size > (block ? kMostUnit : kMostBeside)) {
    return lost(bytes, "an element is too long");
  }
  const bool read_whole = (block && element.size <= kMostBlock) || element.id == kTimestamp;
  const size_t end = element.head + static_cast<size_t>(element.size);
  if (!read_whole) {
    passing_ = end;
    return pass(bytes);
  }
  if (bytes.size() < end) return Step::need(end);
  const Bytes payload = bytes.subspan(element.head, static_cast<size_t>(element.size));
  if (element.id == kTimestamp) {
    cluster_time_ = number_in(payload);
    timed_ = true;
    return Step::frame(end, matroska_info(FrameFlags::kDelta));
  }
  const MatroskaBlock found = tracks_.block(element.id, payload);
  if (!found.valid && !tracks_.empty()) return lost(bytes, "a block of no track");
  return Step::frame(end, info_of(found));
}

Step Matroska::pass(Bytes bytes) {
  const auto size = static_cast<size_t>(std::min<uint64_t>(passing_, bytes.size()));
  passing_ -= size;
  return Step::frame(size, matroska_info(FrameFlags::kDelta));
}

// To the next place where headers or a cluster may begin.
Step Matroska::lost(Bytes bytes, const char* why) {
  timed_ = false;
  lost_ = true;
  size_t at = 1;
  while (at < bytes.size() && !may_be_start(bytes.subspan(at))) ++at;
  return Step::broken(at, why);
}

FrameInfo Matroska::info_of(const MatroskaBlock& block) {
  FrameInfo info = matroska_info(FrameFlags::kDelta);
  if (!block.valid || !timed_) return info;
  info.pts = tracks_.time(cluster_time_, block.offset);
  info.dts = clock_.meet(info.pts);
  info.duration = block.duration;
  return info;
}

std::string Matroska::content_type() const {
  const std::string kind = tracks_.has_video() || tracks_.empty() ? "video/" : "audio/";
  return kind + (tracks_.is_webm() ? "webm" : "x-matroska");
}

}  // namespace flumen::container
