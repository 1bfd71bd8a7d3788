// Shared bytes that clients hold as private ones: the rest of a frame, stream headers, packets of the
// stream's state. However many hold a run of bytes, it is there once and counts once. Owned by a shard.
#pragma once

#include <unordered_map>

#include "core/base/check.h"
#include "core/timeline/block_writer.h"

namespace flumen {

class Pins {
 public:
  /// `slice` is, or is the end of, a run of `whole` bytes; cutting bytes off its front later changes nothing.
  /// Of runs that end at the same byte the longest counts.
  void add(const BlockSlice& slice, uint64_t whole) {
    Pin& pin = pins_[end_of(slice)];
    ++pin.holders;
    if (whole <= pin.bytes) return;
    bytes_ += whole - pin.bytes;
    pin.bytes = whole;
  }

  void drop(const BlockSlice& slice) {
    const auto found = pins_.find(end_of(slice));
    FLUMEN_CHECK(found != pins_.end());
    if (--found->second.holders > 0) return;
    bytes_ -= found->second.bytes;
    pins_.erase(found);
  }

  uint64_t bytes() const { return bytes_; }

 private:
  struct Pin {
    uint64_t bytes = 0;
    uint32_t holders = 0;
  };

  static const uint8_t* end_of(const BlockSlice& slice) { return slice.data() + slice.size; }

  std::unordered_map<const uint8_t*, Pin> pins_;  // by where they end
  uint64_t bytes_ = 0;
};

}  // namespace flumen
