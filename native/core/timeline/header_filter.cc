#include "core/timeline/header_filter.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace flumen {

namespace {

// Whether `all` has `part` at `offset`.
bool has_at(const BlockSlice& all, size_t offset, const BlockSlice& part) {
  return part.size > 0 && offset + part.size <= all.size &&
         std::memcmp(all.data() + offset, part.data(), part.size) == 0;
}

}  // namespace

std::vector<HeaderFilter::Held> HeaderFilter::pass(Held frame, const StateRef& state) {
  const bool flagged = (frame.info.flags & FrameFlags::kHeader) != 0;
  if (flagged && state.has_headers()) {
    const BlockSlice& all = state->header_bytes();
    if (has_at(all, matched_, frame.bytes)) {
      matched_ += frame.bytes.size;
      held_.push_back(std::move(frame));
      if (matched_ == all.size) {
        held_.clear();
        matched_ = 0;
      }
      return {};
    }
    const bool entry = std::ranges::any_of(state->headers(), [&](const BlockSlice& header) {
      return header.size == frame.bytes.size && has_at(header, 0, frame.bytes);
    });
    if (entry) return {};
  }
  std::vector<Held> out = flush();
  out.push_back(std::move(frame));
  return out;
}

std::vector<HeaderFilter::Held> HeaderFilter::flush() {
  matched_ = 0;
  return std::exchange(held_, {});
}

}  // namespace flumen
