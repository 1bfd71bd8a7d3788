#include "core/timeline/stream_state.h"

#include <algorithm>

namespace flumen {

namespace {

bool same_bytes(const BlockSlice& a, const BlockSlice& b) {
  return a.size == b.size && (a.size == 0 || std::memcmp(a.data(), b.data(), a.size) == 0);
}

}  // namespace

StreamState* StreamState::create(Ledger& ledger, std::vector<BlockSlice> headers) {
  auto* state = new StreamState();
  size_t total = 0;
  for (const BlockSlice& header : headers) total += header.size;
  state->headers_ = std::move(headers);
  if (total == 0) return state;
  state->header_bytes_ = {BlockRef(Block::create(ledger, total)), 0, static_cast<uint32_t>(total)};
  uint8_t* to = state->header_bytes_.data();
  for (const BlockSlice& header : state->headers_) {
    if (header.size > 0) std::memcpy(to, header.data(), header.size);
    to += header.size;
  }
  return state;
}

bool StreamState::same_headers(const StreamState& other) const {
  return std::ranges::equal(headers_, other.headers_, same_bytes);
}

}  // namespace flumen
