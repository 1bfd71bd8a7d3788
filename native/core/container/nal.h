// NAL units of H.264 and H.265 in a byte stream (ITU-T H.264 and H.265, 7.3, 7.4 and annex B): where they
// begin, and what of them is needed to find pictures and the parameter sets that they need. Any thread.
#pragma once

#include <optional>

#include "core/container/parser.h"

namespace flumen::container {

enum class NalCodec : uint8_t { kH264, kH265 };

/// From a start code's first byte, what must be there to read a NAL unit's head.
inline constexpr size_t kNalLookedAt = 6;

struct NalHead {
  uint8_t type = 0;
  bool valid = false;    // its reserved bits are as they must be
  bool picture = false;  // a part of one
  bool first = false;    // the first part of one
  bool opens = false;    // none of a picture's, and behind one it begins the next access unit
  bool parameters = false;
  bool entry = false;  // of a picture that needs no earlier one
  bool intra = false;  // H.264: a slice without prediction from other pictures
};

/// `bytes`: from "00 00 01", kNalLookedAt of them.
NalHead read_nal_head(NalCodec codec, Bytes bytes);

/// Where the next "00 00 01" begins, from `from` on; nothing when there is none that is whole.
std::optional<size_t> find_start_code(Bytes bytes, size_t from);

/// Parameter sets of one slot replace each other. `nal`: one without its start code. Slots sort as decoders
/// want the sets.
uint32_t parameter_slot(NalCodec codec, Bytes nal);

}  // namespace flumen::container
