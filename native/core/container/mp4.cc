#include "core/container/mp4.h"

#include <algorithm>
#include <limits>

namespace flumen::container {

namespace {

/// A fragment that is longer is passed on in pieces.
constexpr uint64_t kMostFragment = 4 * kMiB;
constexpr uint64_t kMostMoof = 1 * kMiB;
/// What announces a fragment, all together.
constexpr uint64_t kMostAnnounced = 256 * kKiB;
/// What is looked at to know whether something begins here.
constexpr size_t kMp4Proof = 16;

constexpr const char* kNoBox = "no MP4 box begins here";
constexpr const char* kNotFragmented = "it is an MP4 that has no fragments: nobody can join it";

enum class Mp4Part : uint8_t { kNone, kAnnounces, kFragment, kMedia, kHeader, kOther };

Mp4Part part_of(uint32_t type) {
  switch (type) {
    case mp4_type("styp"):
    case mp4_type("sidx"):
    case mp4_type("ssix"):
    case mp4_type("prft"):
    case mp4_type("emsg"):
      return Mp4Part::kAnnounces;
    case mp4_type("moof"):
      return Mp4Part::kFragment;
    case mp4_type("mdat"):
      return Mp4Part::kMedia;
    case mp4_type("ftyp"):
    case mp4_type("moov"):
      return Mp4Part::kHeader;
    case mp4_type("free"):
    case mp4_type("skip"):
    case mp4_type("wide"):
    case mp4_type("uuid"):
    case mp4_type("pdin"):
    case mp4_type("meta"):
    case mp4_type("mfra"):
      return Mp4Part::kOther;
    default:
      return Mp4Part::kNone;
  }
}

// Where a lost reader may go on: a box of a likely size that begins as it must.
bool may_go_on(Bytes bytes) {
  const uint32_t size = be32(bytes.data());
  const uint32_t type = be32(&bytes[4]);
  const uint32_t inner = be32(&bytes[12]);
  if (type == mp4_type("moof")) return size >= 24 && size <= kMostMoof && inner == mp4_type("mfhd");
  if (type == mp4_type("moov")) return size >= 16 && size <= kMostHeaders && inner == mp4_type("mvhd");
  const bool brands = type == mp4_type("styp") || type == mp4_type("ftyp");
  return brands && size >= 16 && size <= 1 * kKiB && size % 4 == 0;
}

FrameInfo mp4_delta(uint8_t flags = 0) {
  FrameInfo info;
  info.flags = FrameFlags::kDelta | flags;
  return info;
}

}  // namespace

Step Mp4::next(Bytes bytes) {
  if (rest_ > 0) return pass(bytes, rest_, mp4_delta());
  if (!synced_) {
    if (bytes.size() < kMp4Proof) return Step::need(kMp4Proof);
    if (!may_go_on(bytes)) return lost(bytes, kNoBox);
    synced_ = true;
  }
  for (uint64_t end = 0;;) {
    if (bytes.size() < end) return Step::need(static_cast<size_t>(end));
    const auto at = static_cast<size_t>(end);
    const Bytes rest = bytes.subspan(at);
    if (const size_t wanted = mp4_head_wanted(rest)) return Step::need(at + wanted);
    const std::optional<Mp4Box> box = read_mp4_box(rest);
    const Mp4Part part = box ? part_of(box->type) : Mp4Part::kNone;
    if (part == Mp4Part::kFragment) return fragment(bytes, at, *box);
    if (part == Mp4Part::kAnnounces && box->size <= kMostAnnounced - end) {
      end += box->size;
      continue;
    }
    // It announces no fragment.
    if (at > 0) return pass(bytes, at, mp4_delta());
    if (part == Mp4Part::kNone) return lost(bytes, kNoBox);
    if (part == Mp4Part::kMedia && !fragments_) return lost(bytes, kNotFragmented);
    if (beginning_ && part != Mp4Part::kMedia && part != Mp4Part::kAnnounces) return header(bytes, *box);
    if (part == Mp4Part::kHeader) return other_headers(bytes);
    return pass(bytes, box->size, mp4_delta());
  }
}

// One of the boxes before the first fragment.
Step Mp4::header(Bytes bytes, const Mp4Box& box) {
  if (box.size > kMostHeaders - headers_.size()) return lost(bytes, "the headers are longer than 4 MiB");
  const auto size = static_cast<size_t>(box.size);
  if (bytes.size() < size) return Step::need(size);
  const bool wrong = box.type == mp4_type("moov") && !tracks_.take(bytes.first(size).subspan(box.head));
  if (wrong) return lost(bytes, kNotFragmented);
  headers_.add(bytes.first(size));
  return Step::header(size);
}

// Another file begins behind the first one.
Step Mp4::other_headers(Bytes bytes) {
  std::vector<std::string> all;
  for (size_t at = 0;;) {
    const Bytes rest = bytes.subspan(at);
    if (const size_t wanted = mp4_head_wanted(rest)) return Step::need(at + wanted);
    const std::optional<Mp4Box> box = read_mp4_box(rest);
    const Mp4Part part = box ? part_of(box->type) : Mp4Part::kNone;
    const bool belongs = part == Mp4Part::kHeader || part == Mp4Part::kOther;
    if (!belongs || box->size > kMostHeaders - at) {
      return at > 0 ? pass(bytes, at, mp4_delta()) : lost(bytes, kNoBox);
    }
    const auto size = static_cast<size_t>(box->size);
    if (rest.size() < size) return Step::need(at + size);
    all.emplace_back(reinterpret_cast<const char*>(rest.data()), size);
    at += size;
    if (box->type != mp4_type("moov")) continue;
    if (!tracks_.take(rest.first(size).subspan(box->head))) return lost(bytes, kNotFragmented);
    headers_.set(std::move(all));
    next_ = 0;
    return pass(bytes, at, mp4_delta(FrameFlags::kHeadersInside));
  }
}

// `at`: what announces it ends there.
Step Mp4::fragment(Bytes bytes, size_t at, const Mp4Box& moof) {
  if (moof.size > kMostMoof) return at > 0 ? pass(bytes, at, mp4_delta()) : lost(bytes, kNoBox);
  const auto end = static_cast<size_t>(at + moof.size);
  if (bytes.size() < end) return Step::need(end);
  const Bytes rest = bytes.subspan(end);
  if (const size_t wanted = mp4_head_wanted(rest)) return Step::need(end + wanted);
  const std::optional<Mp4Box> box = read_mp4_box(rest);
  uint64_t size = end;
  if (box && box->type == mp4_type("mdat"))
    size = box->size > Mp4Box::kToEnd - end ? Mp4Box::kToEnd : end + box->size;
  if (size <= kMostFragment && bytes.size() < size) return Step::need(static_cast<size_t>(size));
  fragments_ = true;
  return pass(bytes, size, describe(tracks_.fragment(bytes.first(end).subspan(at + moof.head))));
}

FrameInfo Mp4::describe(const Mp4Fragment& fragment) {
  FrameInfo info = mp4_delta();
  if (!fragment.there) return info;
  // Sound can be started with everywhere.
  if (fragment.sync || !tracks_.has_video()) info.flags = 0;
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max() / 4;
  const uint64_t decode = std::min(fragment.decode.value_or(next_), kMost);
  const uint64_t duration = std::min(fragment.duration, kMost);
  next_ = decode + duration;
  info.dts = tracks_.time_of(static_cast<int64_t>(decode));
  info.pts = tracks_.time_of(static_cast<int64_t>(decode) + fragment.composition);
  info.duration = tracks_.time_of(static_cast<int64_t>(duration));
  return info;
}

// A box or more, what is there of them.
Step Mp4::pass(Bytes bytes, uint64_t size, const FrameInfo& info) {
  beginning_ = false;
  const auto there = static_cast<size_t>(std::min<uint64_t>(size, bytes.size()));
  rest_ = size == Mp4Box::kToEnd ? size : size - there;
  return Step::frame(there, info);
}

// To the next place where something may begin.
Step Mp4::lost(Bytes bytes, const char* why) {
  synced_ = false;
  beginning_ = false;
  size_t at = 1;
  for (; at + kMp4Proof <= bytes.size(); ++at) {
    if (may_go_on(bytes.subspan(at))) break;
  }
  return Step::broken(at, why);
}

}  // namespace flumen::container
