#include "core/container/mp4_tracks.h"

#include <algorithm>

namespace flumen::container {

namespace {

// A full box's version is its first byte, its flags are the next three.
uint8_t version_of(Bytes box) { return box.empty() ? 0 : box[0]; }

// Reads numbers one after the other; 0 where there are no more.
class Mp4Numbers {
 public:
  explicit Mp4Numbers(Bytes bytes) : bytes_(bytes) {}
  uint32_t next32() { return take(4) ? be32(&bytes_[at_ - 4]) : 0; }
  uint64_t next64() { return take(8) ? be64(&bytes_[at_ - 8]) : 0; }
  uint32_t if32(bool there) { return there ? next32() : 0; }
  size_t left() const { return bytes_.size() - at_; }
  void skip(size_t size) { take(size); }

 private:
  bool take(size_t size) {
    if (left() < size) {
      at_ = bytes_.size();
      return false;
    }
    at_ += size;
    return true;
  }

  Bytes bytes_;
  size_t at_ = 0;
};

struct Defaults {
  uint32_t duration = 0;
  uint32_t flags = 0;
};

// sample_is_non_sync_sample, and sample_depends_on when it says that it does.
bool is_sync(uint32_t flags) { return (flags & 0x10000u) == 0 && (flags >> 24 & 3u) != 1; }

void take_run(Bytes trun, const Defaults& defaults, Mp4Fragment& fragment) {
  Mp4Numbers numbers(trun);
  const uint32_t flags = numbers.next32();
  uint32_t count = numbers.next32();
  numbers.if32((flags & 0x1u) != 0);
  const bool first_differs = (flags & 0x4u) != 0;
  const uint32_t first_flags = numbers.if32(first_differs);
  if (count == 0) return;
  const bool has_duration = (flags & 0x100u) != 0;
  const bool has_flags = (flags & 0x400u) != 0;
  const bool has_composition = (flags & 0x800u) != 0;
  const auto has_size = static_cast<size_t>(flags >> 9 & 1u);
  const size_t entry =
      4 * (has_size + (has_duration ? 1 : 0) + (has_flags ? 1 : 0) + (has_composition ? 1 : 0));
  if (entry > 0) count = static_cast<uint32_t>(std::min<size_t>(count, numbers.left() / entry));
  if (!has_duration) fragment.duration += uint64_t{count} * defaults.duration;
  const bool later = fragment.there;
  for (uint32_t i = 0; i < (has_duration ? count : std::min(count, 1u)); ++i) {
    fragment.duration += numbers.if32(has_duration);
    numbers.skip(4 * has_size);
    const uint32_t own_flags = has_flags ? numbers.next32() : defaults.flags;
    const uint32_t composition = numbers.if32(has_composition);
    if (later || i > 0) continue;
    fragment.there = true;
    fragment.sync = is_sync(first_differs ? first_flags : own_flags);
    // Files of version 0 have them signed, too.
    fragment.composition = static_cast<int32_t>(composition);
  }
}

}  // namespace

// Of a moov that has samples itself nobody could have them who comes later.
bool Mp4Tracks::take(Bytes moov) {
  std::vector<Track> tracks;
  bool fragmented = false;
  constexpr size_t kMostMp4Tracks = 64;
  each_mp4_box(moov, [&](uint32_t type, Bytes contents) {
    if (type == mp4_type("trak") && tracks.size() < kMostMp4Tracks) tracks.push_back(read_track(contents));
    if (type == mp4_type("mvex")) fragmented = true;
  });
  if (!fragmented || std::ranges::any_of(tracks, &Track::samples)) return false;
  main_ = {};
  for (const auto kind : {&Track::video, &Track::audio}) {
    for (const Track& track : tracks) {
      if (main_.id == 0 && track.*kind) main_ = track;
    }
  }
  if (main_.id == 0 && !tracks.empty()) main_ = tracks.front();
  const auto take_defaults = [&](uint32_t type, Bytes trex) {
    if (type != mp4_type("trex") || trex.size() < 24 || be32(&trex[4]) != main_.id) return;
    main_.duration = be32(&trex[12]);
    main_.flags = be32(&trex[20]);
  };
  each_mp4_box(moov, [&](uint32_t type, Bytes contents) {
    if (type == mp4_type("mvex")) each_mp4_box(contents, take_defaults);
  });
  return true;
}

Mp4Tracks::Track Mp4Tracks::read_track(Bytes trak) {
  Track track;
  const auto take_table = [&](uint32_t type, Bytes box) {
    if (type == mp4_type("stsz") && box.size() >= 12) track.samples = be32(&box[8]) > 0;
  };
  const auto take_information = [&](uint32_t type, Bytes box) {
    if (type == mp4_type("stbl")) each_mp4_box(box, take_table);
  };
  const auto take_media = [&](uint32_t type, Bytes box) {
    if (type == mp4_type("minf")) each_mp4_box(box, take_information);
    if (type == mp4_type("mdhd")) {
      const size_t at = version_of(box) == 1 ? 20 : 12;
      if (box.size() >= at + 4) track.timescale = be32(&box[at]);
    }
    if (type == mp4_type("hdlr") && box.size() >= 12) {
      track.video = be32(&box[8]) == mp4_type("vide");
      track.audio = be32(&box[8]) == mp4_type("soun");
    }
  };
  each_mp4_box(trak, [&](uint32_t type, Bytes box) {
    if (type == mp4_type("tkhd")) {
      const size_t at = version_of(box) == 1 ? 20 : 12;
      if (box.size() >= at + 4) track.id = be32(&box[at]);
    }
    if (type == mp4_type("mdia")) each_mp4_box(box, take_media);
  });
  return track;
}

Mp4Fragment Mp4Tracks::fragment(Bytes moof) const {
  Mp4Fragment fragment;
  each_mp4_box(moof, [&](uint32_t type, Bytes contents) {
    if (type == mp4_type("traf")) take_part(contents, fragment);
  });
  return fragment;
}

void Mp4Tracks::take_part(Bytes traf, Mp4Fragment& fragment) const {
  Defaults defaults{main_.duration, main_.flags};
  bool ours = false;
  each_mp4_box(traf, [&](uint32_t type, Bytes box) {
    if (type == mp4_type("tfhd")) {
      Mp4Numbers numbers(box);
      const uint32_t flags = numbers.next32();
      ours = main_.id != 0 && numbers.next32() == main_.id;
      if ((flags & 0x1u) != 0) numbers.next64();
      numbers.if32((flags & 0x2u) != 0);
      if ((flags & 0x8u) != 0) defaults.duration = numbers.next32();
      numbers.if32((flags & 0x10u) != 0);
      if ((flags & 0x20u) != 0) defaults.flags = numbers.next32();
    }
    if (!ours) return;
    if (type == mp4_type("tfdt") && !fragment.decode) {
      Mp4Numbers numbers(box);
      numbers.next32();
      fragment.decode = version_of(box) == 1 ? numbers.next64() : numbers.next32();
    }
    if (type == mp4_type("trun")) take_run(box, defaults, fragment);
  });
}

Nanos Mp4Tracks::time_of(int64_t ticks) const {
  if (main_.timescale == 0) return kNoTime;
  // Further than a century it is none.
  constexpr int64_t kMost = int64_t{100} * 366 * 86'400;
  if (ticks / main_.timescale >= kMost || ticks / main_.timescale <= -kMost) return kNoTime;
  return static_cast<Nanos>(static_cast<__int128>(ticks) * kSecond / main_.timescale);
}

}  // namespace flumen::container
