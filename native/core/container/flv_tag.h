// One FLV tag: what its first bytes say (Adobe's FLV specification 10.1, annex E; Enhanced RTMP v2 for codecs
// with a four-character code). Any thread.
#pragma once

#include "core/container/parser.h"

namespace flumen::container {

struct FlvTag {
  enum class Type : uint8_t { kAudio = 8, kVideo = 9, kScript = 18 };

  static constexpr size_t kHeadBytes = 11;
  static constexpr size_t kTailBytes = 4;  // PreviousTagSize

  Type type = Type::kScript;
  size_t body = 0;          // bytes
  uint32_t timestamp = 0;   // ms
  int32_t composition = 0;  // ms: pts - dts
  bool key = false;         // a video frame that needs no other
  bool configures = false;  // a decoder's: "sequence header"; or metadata
  uint8_t track = 0;

  size_t size() const { return kHeadBytes + body + kTailBytes; }
  /// Tags of one slot replace each other in the headers of a stream.
  uint32_t slot() const { return static_cast<uint32_t>(type) << 8 | track; }
};

/// Bytes of a body that are looked at, at most.
inline constexpr size_t kFlvLookedAt = 12;

/// Whether a tag's head can be one; `head` has kHeadBytes.
bool plausible_flv_tag(Bytes head);
/// `bytes`: the head, and of the body what there is up to kFlvLookedAt.
FlvTag read_flv_tag(Bytes bytes);
/// Whether the number behind a tag is its size, as far as muxers agree what that is.
bool flv_tail_fits(const FlvTag& tag, uint32_t tail);

}  // namespace flumen::container
