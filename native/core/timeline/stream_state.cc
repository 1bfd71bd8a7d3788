#include "core/timeline/stream_state.h"

#include <algorithm>

#include "core/timeline/icy_title.h"

namespace flumen {

StreamState::StreamState(StateTexts texts, uint32_t number)
    : texts_(std::move(texts)), title_block_(icy_title_block(title())), number_(number) {}

StreamState* StreamState::create(Ledger& ledger, std::vector<BlockSlice> headers, StateTexts texts,
                                 uint32_t number) {
  auto* state = new StreamState(std::move(texts), number);
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

StreamState* StreamState::with_texts(StateTexts texts, uint32_t number) const {
  auto* state = new StreamState(std::move(texts), number);
  state->headers_ = headers_;
  state->header_bytes_ = header_bytes_;
  return state;
}

bool StreamState::same_headers(const StreamState& other) const {
  return std::ranges::equal(headers_, other.headers_, same_bytes);
}

StateRef changed_state(Ledger& ledger, const StateRef& before, const StateChange& change) {
  const StateRef base = before.get() != nullptr ? before : StateRef(StreamState::create(ledger, {}));
  StateTexts texts = base->texts();
  for (size_t i = 0; i < kStateTexts; ++i) {
    if (change.texts[i]) texts[i] = *change.texts[i];
  }
  const uint32_t number = base->number() + 1;
  std::vector<BlockSlice> headers;
  if (change.headers) {
    for (const auto& header : *change.headers) headers.push_back(copy_to_slice(ledger, header));
  }
  if (change.headers && !std::ranges::equal(headers, base->headers(), same_bytes)) {
    return StateRef(StreamState::create(ledger, std::move(headers), std::move(texts), number));
  }
  return texts == base->texts() ? before : StateRef(base->with_texts(std::move(texts), number));
}

}  // namespace flumen
