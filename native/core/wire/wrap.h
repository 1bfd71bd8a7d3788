// What a framing puts around a run of media bytes.
#pragma once

#include <array>
#include <cstddef>

#include "core/wire/framing.h"

namespace flumen {

struct Wrap {
  /// Eight hex digits and CRLF, or the ten bytes of a WebSocket head.
  static constexpr size_t kHeadMax = 12;

  std::array<char, kHeadMax> head;
  size_t head_size = 0;
  const char* tail = "";
  size_t tail_size = 0;
};

/// For `size` bytes in one chunk or message. A run of no bytes is not put on the wire at all: as a chunk it
/// would end the body.
Wrap wrap_for(size_t size, Framing framing);

}  // namespace flumen
