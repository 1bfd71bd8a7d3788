// What a source writes into: a sink's sequencer. Called from the source's thread while others push too.
#pragma once

#include "core/timeline/frame.h"

namespace flumen {

/// What a sink says to a frame, which it has taken in any case but kOver.
enum class Flow : uint8_t {
  kMore,
  kWait,  // enough for now: resume() follows
  kOver,  // the sink has ended
};

class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual Flow append(BlockSlice bytes, const FrameInfo& info, Nanos now) = 0;
  /// What the stream is from the next frame on.
  virtual void set_state(const StateChange& change, Nanos now) = 0;
  /// No frame is taken any more.
  virtual bool ended() const = 0;
};

}  // namespace flumen
