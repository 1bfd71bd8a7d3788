#include "test/model_filter.h"

#include <algorithm>

namespace flumen::test {

namespace {

std::string text_of(const ModelFilter::Pushed& frame) {
  return std::string(reinterpret_cast<const char*>(frame.data), frame.size);
}

bool flagged(const ModelFilter::Pushed& frame) { return (frame.info.flags & FrameFlags::kHeader) != 0; }

}  // namespace

std::vector<ModelFilter::Pushed> ModelFilter::pass(const Pushed& frame, const ModelState* headers) {
  undecided_.push_back(frame);
  return decide(headers, true);
}

std::vector<ModelFilter::Pushed> ModelFilter::flush(const ModelState* headers) {
  return decide(headers, false);
}

// The first undecided frame: with those behind it a copy of all headers, or may become one, or a copy of one
// header, or none.
std::vector<ModelFilter::Pushed> ModelFilter::decide(const ModelState* headers, bool more_may_come) {
  std::vector<Pushed> out;
  const std::string all = headers != nullptr ? headers->all : "";
  while (!undecided_.empty()) {
    size_t run = 0;
    std::string joined;
    while (run < undecided_.size() && flagged(undecided_[run]) && undecided_[run].size > 0 &&
           joined.size() < all.size()) {
      joined += text_of(undecided_[run++]);
    }
    if (!all.empty() && joined == all) {
      undecided_.erase(undecided_.begin(), undecided_.begin() + static_cast<std::ptrdiff_t>(run));
      continue;
    }
    const bool may_become = run == undecided_.size() && all.starts_with(joined);
    if (may_become && more_may_come && run > 0) return out;
    const Pushed first = undecided_.front();
    undecided_.erase(undecided_.begin());
    const bool copy = headers != nullptr && !all.empty() && flagged(first) && first.size > 0 &&
                      std::ranges::find(headers->entries, text_of(first)) != headers->entries.end();
    if (!copy) out.push_back(first);
  }
  return out;
}

}  // namespace flumen::test
