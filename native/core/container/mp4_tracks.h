// The tracks of a fragmented MP4, as its moov has them, and what a moof says of the one that receivers start
// with (ISO 14496-12, 8.3 to 8.8). Owned by its parser.
#pragma once

#include <optional>

#include "core/container/mp4_box.h"

namespace flumen::container {

struct Mp4Fragment {
  bool there = false;              // the track has samples in it
  bool sync = false;               // the first of them needs no other
  std::optional<uint64_t> decode;  // when it is decoded, in the track's clock
  int64_t composition = 0;         // when it is shown, from then
  uint64_t duration = 0;           // of all of them
};

class Mp4Tracks {
 public:
  /// What a moov contains. False: it is none of a fragmented file, and all stays as it was.
  bool take(Bytes moov);
  Mp4Fragment fragment(Bytes moof) const;

  /// Whether there is a track that can be started with.
  bool known() const { return main_.id != 0; }
  bool has_video() const { return main_.video; }
  /// kNoTime when it cannot be said.
  Nanos time_of(int64_t ticks) const;

 private:
  struct Track {
    uint32_t id = 0;
    uint32_t timescale = 0;
    bool video = false;
    bool audio = false;
    bool samples = false;   // in the moov itself
    uint32_t duration = 0;  // of a sample, by default
    uint32_t flags = 0;     // of a sample, by default
  };

  static Track read_track(Bytes trak);
  void take_part(Bytes traf, Mp4Fragment& fragment) const;

  Track main_;  // pictures before sound before anything else
};

}  // namespace flumen::container
