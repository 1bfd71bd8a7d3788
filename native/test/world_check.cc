// What a World sees and holds against the model.
#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "test/world.h"

namespace flumen::test {

void World::say(const std::string& what) const {
  if (trace_)
    std::printf("%12.3f ms  %s\n", static_cast<double>(rig_.now - 1'000'000 * kSecond) / 1e6, what.c_str());
}

void World::problem(const std::string& what) {
  say("PROBLEM " + what);
  if (problems_.size() < 20) problems_.push_back(what);
}

void World::problem(const ModelPeer& peer, const std::string& what) {
  problem("client " + std::to_string(peer.fd) + " (started at " + std::to_string(peer.start) +
          ", now at frame " + std::to_string(peer.seq) + " of " + std::to_string(stream_.next()) +
          "): " + what);
}

void World::saw_write(int fd, size_t offered, int64_t result, std::span<const uint8_t> bytes) {
  ModelPeer& peer = peers_[static_cast<size_t>(fd)];
  if (!peer.here) problem(peer, "written to after it left");
  accepted_ += bytes.size();
  if (const std::string wrong = peer.take(stream_, bytes); !wrong.empty()) problem(peer, wrong);
  if (result >= 0 || result == -EAGAIN) peer.wrote(offered, bytes.size(), rig_.now);
  if (peer.caught_up(stream_)) peer.ever_caught_up = true;
}

void World::saw_close(int fd) {
  const ModelPeer& peer = peers_[static_cast<size_t>(fd)];
  // Without ceremony when the environment goes; otherwise a client is reported first.
  if (rig_.finished == 0 && peer.here && rig_.shard->totals().clients.load() != 0 && !ending_) {
    problem(peer, "closed before it was reported");
  }
  const bool reset = rig_.io.at(fd).was_reset;
  if (peer.reason == Reason::kSlow && peer.kind == FdKind::kSocket && !reset)
    problem(peer, "slow, but not reset");
  if (reset && !peer.may_reset) problem(peer, "reset for no reason");
}

void World::saw_event(Client* client, const IoEvent& event) {
  ModelPeer* peer = peer_of(client);
  if (peer == nullptr || !peer->here || peer->kind != FdKind::kSocket || !event.peer_closed) return;
  if (event.failed) return;
  peer->fin = true;
  if (peer->stop != Client::kNoStop || rig_.io.at(peer->fd).our_fin) return;
  peer->stop = stream_.next();
  peer->stop_reason = Reason::kClosed;
}

void World::saw_removal(Client* client) {
  ModelPeer* peer = peer_of(client);
  if (peer == nullptr || !peer->here) {
    problem("a client was reported that is not here");
    return;
  }
  peer->here = false;
  peer->reason = client->reason;
  say("removed " + std::to_string(peer->fd) + " reason " + std::to_string(static_cast<int>(client->reason)));
  const FakeFd& fd = rig_.io.at(peer->fd);
  if (client->bytes_sent != fd.accepted) problem(*peer, "bytes_sent is not what was sent");
  if (client->state != ClientState::kGone || client->removed_at != rig_.now)
    problem(*peer, "its record is not final");
  check_reason(*peer);
  unreleased_.push_back(peer);
  std::erase(here_, peer);
}

void World::check_reason(ModelPeer& peer) {
  const FakeFd& fd = rig_.io.at(peer.fd);
  const bool cut = close_at_ <= rig_.now;
  const bool lingered = fd.our_fin && rig_.now >= peer.fin_sent_at + options_.close_timeout;
  peer.may_reset = cut || lingered || peer.reason == Reason::kSlow;
  switch (peer.reason) {
    case Reason::kEnded:
      if (!ending_) problem(peer, "ended before end()");
      if (peer.late) {
        if (fd.accepted != 0) problem(peer, "got something after the end");
      } else if (!peer.complete(stream_)) {
        problem(peer, "ended before it had everything");
      } else if (peer.kind == FdKind::kSocket && !peer.fin && !fd.our_fin) {
        problem(peer, "ended without a FIN");
      }
      break;
    case Reason::kClosed:
      if (fd.rst || (peer.kind == FdKind::kPipe && fd.peer_gone)) break;
      if (!peer.fin || !peer.complete(stream_) || peer.offset != 0) problem(peer, "closed without a cause");
      break;
    case Reason::kRemoved:
      if (!peer.remove_asked && !cut) problem(peer, "removed, and nobody asked for it");
      break;
    case Reason::kSlow:
      check_slow(peer);
      break;
    case Reason::kError:
      ++counts_.errors;
      if (peer.client->error == ENOMEM && fd.accepted == 0) break;
      if (peer.kind != FdKind::kFile || peer.client->error != ENOSPC)
        problem(peer, "an error out of nowhere");
      break;
    default:
      problem(peer, "no reason");
  }
}

// Lag beyond the limit, the frame already begun not counted, and the grace of newcomers. `seq` is the cursor:
// a frame of no bytes may lie before or behind it.
bool World::over_limit(const ModelPeer& peer, uint64_t seq) const {
  if (options_.hard_limit.unit == Unit::kNone) return false;
  const uint64_t lag = stream_.amount(peer.offset > 0 ? seq + 1 : seq, options_.hard_limit.unit);
  const uint64_t grace = peer.ever_caught_up ? 0 : peer.start_amount;
  return lag > std::max(options_.hard_limit.value, grace);
}

void World::check_slow(const ModelPeer& peer) {
  if (peer.stalled && over_limit(peer, std::min(peer.seq, peer.client->seq))) {
    ++counts_.slow;
    return;
  }
  if (peer.stalled && options_.stall_timeout > 0 && rig_.now - peer.stalled_since >= options_.stall_timeout) {
    ++counts_.stalls;
    return;
  }
  uint64_t oldest = peer.client->seq;
  for (const ModelPeer* other : here_) oldest = std::min(oldest, other->client->seq);
  if (held() > options_.memory_cap && peer.client->seq == oldest) {
    ++counts_.caps;
    return;
  }
  problem(peer, "called slow without a cause");
}

uint64_t World::held() const {
  const uint64_t tail = rig_.shard->timeline().tail();
  uint64_t bytes = 0;
  for (uint64_t seq = tail; seq < stream_.next(); ++seq) {
    bytes += stream_.at(seq).size + sizeof(Frame) + sizeof(LagBucket);
  }
  for (const ModelPeer* peer : here_) bytes += peer->private_bytes();
  return bytes;
}

void World::after_tick() {
  const uint64_t closes = rig_.io.counts.closes;
  if (closes - closes_seen_ > 256) problem("more than 256 descriptors closed in one turn");
  closes_seen_ = closes;
  const Totals& totals = rig_.shard->totals();
  if (totals.clients.load() != here_.size()) problem("the total of clients is wrong");
  if (totals.bytes_served.load() != accepted_) problem("the total of bytes served is wrong");
  if (totals.sends.load() != rig_.io.counts.writes) problem("the total of sends is wrong");
  const uint64_t bytes = held();
  if (rig_.shard->bytes_held() != bytes) problem("bytes_held is not what is held");
  const uint64_t tail = rig_.shard->timeline().tail();
  for (ModelPeer* peer : here_) {
    const Client& client = *peer->client;
    if (client.seq < tail) problem(*peer, "the frames it needs are gone");
    if (client.offset != peer->offset || stream_.before(client.seq) != stream_.before(peer->seq)) {
      problem(*peer, "its cursor is not where its bytes are");
    }
    if (peer->caught_up(stream_)) peer->ever_caught_up = true;
    if (rig_.io.at(peer->fd).our_fin && peer->fin_sent_at == 0) peer->fin_sent_at = rig_.now;
    if (client.state == ClientState::kBlocked) {
      if (over_limit(*peer, std::max(peer->seq, client.seq)))
        problem(*peer, "over the hard limit, blocked, and still here");
      if (bytes > options_.memory_cap && client.seq == tail) problem(*peer, "pins memory over the cap");
      if (options_.stall_timeout > 0 && rig_.now - peer->stalled_since >= options_.stall_timeout) {
        problem(*peer, "outlived the stall timeout");
      }
    }
  }
  keeps_bursts_ = !ending_;
}

void World::after_settle() {
  for (const ModelPeer* peer : here_) {
    const FakeFd& fd = rig_.io.at(peer->fd);
    switch (peer->client->state) {
      case ClientState::kCaughtUp:
        check_caught_up(*peer);
        break;
      case ClientState::kBlocked:
        if (!peer->stalled) problem(*peer, "blocked, but the kernel took everything");
        if (peer->kind == FdKind::kFile || !fd.nospace) problem(*peer, "blocked, and nothing will wake it");
        break;
      case ClientState::kLingering:
        if (!fd.our_fin || !peer->complete(stream_)) problem(*peer, "lingers before it is through");
        break;
      default:
        problem(*peer, "not served although nothing is due");
    }
  }
  if (!problems_.empty()) return;
  check_retention();
}

void World::check_caught_up(const ModelPeer& peer) {
  if (peer.stalled) problem(peer, "in a flush slot, but the kernel is full");
  if (peer.offset != 0 || peer.private_bytes() != 0)
    problem(peer, "in a flush slot in the middle of something");
  if (peer.stop != Client::kNoStop) problem(peer, "waits although its end is set");
  if (peer.caught_up(stream_)) return;
  uint64_t pending = peer.seq;
  while (stream_.at(pending).size == 0) ++pending;
  const ModelFrame& first = stream_.at(pending);
  if (first.appended + options_.flush_interval <= rig_.now)
    problem(peer, "waits longer than the flush interval");
  if (stream_.bytes() - first.before >= 16 * kKiB) problem(peer, "waits with 16 KiB pending");
}

// What is kept: all that a newcomer or the slowest client needs, and nothing for longer than the flush
// interval.
void World::check_retention() {
  const Timeline& timeline = rig_.shard->timeline();
  const bool burst = options_.sync_method == SyncMethod::kBurst && keeps_bursts_;
  uint64_t needed = burst ? stream_.start(options_, 0) : stream_.next();
  if (options_.memory_cap > 32 * kMiB && timeline.tail() > needed)
    problem("a newcomer's burst was thrown away");
  for (const ModelPeer* peer : here_) needed = std::min(needed, peer->client->seq);
  for (uint64_t seq = timeline.tail(); seq < needed; ++seq) {
    if (stream_.at(seq).appended + options_.flush_interval <= rig_.now) {
      problem("frame " + std::to_string(seq) + " is kept for nobody");
      break;
    }
  }
  if (held() > options_.memory_cap) problem("at rest over the memory cap");
}

}  // namespace flumen::test
