// What the headers of a Matroska or WebM stream say that matters here: its tracks, what its times count,
// which of the two it is; and what a block says with their help. Owned by the parser.
#pragma once

#include "core/container/ebml.h"

namespace flumen::container {

/// Identifiers of elements (RFC 9559).
namespace matroska_id {
inline constexpr uint32_t kEbml = 0x1a45dfa3;
inline constexpr uint32_t kSegment = 0x18538067;
inline constexpr uint32_t kSeekHead = 0x114d9b74;
inline constexpr uint32_t kInfo = 0x1549a966;
inline constexpr uint32_t kTracks = 0x1654ae6b;
inline constexpr uint32_t kChapters = 0x1043a770;
inline constexpr uint32_t kTags = 0x1254c367;
inline constexpr uint32_t kAttachments = 0x1941a469;
inline constexpr uint32_t kCues = 0x1c53bb6b;
inline constexpr uint32_t kCluster = 0x1f43b675;
inline constexpr uint32_t kTimestamp = 0xe7;
inline constexpr uint32_t kSimpleBlock = 0xa3;
inline constexpr uint32_t kBlockGroup = 0xa0;
inline constexpr uint32_t kEncryptedBlock = 0xaf;
inline constexpr uint32_t kPosition = 0xa7;
inline constexpr uint32_t kPrevSize = 0xab;
inline constexpr uint32_t kSilentTracks = 0x5854;
inline constexpr uint32_t kVoid = 0xec;
inline constexpr uint32_t kCrc = 0xbf;
}  // namespace matroska_id

struct MatroskaBlock {
  bool valid = false;  // it belongs to a track there is
  bool leads = false;  // to the first that has pictures; without any, to any
  bool key = false;
  int16_t offset = 0;  // from its cluster's time, in the units of the stream
  Nanos duration = kNoTime;
};

class MatroskaTracks {
 public:
  /// What an element of the headers says.
  void read(uint32_t id, Bytes payload);
  /// A SimpleBlock's payload, or a BlockGroup's.
  MatroskaBlock block(uint32_t id, Bytes payload) const;

  /// Of a block `offset` behind a cluster's time.
  Nanos time(uint64_t cluster, int64_t offset) const;
  /// In the units that clusters and blocks count in: whether it is longer than `span`.
  bool is_longer(int64_t offset, Nanos span) const;

  bool empty() const { return tracks_.empty(); }
  bool has_video() const { return video_ != 0; }
  bool is_webm() const { return webm_; }

 private:
  struct Track {
    uint64_t number = 0;
    uint64_t type = 0;
    Nanos duration = kNoTime;  // of each of its blocks
  };

  void read_track(Bytes payload);
  MatroskaBlock simple(Bytes payload) const;
  MatroskaBlock group(Bytes payload) const;

  std::vector<Track> tracks_;
  uint64_t video_ = 0;          // number of the first track that has pictures; 0: there is none
  uint64_t scale_ = 1'000'000;  // ns
  bool webm_ = false;
};

}  // namespace flumen::container
