#include "core/sink/roster.h"

namespace flumen {

Roster::~Roster() {
  ledger_.live_bytes.fetch_sub(static_cast<int64_t>(chunks_.size() * sizeof(Chunk)),
                               std::memory_order_relaxed);
  ledger_.live_clients.fetch_sub(static_cast<int64_t>(used_), std::memory_order_relaxed);
}

Client* Roster::reserve() {
  if (free_.empty()) {
    const uint32_t first = static_cast<uint32_t>(chunks_.size() * kChunk);
    chunks_.push_back(std::make_unique<Chunk>());
    ledger_.live_bytes.fetch_add(sizeof(Chunk), std::memory_order_relaxed);
    // Highest first: slots are handed out from the lowest number up.
    for (uint32_t i = kChunk; i > 0; --i) free_.push_back(first + i - 1);
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  Client* client = &(*chunks_[index / kChunk])[index % kChunk];
  *client = Client{};
  client->index = index;
  ++used_;
  ledger_.live_clients.fetch_add(1, std::memory_order_relaxed);
  return client;
}

void Roster::release(Client* client) {
  client->prologue = {};
  client->rules.reset();
  client->input.reset();
  client->websocket.reset();
  client->stream = {};
  free_.push_back(client->index);
  --used_;
  ledger_.live_clients.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace flumen
