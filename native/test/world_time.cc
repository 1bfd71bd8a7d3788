// Time in a World: deadlines that clients come with or are given, and an idle timeout of the sink. What they
// come to is worked out before each turn from the bytes that the kernel took.
#include <algorithm>

#include "test/world.h"

namespace flumen::test {

namespace {

// A shard notes an activity to the step of its tick, and calls nobody idle too early.
constexpr Nanos kTick = Nanos{1} << 20;

Nanos idle_at(const ModelPeer& peer, Nanos timeout) {
  return timeout == 0 ? kNever : (peer.active_at / kTick + 1) * kTick + timeout;
}

}  // namespace

Nanos World::deadline_from(Nanos now, Choices& choices) {
  constexpr uint64_t kSpansMs[] = {0, 100, 1000, 5000};
  if (!choices.one_in(4)) return kNever;
  const Nanos span = static_cast<Nanos>(choices.below(kSpansMs[choices.below(4)] + 1)) * kMillisecond;
  return choices.one_in(10) ? now - span : now + span;
}

void World::change_deadline() {
  ModelPeer* peer = random_peer();
  if (peer == nullptr) return;
  const Nanos deadline = deadline_from(rig_.now, choices_);
  say("deadline of ", peer->fd, deadline == kNever ? " lifted" : " set");
  if (peer->expired_at == kNever) peer->deadline = deadline;
  rig_.shard->set_deadline(peer->client, deadline, rig_.now);
}

// Before a turn: whose time is over is sent nothing but the rest of a frame begun from now on.
void World::expire() {
  for (ModelPeer* peer : here_) {
    if (rig_.io.at(peer->fd).our_fin || peer->expired_at != kNever) continue;
    if (std::min(peer->deadline, idle_at(*peer, options_.idle_timeout)) > rig_.now) continue;
    say("time of ", peer->fd, " is over");
    ++counts_.expired;
    peer->expired_at = rig_.now;
    peer->idle_blocked = peer->deadline > rig_.now && peer->client->state == ClientState::kBlocked;
    uint64_t stop = peer->unbegun(stream_);
    if (peer->await != Await::kNothing) stop = stream_.next();
    if (peer->stop <= stop) continue;
    peer->stop = Client::kNoStop;
    peer->end_at(stop, Reason::kTimeout);
  }
}

void World::check_timeout(ModelPeer& peer) {
  const bool graceless = peer.idle_blocked || rig_.now - peer.expired_at >= options_.close_timeout;
  if (graceless) peer.may_reset = true;
  if (peer.expired_at == kNever) {
    problem(peer, "timed out, and its time was not over");
  } else if (!graceless && (peer.stop_reason != Reason::kTimeout || !peer.complete(stream_))) {
    problem(peer, "timed out before it had the rest");
  } else if (!graceless && peer.kind == FdKind::kSocket && !peer.fin && !rig_.io.at(peer.fd).our_fin) {
    problem(peer, "timed out without a FIN");
  }
}

// Nobody outlives its time and the grace behind it.
void World::check_time(const ModelPeer& peer) {
  if (peer.expired_at == kNever || rig_.io.at(peer.fd).our_fin) return;
  if (peer.idle_blocked || rig_.now - peer.expired_at > options_.close_timeout) {
    problem(peer, "outlived its time");
  }
}

}  // namespace flumen::test
