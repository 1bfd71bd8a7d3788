// What a World sees and holds against the model.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>

#include "test/world.h"

namespace flumen::test {

void World::print(const std::string& what) const {
  std::printf("%12.3f ms  %s\n", static_cast<double>(rig_.now - 1'000'000 * kSecond) / 1e6, what.c_str());
}

void World::problem(const std::string& what) {
  say("PROBLEM ", what);
  if (problems_.size() < 20) problems_.push_back(what);
}

void World::problem(const ModelPeer& peer, const std::string& what) {
  problem("client " + std::to_string(peer.fd) + " (started at " + std::to_string(peer.start) +
          ", now at frame " + std::to_string(peer.seq) + " of " + std::to_string(stream_.next()) +
          "): " + what);
}

void World::saw_write(int fd, std::span<const iovec> iov, int64_t result) {
  ModelPeer& peer = peers_[static_cast<size_t>(fd)];
  if (!peer.here) problem(peer, "written to after it left");
  const size_t taken = result > 0 ? static_cast<size_t>(result) : 0;
  size_t offered = 0;
  for (const iovec& piece : iov) offered += piece.iov_len;
  accepted_ += taken;
  // Behind a wrong byte all others are.
  if (!problems_.empty()) return;
  if (const std::string wrong = peer.take(stream_, iov, taken, counts_); !wrong.empty()) problem(peer, wrong);
  note_run(peer);
  if (result >= 0 || result == -EAGAIN) peer.wrote(offered, taken, rig_.now);
  // A short write leaves the cursor at the next frame that has bytes left.
  if (peer.from_frames > 0 && taken < offered) peer.cursor = peer.begun() ? peer.place(stream_) : peer.seq;
}

void World::saw_read(int fd, size_t bytes) {
  ModelPeer& peer = peers_[static_cast<size_t>(fd)];
  if (peer.framing != Framing::kWebsocket) return;
  peer.heard(bytes, counts_);
  // Goodbye, or nonsense: what was begun is completed, and then it goes.
  if (!peer.closing || rig_.io.at(fd).our_fin) return;
  peer.end_at(peer.await == Await::kNothing ? peer.unbegun(stream_) : stream_.next(), Reason::kClosed);
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
  if (peer == nullptr || !peer->here) return;
  peer->woken |= event.writable && peer->stalled;
  if (peer->kind != FdKind::kSocket) return;
  if (event.peer_closed && !event.failed) peer->fin = true;
}

// What it said before its FIN was heard first.
void World::saw_event_through(Client* client, const IoEvent& event) {
  ModelPeer* peer = peer_of(client);
  if (peer == nullptr || !peer->here || !peer->fin || !event.peer_closed) return;
  if (!rig_.io.at(peer->fd).our_fin) peer->end_at(stream_.next(), Reason::kClosed);
}

void World::saw_removal(Client* client) {
  ModelPeer* peer = peer_of(client);
  if (peer == nullptr || !peer->here) {
    problem("a client was reported that is not here");
    return;
  }
  peer->here = false;
  peer->reason = client->reason;
  if (peer->told.gdp && --gdp_here_ == 0) stream_.pack(false, 0);
  say("removed ", peer->fd, " reason ", static_cast<int>(client->reason));
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
  peer.may_reset = cut || lingered || peer.reason == Reason::kSlow || peer.reason == Reason::kError;
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
      if ((!peer.fin && !peer.closing) || !peer.complete(stream_)) problem(peer, "closed without a cause");
      break;
    case Reason::kRemoved:
      if (peer.remove_asked || cut) break;
      if (!peer.flush_asked || peer.stop_reason != Reason::kRemoved) {
        problem(peer, "removed, and nobody asked for it");
      } else if (!peer.complete(stream_)) {
        problem(peer, "removed before it had what was pending");
      } else {
        ++counts_.flushes;
      }
      break;
    case Reason::kSlow:
      check_slow(peer);
      break;
    case Reason::kTimeout:
      check_timeout(peer);
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

void World::check_slow(const ModelPeer& peer) {
  // It was judged after the recover policy, like all others that were blocked. Who is to have a turn but has
  // not had it yet, for the turn's budget was spent, is not judged.
  const auto move_in_judgement = [&](const ModelPeer& one) {
    return one.kind != FdKind::kFile && one.stalled && !one.woken ? move_of(one) : Move{};
  };
  const Move move = move_in_judgement(peer);
  const Amount hard = lag_of(peer).hard;
  const bool waits = move.waits || peer.await != Await::kNothing;
  const bool stalled = peer.stalled && !(move.moves && move.to == stream_.next() &&
                                         peer.private_bytes() == 0 && !peer.begun());
  const uint64_t from = move.moves ? move.to : peer.lags_from(stream_);
  if (stalled && !waits && hard.unit != Unit::kNone &&
      stream_.amount(from, hard.unit) > allowed(peer, hard)) {
    ++counts_.slow;
    return;
  }
  if (stalled && options_.stall_timeout > 0 && rig_.now - peer.stalled_since >= options_.stall_timeout) {
    ++counts_.stalls;
    return;
  }
  const auto pins = [](const ModelPeer& one) {
    return one.await == Await::kNothing && one.client->state != ClientState::kLingering;
  };
  uint64_t oldest = waits ? stream_.next() : peer.client->seq;
  for (ModelPeer* other : here_) {
    if (other->client->epilogue_queued) other->decide_end();
  }
  uint64_t bytes = held();
  for (const ModelPeer* other : here_) {
    if (other != &peer && pins(*other)) oldest = std::min(oldest, other->client->seq);
    // Others may have been moved in this turn, which leaves them the rest of a frame begun.
    if (move_in_judgement(*other).moves && other->begun())
      bytes += stream_.at(other->piece.seq).size + other->piece.size() +
               other->icy.most_among(other->piece.size());
  }
  // Who waits pins no frame: it may go for its private bytes when there is nothing else to give up.
  const bool none_left = oldest == stream_.next();
  const bool first = waits ? none_left : peer.client->seq == oldest;
  const bool in_front = first && (!none_left || stalled);
  if (bytes > options_.memory_cap && in_front) {
    ++counts_.caps;
    return;
  }
  problem(peer, "called slow without a cause (cursor " + std::to_string(peer.client->seq) +
                    ", oldest needed " + std::to_string(oldest) + ", held " + std::to_string(bytes) + ")");
}

uint64_t World::held() const {
  const uint64_t tail = rig_.shard->timeline().tail();
  uint64_t bytes = 0;
  for (uint64_t seq = tail; seq < stream_.next(); ++seq) {
    const ModelFrame& frame = stream_.at(seq);
    bytes += frame.size + frame.packet_kept() + sizeof(Frame) + sizeof(LagBucket);
  }
  // What lies in memory that others share counts once for all of them.
  std::set<const void*> shared;
  for (const ModelPeer* peer : here_) {
    const ModelPeer::Shared run = peer->shares(stream_);
    if (run.what == nullptr) {
      bytes += peer->private_bytes();
    } else if (shared.insert(run.what).second) {
      const auto longest = runs_.find(run.what);
      bytes += longest == runs_.end() ? run.bytes : longest->second;
    }
  }
  return bytes;
}

// Runs that end at the same byte count once, and as long as one of them is held as much as the longest did.
void World::note_run(const ModelPeer& peer) {
  if (peer.run == nullptr) return;
  const bool held = std::ranges::any_of(here_, [&](const ModelPeer* other) {
    return other != &peer && other->shares(stream_).what == peer.run;
  });
  uint64_t& longest = runs_[peer.run];
  longest = held ? std::max<uint64_t>(longest, peer.run_bytes) : peer.run_bytes;
}

void World::after_tick() {
  const uint64_t closes = rig_.io.counts.closes;
  if (closes - closes_seen_ > 256) problem("more than 256 descriptors closed in one turn");
  closes_seen_ = closes;
  const Totals& totals = rig_.shard->totals();
  if (totals.clients.load() != here_.size()) problem("the total of clients is wrong");
  if (totals.bytes_served.load() != accepted_) problem("the total of bytes served is wrong");
  if (totals.sends.load() != rig_.io.counts.writes) problem("the total of sends is wrong");
  for (ModelPeer* peer : here_) {
    const Client& client = *peer->client;
    if (client.epilogue_queued) peer->decide_end();
    if (peer->kind == FdKind::kFile || !peer->stalled) continue;
    // Who has just been offered nothing, for headers belong before what is next, is judged when it is its
    // turn again.
    const Move move = move_of(*peer);
    const bool emptied =
        move.moves && move.to == stream_.next() && !peer->begun() && peer->private_bytes() == 0;
    if (client.state == ClientState::kBlocked || (!client.stalled && emptied)) recover(*peer, move);
  }
  const uint64_t bytes = held();
  if (rig_.shard->bytes_held() != bytes)
    problem("bytes_held is " + std::to_string(rig_.shard->bytes_held()) + ", not the " +
            std::to_string(bytes) + " that are held");
  for (ModelPeer* peer : here_) follow(*peer, bytes);
  keeps_bursts_ = !ending_;
}

// Holds the shard's client against the model's.
void World::follow(ModelPeer& peer, uint64_t held_now) {
  const Client& client = *peer.client;
  if (client.await != peer.await) problem(peer, "waits, or does not, against its rules");
  if (client.frames_dropped != peer.dropped) {
    problem(peer, std::to_string(client.frames_dropped) + " frames dropped instead of " +
                      std::to_string(peer.dropped));
  }
  if (rig_.io.at(peer.fd).our_fin && peer.fin_sent_at == 0) peer.fin_sent_at = rig_.now;
  const uint64_t tail = rig_.shard->timeline().tail();
  if (peer.await == Await::kNothing && client.state != ClientState::kLingering) {
    if (client.seq < tail) problem(peer, "the frames it needs are gone");
    check_position(peer, client);
  }
  check_time(peer);
  peer.cursor = client.seq;
  if (client.state == ClientState::kCaughtUp) {
    peer.ever_caught_up = true;
    peer.recovered = 0;
    // Moved to frames of no bytes, there is nothing to be refused.
    if (peer.caught_up(stream_)) peer.stalled = false;
  }
  if (client.state != ClientState::kBlocked) return;
  if (over(peer, lag_of(peer).hard)) problem(peer, "over the hard limit, blocked, and still here");
  if (held_now > options_.memory_cap && peer.await == Await::kNothing && client.seq == tail) {
    problem(peer, "pins memory over the cap");
  }
  if (options_.stall_timeout > 0 && rig_.now - peer.stalled_since >= options_.stall_timeout) {
    problem(peer, "outlived the stall timeout");
  }
}

void World::check_position(const ModelPeer& peer, const Client& client) {
  const uint64_t cursor = peer.position(stream_, client.seq, client.offset);
  if (cursor != peer.position(stream_) || (!peer.begun() && client.offset != 0))
    problem(peer, "its cursor is not where its bytes are");
}

void World::after_settle() {
  for (const ModelPeer* peer : here_) {
    const FakeFd& fd = rig_.io.at(peer->fd);
    check_heard(*peer);
    switch (peer->client->state) {
      case ClientState::kCaughtUp:
        check_caught_up(*peer);
        break;
      case ClientState::kBlocked:
        if (!peer->stalled) problem(*peer, "blocked, but the kernel took everything");
        if (peer->kind == FdKind::kFile || !fd.nospace) problem(*peer, "blocked, and nothing will wake it");
        break;
      case ClientState::kWaiting:
        if (peer->await == Await::kNothing || peer->stop != Client::kNoStop || peer->private_bytes() != 0) {
          problem(*peer, "waits for a frame although there is something to do");
        }
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

// What a WebSocket client says is heard at once, and a ping answered, when nothing is in the way.
void World::check_heard(const ModelPeer& peer) {
  if (peer.framing != Framing::kWebsocket) return;
  const ClientState state = peer.client->state;
  if (rig_.io.at(peer.fd).input > 0) problem(peer, "was not heard");
  if (peer.pinged && (state == ClientState::kCaughtUp || state == ClientState::kWaiting))
    problem(peer, "has no pong, and nothing is in the way");
}

void World::check_caught_up(const ModelPeer& peer) {
  if (peer.stalled) problem(peer, "in a flush slot, but the kernel is full");
  if (peer.piece.kind != Piece::Kind::kNone || peer.private_bytes() != 0)
    problem(peer, "in a flush slot in the middle of something");
  if (peer.stop != Client::kNoStop) problem(peer, "waits although its end is set");
  const uint64_t pending = peer.first_pending(stream_);
  if (pending == stream_.next()) return;
  const ModelFrame& first = stream_.at(pending);
  if (std::max(first.appended, late_at_) + options_.flush_interval <= rig_.now)
    problem(peer, "waits longer than the flush interval");
  if (stream_.bytes() - first.before >= 16 * kKiB) problem(peer, "waits with 16 KiB pending");
}

// What is kept: all that a newcomer or the slowest client needs, and nothing for longer than the flush
// interval.
void World::check_retention() {
  const Timeline& timeline = rig_.shard->timeline();
  uint64_t needed = keeps_bursts_ ? needed_for_newcomers() : stream_.next();
  if (options_.memory_cap > 32 * kMiB && counts_.caps == 0 && timeline.tail() > needed)
    problem("what newcomers need was thrown away");
  for (const ModelPeer* peer : here_) {
    const bool pins = peer->await == Await::kNothing && peer->client->state != ClientState::kLingering;
    if (pins) needed = std::min(needed, peer->client->seq);
  }
  for (uint64_t seq = timeline.tail(); seq < needed; ++seq) {
    if (std::max(stream_.at(seq).appended, late_at_) + options_.flush_interval <= rig_.now) {
      problem("frame " + std::to_string(seq) + " is kept for nobody");
      break;
    }
  }
  if (held() > options_.memory_cap) problem("at rest over the memory cap");
}

}  // namespace flumen::test
