// What may come for a sleeping shard without waking its loop: its clients wait in flush slots that are due by
// themselves. One a shard. Written by the loop before it sleeps, spent by who pushes under the inbox's mutex
// while it does.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flumen {

class Patience {
 public:
  /// Frames that may wait, however small they are: each takes a command.
  static constexpr uint32_t kFrames = 256;

  Patience() = default;
  /// `bytes` may come, and not one more.
  explicit Patience(uint64_t bytes) : bytes_(bytes), frames_(bytes > 0 ? kFrames : 0) {}

  /// Whether a frame of `bytes` can wait; if not, nothing can any more.
  bool spend(size_t bytes) {
    if (frames_ == 0 || bytes > bytes_) {
      *this = Patience();
      return false;
    }
    bytes_ -= bytes;
    --frames_;
    return true;
  }

  uint64_t bytes() const { return bytes_; }

 private:
  uint64_t bytes_ = 0;
  uint32_t frames_ = 0;
};

}  // namespace flumen
