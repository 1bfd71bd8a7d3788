#include "core/timeline/header_filter.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace flumen {

namespace {

// Whether `all` has `part` at `offset`.
bool has_at(const BlockSlice& all, size_t offset, const BlockSlice& part) {
  return part.size > 0 && offset + part.size <= all.size &&
         std::memcmp(all.data() + offset, part.data(), part.size) == 0;
}

bool may_be_copy(const HeaderFilter::Held& frame, const StateRef& state) {
  return (frame.info.flags & FrameFlags::kHeader) != 0 && state.has_headers();
}

bool equals_one(const HeaderFilter::Held& frame, const StateRef& state) {
  return may_be_copy(frame, state) && std::ranges::any_of(state->headers(), [&](const BlockSlice& header) {
           return header.size == frame.bytes.size && has_at(header, 0, frame.bytes);
         });
}

}  // namespace

std::vector<HeaderFilter::Held> HeaderFilter::pass(Held frame, const StateRef& state) {
  std::vector<Held> out;
  std::deque<Held> undecided;
  undecided.push_back(std::move(frame));
  while (!undecided.empty()) {
    Held& next = undecided.front();
    if (may_be_copy(next, state) && has_at(state->header_bytes(), matched_, next.bytes)) {
      matched_ += next.bytes.size;
      held_.push_back(std::move(next));
      undecided.pop_front();
      if (matched_ == state->header_bytes().size) {
        held_.clear();
        matched_ = 0;
      }
      continue;
    }
    // No copy begins with the oldest one that is held: with the one behind it, perhaps.
    undecided.insert(undecided.begin(), std::make_move_iterator(held_.begin()),
                     std::make_move_iterator(held_.end()));
    held_.clear();
    matched_ = 0;
    if (!equals_one(undecided.front(), state)) out.push_back(std::move(undecided.front()));
    undecided.pop_front();
  }
  return out;
}

std::vector<HeaderFilter::Held> HeaderFilter::flush(const StateRef& state) {
  matched_ = 0;
  std::vector<Held> out;
  for (Held& frame : std::exchange(held_, {})) {
    if (!equals_one(frame, state)) out.push_back(std::move(frame));
  }
  return out;
}

}  // namespace flumen
