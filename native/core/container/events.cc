#include "core/container/events.h"

#include <utility>

namespace flumen::container {

namespace {
constexpr size_t kMostEvent = kMiB;
}

Step Events::next(Bytes bytes) {
  while (scanned_ < bytes.size()) {
    if (scanned_ >= kMostEvent) return end(scanned_, false);
    const uint8_t byte = bytes[scanned_];
    if (byte != '\n' && byte != '\r') {
      line_begins_ = false;
      ++scanned_;
      continue;
    }
    size_t line_end = 1;
    // Where lines end with CR alone, an LF is not waited for: at the beginning of an event it would be no
    // harm.
    if (byte == '\r' && !bare_returns_) {
      if (scanned_ + 1 == bytes.size()) {
        return long_ && scanned_ > 0 ? end(scanned_, false) : Step::need(scanned_ + 2);
      }
      if (bytes[scanned_ + 1] == '\n') line_end = 2;
      bare_returns_ = line_end == 1;
    }
    scanned_ += line_end;
    if (std::exchange(line_begins_, true)) return end(scanned_, true);
  }
  return long_ ? end(scanned_, false) : Step::need(scanned_ + 1);
}

// `whole`: the event ends here.
Step Events::end(size_t size, bool whole) {
  FrameInfo info;
  if (long_ || !whole) info.flags = FrameFlags::kDelta;
  scanned_ = 0;
  long_ = !whole;
  if (whole) bare_returns_ = false;
  return Step::frame(size, info);
}

}  // namespace flumen::container
