// What a stream has to say to its owner while it goes on.
#pragma once

#include <cstdint>
#include <string>

namespace flumen {

struct StreamNote {
  /// Numbers are the addon's wire format for lib/binding.ts.
  enum class Kind : uint8_t {
    kSkippedEvent,  // of a GDP stream, that cannot be used; `text`: its name, "unknown" if it has none; a
                    // space; why
    kBroken,        // bytes that are no part of what the stream is; `text`: the format; a space; why
    kFormat,        // what the stream is; `text`: the format; a space; its media type; a line break; its caps
  };

  Kind kind = Kind::kSkippedEvent;
  uint64_t at = 0;      // bytes of the stream before it
  uint64_t packet = 0;  // packets, or frames, before it
  std::string text;
};

}  // namespace flumen
