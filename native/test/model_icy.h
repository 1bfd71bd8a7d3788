// The model of an ICY listener: where its metadata blocks stand, and what is in them. A block has the title
// of the byte behind it, and is empty when that is the title it was told last.
#pragma once

#include <string>
#include <string_view>

#include "test/world_counts.h"

namespace flumen::test {

struct ModelIcy {
  size_t interval = 0;  // body bytes between two blocks; 0: no listener of titles
  size_t left = 0;      // … until the next one
  std::string told;     // the title
  std::string block;    // the block that is under way, …
  size_t at = 0;        // … and how much of it is out
  size_t held = 0;      // what was left of it when it was first cut

  bool due() const { return interval > 0 && left == 0; }
  bool under_way() const { return at < block.size(); }

  /// What the blocks among so many bytes of the body can come to: one of them may have a title.
  size_t most_among(size_t body) const { return interval > 0 ? body / interval + 1 + 255 * 16 : 0; }
  /// The block before a byte of a stream with this title is next.
  void begin_block(const std::string& title, WorldCounts& counts) {
    block = block_with(title, counts);
    at = 0;
    left = interval;
  }
  /// So many bytes of it went out.
  void block_out(size_t bytes) {
    at += bytes;
    if (under_way()) return;
    block.clear();
    at = held = 0;
  }
  /// `body` with the blocks that belong into it.
  std::string spliced(std::string_view body, const std::string& title, WorldCounts& counts) {
    if (interval == 0) return std::string(body);
    std::string wire;
    for (const char byte : body) {
      if (left == 0) {
        wire += block_with(title, counts);
        left = interval;
      }
      wire += byte;
      --left;
    }
    return wire;
  }

 private:
  // Titles here are of letters: what else they may be made of has a test of its own.
  std::string block_with(const std::string& title, WorldCounts& counts) {
    if (title == told) return std::string(1, '\0');
    told = title;
    ++counts.titles;
    const std::string text = "StreamTitle='" + title.substr(0, 4065) + "';";
    std::string bytes(1, static_cast<char>((text.size() + 15) / 16));
    bytes += text;
    while (bytes.size() % 16 != 1) bytes += '\0';
    return bytes;
  }
};

}  // namespace flumen::test
