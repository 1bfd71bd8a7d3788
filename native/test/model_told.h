// What the model makes of the stream's state: what a receiver was told of it, and what it must be told before
// the next frame. Packets are the core's encoder's; which of them, and in which order, is worked out here.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/timeline/stream_state.h"

namespace flumen::test {

/// One state of the stream. Frames point to it; the world keeps it.
struct ModelState {
  static constexpr size_t kParts = StickyPackets::kParts;

  std::vector<std::string> entries;  // the headers
  std::string all;                   // … one behind the other
  const void* shared = nullptr;      // what tells them from other headers in memory
  StateTexts texts;
  std::array<std::string, kParts> parts;  // GDP: packets of stream-start, caps, segment, tags, headers

  const std::string& title() const { return texts[static_cast<size_t>(StateText::kTitle)]; }

  /// Whether a receiver that was last told `had` must be told `has` before a frame of that state.
  static bool wanted(const ModelState* had, const ModelState* has, bool resend);
};

/// What one receiver was last told.
struct ModelTold {
  /// What it must be told now.
  struct Due {
    std::string bytes;
    const void* shared = nullptr;  // which run of bytes they are that others share; null: its own
    bool apart = false;            // packets that do not lie side by side
  };

  bool gdp = false;                     // packets, and not the headers alone
  bool resend = true;                   // of changes, too
  const ModelState* unknown = nullptr;  // GDP: the state of frames of which nothing was said
  const ModelState* state = nullptr;
  std::array<const std::string*, ModelState::kParts> parts{};  // GDP: as last told; null: nothing

  /// A frame of this state is next: tells it.
  Due tell(const ModelState* now);
  /// Whether there would be anything to tell.
  bool lacks(const ModelState* now) const;
};

}  // namespace flumen::test
