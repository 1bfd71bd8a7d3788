// The sending half of a shard: who gets a turn, what is written, where the client hangs afterwards.
#include <algorithm>
#include <cerrno>

#include "core/sink/shard.h"
#include "core/wire/private_bytes.h"

namespace flumen {

namespace {
// What one client may be sent in one turn, however much it lacks: nobody waits behind a deep backlog.
constexpr size_t kBytesPerClient = 256 * kKiB;
}  // namespace

void Shard::serve(Nanos now) {
  sends_left_ = kSendsPerTurn;
  bytes_left_ = kBytesPerTurn;
  // Newcomers and those that became writable, each once: who stays ready has its next turn after the events.
  Client* last = ready_.back();
  for (Client* client = ready_.front(); client != nullptr && sends_left_ > 0 && bytes_left_ > 0;) {
    Client* next = client == last ? nullptr : ClientQueue::next(client);
    // Out of the list first: settling appends it again when it is not through.
    ready_.remove(client);
    set_state(client, ClientState::kReserved);
    offer(client, now);
    client = next;
  }
  flush_batch(now);
  while (sends_left_ > 0 && bytes_left_ > 0) {
    FlushSlot* slot = schedule_.due(now);
    if (slot == nullptr) break;
    if (!slot->sweeping) schedule_.begin_sweep(*slot, timeline_);
    Client* client = nullptr;
    while (sends_left_ > 0 && bytes_left_ > 0 && (client = schedule_.next_in_sweep(*slot)) != nullptr) {
      offer(client, now);
    }
    flush_batch(now);
    if (slot->sweep_next == nullptr) schedule_.end_sweep(*slot, timeline_, now);
  }
}

void Shard::offer(Client* client, Nanos now) {
  if (client->websocket && client->websocket->has_pong() && client->owed == 0 && !client->prologue) {
    put_private(client, copy_to_slice(ledger_, client->websocket->take_pong()));
  }
  // Who awaits a frame, or must be given headers behind its private bytes, is sent those bytes at most.
  const bool streams = client->await == Await::kNothing && meet_state(client);
  const uint64_t stop = streams ? client->stop : client->seq;
  const WirePlace place = client->place();
  const WireFormat format = client->format();
  const Gather* gather = batch_.find(place, format, stop);
  if (gather == nullptr) {
    if (batch_.gathers_used == SendBatch::kGathers) flush_batch(now);
    Gather& fresh = batch_.gathers[batch_.gathers_used++];
    gather_from(timeline_, place, format, stop, kBytesPerClient, fresh);
    gather = &fresh;
  }
  if (client->prologue) {
    // Private bytes first, then the shared ones, in a write of its own.
    iovec* iov = batch_.private_iov.data();
    iov[0] = {client->prologue.data(), client->prologue.size};
    std::copy_n(gather->iov.data(), gather->iov_count, iov + 1);
    SendOp op{client->fd, client->kind, iov, gather->iov_count + 1, 0};
    io_.submit({&op, 1});
    settle(client, op.result, iov[0].iov_len + gather->bytes, *gather, now);
    return;
  }
  if (gather->bytes == 0) {
    settle(client, 0, 0, *gather, now);
    return;
  }
  batch_.put(client, *gather);
  if (batch_.full()) flush_batch(now);
}

// Before the first frame of another state the client gets what differs. False when private bytes are in the
// way.
bool Shard::meet_state(Client* client) {
  if (client->offset > 0 || client->seq >= std::min(timeline_.next(), client->stop)) return true;
  const StateRef& state = timeline_.at(client->seq).state;
  const bool informed = !client->gdp || client->gdp->informed();
  if (state == client->stream && informed) return true;
  if (client->prologue) return false;
  const BlockSlice due = state_due(client, timeline_.at(client->seq));
  client->stream = state;
  if (!due) return true;
  WireFormat format = client->format();
  WirePlace place = client->place();
  put_private(client, framed(due, state, format, place, {}, ledger_), due);
  client->put_at(place, format.title_due);
  return true;
}

// What of the frame's state the client has not been given yet.
BlockSlice Shard::state_due(Client* client, const Frame& frame) {
  const StateRef& state = frame.state;
  const bool inside = frame.brings_headers(client->stream.has_headers());
  if (client->gdp) return client->gdp->take_due(packets_of(state), client->resend_headers, inside, ledger_);
  const bool wanted = !inside && headers_wanted(client->stream, state, client->resend_headers);
  return wanted ? state->header_bytes() : BlockSlice();
}

const StickyPackets& Shard::packets_of(const StateRef& state) {
  if (state.get() != nullptr && state->packets().all) return state->packets();
  if (!unknown_packets_.all) unknown_packets_ = sticky_packets({}, {}, options_.checksums, ledger_);
  return unknown_packets_;
}

void Shard::flush_batch(Nanos now) {
  const size_t count = batch_.count;
  if (count > 0) io_.submit({batch_.ops.data(), count});
  for (size_t i = 0; i < count; ++i) {
    const Gather& gather = batch_.gathers[batch_.gather_of[i]];
    settle(batch_.clients[i], batch_.ops[i].result, gather.bytes, gather, now);
  }
  batch_.clear();
}

void Shard::settle(Client* client, int64_t result, size_t offered, const Gather& gather, Nanos now) {
  if (offered > 0) {
    ++sends_;
    if (sends_left_ > 0) --sends_left_;
  }
  if (result < 0 && result != -EAGAIN) {
    fail(client, static_cast<int>(-result), "write", now);
    return;
  }
  const size_t sent = result < 0 ? 0 : static_cast<size_t>(result);
  // The lag bucket is found by the cursor: leave it before the cursor moves.
  unhang(client);
  if (sent > 0) {
    client->bytes_sent += sent;
    client->active_tick = tick_of(now);
    bytes_served_ += sent;
    bytes_left_ -= std::min(bytes_left_, sent);
  }
  size_t stream_bytes = sent;
  if (client->prologue) {
    const size_t taken = std::min<size_t>(client->prologue.size, sent);
    client->prologue.offset += static_cast<uint32_t>(taken);
    client->prologue.size -= static_cast<uint32_t>(taken);
    stream_bytes = sent - taken;
    if (client->prologue.size == 0) drop_private(client);
  }
  // The stall clock starts when the kernel first takes less than offered, and again with every byte it takes.
  if (sent > 0 || !client->stalled) client->progress_at = now;
  client->stalled = sent != offered;
  if (sent == offered) {
    client->put_at(gather.end, gather.title_due_after);
    arrive(client, now);
    return;
  }
  if (stream_bytes > 0) {
    const Consumed consumed = consume(timeline_, gather, stream_bytes);
    client->put_at(consumed.place, consumed.title_due);
    if (!consumed.begun.empty()) put_private(client, copy_to_slice(ledger_, consumed.begun));
  }
  if (client->kind == FdKind::kFile && sent > 0) {
    // Nothing announces that a file can take more: the next turn's write finds out.
    to_ready(client);
    return;
  }
  to_blocked(client);
  // … nor that a terminal can take anything: it is tried again after a while.
  if (client->kind == FdKind::kFile) arm(client, now);
}

// All that was offered went out: the client has caught up, is through, or wants another turn.
void Shard::arrive(Client* client, Nanos now) {
  if (client->seq >= client->stop || (client->await != Await::kNothing && client->stop != Client::kNoStop)) {
    // Ending costs system calls too: it counts against the turn.
    if (sends_left_ > 0) --sends_left_;
    finish(client, now);
  } else if (client->websocket && client->websocket->has_pong()) {
    to_ready(client);
  } else if (client->await != Await::kNothing) {
    to_waiting(client);
  } else if (client->seq != timeline_.next()) {
    to_ready(client);
  } else if (client->state != ClientState::kCaughtUp) {
    to_caught_up(client);
  }
}

}  // namespace flumen
