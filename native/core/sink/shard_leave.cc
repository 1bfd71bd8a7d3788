// The leaving half of a shard: stops, ends, failures, limits, clocks, and the closing of descriptors.
#include <cerrno>
#include <utility>

#include "core/sink/shard.h"

namespace flumen {

namespace {

// RFC 9112 §7.1: the last chunk and an empty trailer end a chunked body.
constexpr char kLastChunk[] = "0\r\n\r\n";

}  // namespace

// The client leaves once its cursor is at `stop`; what it lacks until then is still sent, at once.
void Shard::stop_at(Client* client, uint64_t stop, Reason reason) {
  if (client->stop != Client::kNoStop || client->state == ClientState::kLingering) return;
  // Who waits for a frame lacks none; its cursor may lie behind what is kept.
  if (client->await != Await::kNothing) stop = timeline_.next();
  client->stop = stop;
  client->stop_reason = reason;
  if (client->await != Await::kNothing) {
    // It waits for nothing any more: no frame will start it.
    const bool linked = LagBucket::linked(client);
    unhang(client);
    client->await = Await::kNothing;
    client->seq = client->placed = stop;
    if (linked) hang(client);
  }
  // A blocked client goes on when the kernel says so.
  if (client->state == ClientState::kCaughtUp || client->state == ClientState::kWaiting) to_ready(client);
}

// Where a client leaves that gets no more than what it has begun. The cursor of one that waits means
// nothing.
uint64_t Shard::soonest_stop(const Client* client) const {
  if (client->await != Await::kNothing) return timeline_.next();
  return begun_until(client);
}

// What the wire has to say when the stream is over for this client.
BlockSlice Shard::epilogue_of(const Client* client) {
  // Who has hung up, or has spoiled the protocol, is told no end of the body.
  const bool orderly = client->stop_reason != Reason::kClosed;
  if (client->framing == Framing::kChunked && orderly) {
    return copy_to_slice(ledger_, {reinterpret_cast<const uint8_t*>(kLastChunk), sizeof kLastChunk - 1});
  }
  if (client->framing == Framing::kWebsocket && (orderly || client->websocket->closing())) {
    return copy_to_slice(ledger_, client->websocket->close_frame());
  }
  return {};
}

// The cursor is at the stop: epilogue, FIN, and the peer's FIN, as far as the wire and the descriptor have
// them.
void Shard::finish(Client* client, Nanos now) {
  if (!std::exchange(client->epilogue_queued, true)) {
    if (BlockSlice epilogue = epilogue_of(client)) {
      put_private(client, std::move(epilogue));
      to_ready(client);
      return;
    }
  }
  if (client->kind != FdKind::kSocket || client->peer_fin) {
    depart(client, client->stop_reason, false, now);
    return;
  }
  // Closing at once would answer anything the peer still sends with a reset, which can overtake our last
  // bytes.
  io_.shutdown_write(client->fd);
  detach(client);
  timers_.remove(client);
  note_through(client);
  set_state(client, ClientState::kLingering);
  client->progress_at = now;
  lingering_.push_back(client);
}

void Shard::fail(Client* client, int error, const char* operation, Nanos now) {
  if (client->state == ClientState::kLingering) {
    // It has been sent everything: how the peer hangs up changes nothing.
    depart(client, client->stop_reason, false, now);
    return;
  }
  if (error == ECONNRESET || error == EPIPE) {
    depart(client, Reason::kClosed, false, now);
    return;
  }
  client->error = error;
  client->error_operation = operation;
  // A FIN within a frame would look like the end of a body that is complete.
  depart(client, Reason::kError, true, now);
}

void Shard::depart(Client* client, Reason reason, bool reset, Nanos now) {
  detach(client);
  if (client->kind != FdKind::kFile) io_.remove(client->fd);
  closing_.push({std::exchange(client->fd, -1), reset && client->kind == FdKind::kSocket});
  drop_private(client);
  side_bytes_ -= side_bytes(*client);
  client->stream = {};
  timers_.remove(client);
  if (RuledClients::linked(client)) ruled_.remove(client);
  if (NewcomerList::linked(client)) newcomers_.remove(client);
  if (UnreadList::linked(client)) unread_.remove(client);
  if (client->gdp) --gdp_clients_;
  client->gdp.reset();
  client->icy.reset();  // it knows a state of the stream, which would live until the slot is used again
  schedule_.unassign(client->slot);
  --clients_;
  --by_state_[static_cast<size_t>(client->state)];
  client->state = ClientState::kGone;
  client->reason = reason;
  client->removed_at = now;
  listener_.on_removed(client);
}

void Shard::judge_clocks(Nanos now) {
  while (options_.stall_timeout > 0 && !blocked_.empty() &&
         blocked_.front()->progress_at + options_.stall_timeout <= now) {
    depart(blocked_.front(), Reason::kSlow, true, now);
  }
  while (!lingering_.empty() && lingering_.front()->progress_at + options_.close_timeout <= now) {
    depart(lingering_.front(), lingering_.front()->stop_reason, true, now);
  }
  if (close_at_ <= now && clients_ > 0) cut_all(now);
}

void Shard::close_some() {
  for (size_t i = 0; i < kClosesPerTurn && !closing_.empty(); ++i) {
    const Closing& next = closing_[closing_.begin()];
    io_.close(next.fd, next.reset);
    closing_.pop();
  }
}

}  // namespace flumen
