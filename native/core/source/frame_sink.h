// What a source writes into: a sink's sequencer. Called from the source's thread while others push too.
#pragma once

#include <string_view>

#include "core/gdp/event_kind.h"
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
  /// An event that is no part of the state, with its structure as text (empty: it has none): for receivers
  /// that speak GDP, in front of the next frame. False: too much is waiting for a frame already.
  virtual bool append_event(const gdp::EventKind& kind, std::string_view text) = 0;
  /// No frame is taken any more.
  virtual bool ended() const = 0;
};

}  // namespace flumen
