// Writes collected for one submit: clients at the same cursor share one gather list, so the cost of building
// it is paid once per slot and not once per client. Scratch of a shard; empty between turns.
#pragma once

#include <array>

#include "core/client/client.h"
#include "core/sys/io.h"
#include "core/wire/gather.h"

namespace flumen {

struct SendBatch {
  static constexpr size_t kClients = 64;
  static constexpr size_t kGathers = 4;

  std::array<Client*, kClients> clients;
  std::array<uint8_t, kClients> gather_of;
  std::array<SendOp, kClients> ops;
  std::array<Gather, kGathers> gathers;
  size_t count = 0;
  size_t gathers_used = 0;

  /// For a client with private bytes in front: they are the first iovec.
  std::array<iovec, Gather::kIovMax + 1> private_iov;

  bool full() const { return count == kClients; }

  /// The gather list for this place, if one was made in this batch.
  const Gather* find(const WirePlace& place, const WireFormat& format, uint64_t stop) const {
    for (size_t i = gathers_used; i > 0; --i) {
      if (gathers[i - 1].made_for(place, format, stop)) return &gathers[i - 1];
    }
    return nullptr;
  }

  void put(Client* client, const Gather& gather) {
    clients[count] = client;
    gather_of[count] = static_cast<uint8_t>(&gather - gathers.data());
    ops[count] = SendOp{client->fd, client->kind, gather.iov.data(), gather.iov_count, 0};
    ++count;
  }

  void clear() { count = gathers_used = 0; }
};

}  // namespace flumen
