#include "test/model_told.h"

#include <algorithm>

namespace flumen::test {

bool ModelState::wanted(const ModelState* had, const ModelState* has, bool resend) {
  if (has == nullptr || has->all.empty()) return false;
  if (had == nullptr || had->all.empty()) return true;
  return resend && had->entries != has->entries;
}

ModelTold::Due ModelTold::tell(const ModelState* now) {
  Due due;
  if (!gdp) {
    if (ModelState::wanted(state, now, resend)) due = {now->all, now->shared, false};
    state = now;
    return due;
  }
  if (now == nullptr) now = unknown;
  const bool first = parts[0] == nullptr;
  if (!first && state == now) return due;
  state = now;
  size_t begin = ModelState::kParts;
  size_t end = 0;
  for (size_t i = 0; i < ModelState::kParts; ++i) {
    const bool of_headers = i == static_cast<size_t>(StateText::kCaps) || i == StickyPackets::kHeaders;
    if (!first && !resend && of_headers) continue;
    const std::string& part = now->parts[i];
    if (parts[i] == nullptr ? part.empty() : *parts[i] == part) continue;
    parts[i] = &part;
    if (part.empty()) continue;
    begin = std::min(begin, i);
    end = i + 1;
    due.bytes += part;
  }
  size_t side_by_side = 0;
  for (size_t i = begin; i < end; ++i) side_by_side += now->parts[i].size();
  due.apart = side_by_side != due.bytes.size();
  if (!due.bytes.empty() && !due.apart) due.shared = &now->parts[end - 1];
  return due;
}

bool ModelTold::lacks(const ModelState* now) const {
  if (!gdp) return ModelState::wanted(state, now, resend);
  ModelTold then = *this;
  return !then.tell(now).bytes.empty();
}

}  // namespace flumen::test
