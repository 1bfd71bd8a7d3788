// The slots that clients live in: chunks that never move, so a loop thread may hold a pointer while the
// environment's thread adds more. Reserve and release happen on the environment's thread only.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/base/ledger.h"
#include "core/client/client.h"

namespace flumen {

class Roster {
 public:
  explicit Roster(Ledger& ledger) : ledger_(ledger) {}
  ~Roster();
  Roster(const Roster&) = delete;
  Roster& operator=(const Roster&) = delete;

  /// A fresh client in a free slot.
  Client* reserve();
  /// Gives a slot back; the client must have left its shard.
  void release(Client* client);

  /// The client in slot `index`, or nullptr when there is no such slot.
  Client* at(uint32_t index) const {
    return index < chunks_.size() * kChunk ? &(*chunks_[index / kChunk])[index % kChunk] : nullptr;
  }

  size_t size() const { return used_; }

 private:
  static constexpr size_t kChunk = 128;
  using Chunk = std::array<Client, kChunk>;

  Ledger& ledger_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<uint32_t> free_;
  size_t used_ = 0;
};

}  // namespace flumen
