// The telling half of a shard: what is known of one client. Where its first and last frame lie follows from
// its cursor and from the rare moments at which the cursor is put somewhere; sending notes nothing.
#include <algorithm>

#include "core/sink/shard.h"

namespace flumen {

// The cursor was put where it is, by a start rule or by recovery. A frame that is still to come is noted when
// it comes.
void Shard::note_placed(Client* client) {
  client->placed = client->seq;
  if (NewcomerList::linked(client)) newcomers_.remove(client);
  if (client->begun_before || client->await != Await::kNothing) return;
  if (client->seq < timeline_.next()) {
    client->first_pts = timeline_.at(client->seq).info.pts;
  } else {
    newcomers_.push_back(client);
  }
}

// The first frame behind a newcomer's cursor.
void Shard::note_first(const Frame& frame) {
  while (Client* client = newcomers_.pop_front()) client->first_pts = frame.info.pts;
}

// Before recovery moves the cursor.
void Shard::note_moving(Client* client) {
  client->last_pts = last_pts(client);
  client->begun_before = has_begun(client);
}

// Everything is out: the timeline goes on without it.
void Shard::note_through(Client* client) {
  note_moving(client);
  client->placed = client->seq;
}

bool Shard::has_begun(const Client* client) const {
  return client->begun_before || client->offset > 0 || client->seq > client->placed;
}

Nanos Shard::last_pts(const Client* client) const {
  if (client->offset > 0) return timeline_.at(client->seq).info.pts;
  if (client->seq <= client->placed) return client->last_pts;
  return timeline_.pts_behind(client->seq);
}

// Who waits for a frame, or has been sent everything, lags behind none. A frame begun does not count.
uint64_t Shard::lags_from(const Client* client) const {
  if (client->await != Await::kNothing || client->state == ClientState::kLingering) return timeline_.next();
  return client->offset > 0 ? client->seq + 1 : client->seq;
}

ClientReport Shard::report(const Client* client, Nanos now) {
  ClientReport report;
  // A finished shard has nobody, and the slots may be gone.
  if (finished_ || client->state == ClientState::kGone) return report;
  report.state = client->state;
  report.bytes_sent = client->bytes_sent;
  report.frames_dropped = client->frames_dropped;
  report.made_at = now;
  report.added_at = client->added_at;
  report.active_at = std::clamp(untick(client->active_tick, now), client->added_at, now);
  report.kernel_queue = io_.queued(client->fd, client->kind);
  const uint64_t from = lags_from(client);
  report.lag_frames = timeline_.amount(from, Unit::kFrames);
  report.lag_bytes = timeline_.amount(from, Unit::kBytes);
  report.lag_time = static_cast<Nanos>(timeline_.amount(from, Unit::kTime));
  if (has_begun(client)) {
    report.first_pts = client->first_pts;
    report.last_pts = last_pts(client);
  }
  return report;
}

}  // namespace flumen
