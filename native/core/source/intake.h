// What becomes of bytes on their way into a sink, as a source must know it.
#pragma once

#include <cstdint>

#include "core/source/frame_sink.h"

namespace flumen {

enum class Intake : uint8_t {
  kMore,
  kWait,    // taken, and enough for now: resume() follows
  kOver,    // the sink has ended
  kEnd,     // the stream itself says that it is complete
  kFailed,  // it cannot be read on
};

inline Intake intake_of(Flow flow) {
  return flow == Flow::kOver ? Intake::kOver : flow == Flow::kWait ? Intake::kWait : Intake::kMore;
}

/// Whether more bytes may be given in.
inline bool goes_on(Intake intake) { return intake == Intake::kMore || intake == Intake::kWait; }

}  // namespace flumen
