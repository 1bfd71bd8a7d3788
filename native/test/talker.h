// What a WebSocket client says (RFC 6455 §5): messages, pings, closes and nonsense, with what each of them
// means to a server.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "test/choices.h"

namespace flumen::test {

/// A frame as a client sends it: masked, whole.
std::string client_frame(uint8_t opcode, std::string_view payload, uint32_t mask = 0x78563412);

class Talker {
 public:
  enum class Means : uint8_t { kNothing, kPing, kClose, kNonsense };
  struct Said {
    uint64_t at = 0;  // how many bytes must have been heard for it to count
    Means means = Means::kNothing;
    std::string payload;  // of a ping
    uint16_t status = 0;  // of a close
  };

  /// Something to say, unless there is some left of before.
  void think(Choices& choices);
  /// What is still to be said.
  std::string_view left() const { return std::string_view(text_).substr(said_); }
  /// So many bytes of it are out.
  void say(size_t bytes);
  /// So many more were heard. Next() then tells what that was.
  void heard(size_t bytes) { heard_ += bytes; }
  /// The next thing that was heard in full; false when there is none.
  bool next(Said& what);

 private:
  void add(Means means, std::string bytes, size_t counts_at, std::string payload = "", uint16_t status = 0);

  std::string text_;
  size_t said_ = 0;      // of text_
  uint64_t before_ = 0;  // bytes said in front of text_
  uint64_t heard_ = 0;
  std::deque<Said> unheard_;
};

}  // namespace flumen::test
