// Tells a GDP stream from anything else by its first 62 bytes ("typefind"). Any thread.
#pragma once

#include <cstdint>
#include <span>

namespace flumen::gdp {

enum class Recognition : uint8_t {
  kNo,
  kNeedMore,  // nothing speaks against it, but fewer than 62 bytes are there
  kYes,
  kTooOld,  // version 0.0 or 0.1, which nobody reads any more
};

/// `start`: what the stream begins with, as far as it is known; more than 62 bytes are not looked at.
Recognition recognise(std::span<const uint8_t> start);

}  // namespace flumen::gdp
