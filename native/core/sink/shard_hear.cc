// The hearing half of a shard: what the kernel says of a client's descriptor, and what the client sends. Most
// of it is discarded; a client with `input` is read in order, as fast as the environment takes it.
#include <algorithm>
#include <array>
#include <cerrno>

#include "core/sink/shard.h"

namespace flumen {

namespace {
constexpr int kReadsPerTurn = 4;
constexpr size_t kBytesPerRead = 16 * kKiB;
}  // namespace

void Shard::on_event(Client* client, const IoEvent& event, Nanos now) {
  if (client->state == ClientState::kGone || client->state == ClientState::kReserved) return;
  if (client->kind == FdKind::kPipe) {
    // The reader of a pipe is gone: nothing can be pending for it.
    if (event.failed) {
      depart(client, Reason::kClosed, false, now);
      return;
    }
  } else if (event.readable || event.peer_closed || event.failed) {
    if (client->input) {
      client->input->failed |= event.failed;
      if (read_input(client, now)) return;
    } else {
      if (drain_input(client, now)) return;
      if ((event.peer_closed || event.failed) && hear_end(client, event.failed, now)) return;
    }
  }
  if (event.writable && client->state == ClientState::kBlocked) to_ready(client);
}

// The peer has nothing more to say. True when the client has left because of it.
bool Shard::hear_end(Client* client, bool failed, Nanos now) {
  if (client->state == ClientState::kLingering) {
    depart(client, client->stop_reason, false, now);
    return true;
  }
  client->peer_fin = true;
  if (options_.keep_half_closed && failed) {
    // A reset behind a FIN: reading shows the FIN only.
    depart(client, Reason::kClosed, false, now);
    return true;
  }
  // FIN: what is pending now still goes out.
  if (!options_.keep_half_closed) stop_at(client, timeline_.next(), Reason::kClosed);
  return false;
}

// Discards what the client sends. True when the client has left because of what was found.
bool Shard::drain_input(Client* client, Nanos now) {
  std::array<uint8_t, kBytesPerRead> waste;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const int64_t got = io_.read(client->fd, client->kind, waste);
    if (got == -EAGAIN || got == 0) return false;
    if (got < 0) {
      fail(client, static_cast<int>(-got), "read", now);
      return true;
    }
    if (client->framing == Framing::kWebsocket) hear(client, {waste.data(), static_cast<size_t>(got)});
  }
  if (!UnreadList::linked(client)) unread_.push_back(client);
  return false;
}

// Before the first event: what Node had read of it comes first.
void Shard::begin_hearing(Client* client) {
  if (client->framing == Framing::kWebsocket) {
    if (!client->websocket) {
      client->websocket = std::make_unique<WebsocketInput>(client->input ? ClientInput::kMost : 0);
    }
    hear(client, {});
  }
  if (!client->input) return;
  const BlockSlice prelude = std::move(client->input->prelude);
  if (prelude) pass_on(client, {prelude.data(), prelude.size});
}

// Reads on where the end of the bytes, or their limit, was not reached; an edge is told only once. The end
// counts when everything before it has been read. True when the client has left because of what was found.
bool Shard::read_input(Client* client, Nanos now) {
  ClientInput& input = *client->input;
  std::array<uint8_t, kBytesPerRead> bytes;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    input.stopped = input.undelivered >= ClientInput::kMost;
    if (input.stopped) return false;
    const size_t room = std::min<size_t>(bytes.size(), ClientInput::kMost - input.undelivered);
    const int64_t got = io_.read(client->fd, client->kind, {bytes.data(), room});
    if (got == 0 || (got == -EAGAIN && input.failed)) return hear_end(client, input.failed, now);
    if (got == -EAGAIN) return false;
    if (got < 0) {
      fail(client, static_cast<int>(-got), "read", now);
      return true;
    }
    const std::span<const uint8_t> taken(bytes.data(), static_cast<size_t>(got));
    if (client->framing == Framing::kWebsocket) {
      hear(client, taken);
    } else {
      pass_on(client, taken);
    }
  }
  if (!UnreadList::linked(client)) unread_.push_back(client);
  return false;
}

// Readiness is told on edges only: who sent more than was read in its turn has another turn, and another.
void Shard::read_on(Nanos now) {
  const Client* last = unread_.back();
  while (Client* client = unread_.pop_front()) {
    if (client->input) {
      read_input(client, now);
    } else {
      drain_input(client, now);
    }
    if (client == last) return;
  }
}

void Shard::acknowledge_input(Client* client, uint32_t cost, Nanos now) {
  if (client->state == ClientState::kGone) return;
  client->input->undelivered -= cost;
  if (client->input->stopped) read_input(client, now);
}

void Shard::pass_on(Client* client, std::span<const uint8_t> bytes) {
  client->input->undelivered += ClientInput::cost_of(bytes.size());
  listener_.on_input(client, copy_to_slice(ledger_, bytes));
}

// What a WebSocket client sends. A close, or a broken protocol, ends the stream behind the frame that has
// been begun.
void Shard::hear(Client* client, std::span<const uint8_t> bytes) {
  client->websocket->feed(bytes);
  for (const auto& message : client->websocket->take_messages()) pass_on(client, message);
  if (client->websocket->closing()) {
    stop_at(client, soonest_stop(client), Reason::kClosed);
  } else if (client->websocket->has_pong() && client->state != ClientState::kBlocked &&
             client->state != ClientState::kLingering) {
    to_ready(client);
  }
}

}  // namespace flumen
