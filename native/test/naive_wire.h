// The slow, obvious reader of what a client is sent: takes the framing away and writes down what it was.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/timeline/stream_state.h"
#include "core/wire/framing.h"

namespace flumen::test {

struct Decoded {
  std::string media;
  std::vector<size_t> runs;  // bytes of each chunk or message
  /// ICY: after how many media bytes which block came; empty: the block of an unchanged title.
  std::vector<std::pair<size_t, std::string>> blocks;
  bool last_chunk = false;
  bool whole = true;  // does not stop in the middle of a chunk, message or block
  std::string wrong;  // what is no such framing
};

/// `interval` for kIcy.
Decoded naive_decode(Framing framing, std::string_view bytes, size_t interval = 0);

/// The texts of a state of which nothing is known but a title.
inline StateTexts titled(const std::string& title) {
  StateTexts texts;
  texts[static_cast<size_t>(StateText::kTitle)] = title;
  return texts;
}

}  // namespace flumen::test
