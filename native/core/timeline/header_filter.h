// Keeps in-band copies of the stream headers from being sent twice: a frame flagged HEADER that equals one of
// them, or all of them together, or frames that piece by piece make up all of them. Under the sequencer's
// mutex.
#pragma once

#include <deque>
#include <vector>

#include "core/timeline/frame.h"
#include "core/timeline/stream_state.h"

namespace flumen {

class HeaderFilter {
 public:
  struct Held {
    BlockSlice bytes;
    FrameInfo info;
  };

  /// Whether pass() has to look at a frame: it is flagged HEADER, or others are held that come before it.
  bool concerns(const FrameInfo& info) const {
    return (info.flags & FrameFlags::kHeader) != 0 || !held_.empty();
  }

  /// What may go out now, in order: nothing while `frame` could still turn out to be part of a copy; what was
  /// held before, and `frame` itself, when it is none.
  std::vector<Held> pass(Held frame, const StateRef& state);

  /// What is still held, without copies of single headers: the stream ends or its headers change. `state` is
  /// the one that it was passed with.
  std::vector<Held> flush(const StateRef& state);

 private:
  std::deque<Held> held_;
  size_t matched_ = 0;  // bytes of all headers together that `held_` equals
};

}  // namespace flumen
