// The clock of single clients: deadlines, idle timeouts, and the retries of what no event announces. One
// entry a client in the timer heap, set to the earliest; a send does not touch it, so that an entry may come
// early and is then set again.
#include <algorithm>

#include "core/sink/shard.h"

namespace flumen {

namespace {

// A terminal that somebody has made non-blocking is tried again after as long as it has been stuck: soon at
// first, and at most every 50 ms.
constexpr Nanos kRetryFirst = kMillisecond;
constexpr Nanos kRetryLast = 50 * kMillisecond;

// The step of an activity's tick is over by then: nobody is called idle too early.
constexpr Nanos kTick = Nanos{1} << 20;

}  // namespace

// When `client` wants to be looked at.
Nanos Shard::due(const Client* client, Nanos now) const {
  Nanos next = client->deadline;
  if (options_.idle_timeout > 0 && !client->expired) {
    next = std::min(next, untick(client->active_tick, now) + kTick + options_.idle_timeout);
  }
  if (client->kind == FdKind::kFile && client->state == ClientState::kBlocked) {
    next = std::min(next, now + std::clamp(now - client->progress_at, kRetryFirst, kRetryLast));
  }
  return next;
}

void Shard::arm(Client* client, Nanos now) { timers_.set(client, due(client, now)); }

void Shard::set_deadline(Client* client, Nanos deadline, Nanos now) {
  if (client->state == ClientState::kGone || client->state == ClientState::kLingering || client->expired)
    return;
  client->deadline = deadline;
  arm(client, now);
}

void Shard::judge_timers(Nanos now) {
  while (timers_.next() <= now) {
    Client* client = timers_.first();
    if (due(client, now) <= now) {
      time_out(client, now);
      continue;
    }
    if (client->kind == FdKind::kFile && client->state == ClientState::kBlocked) to_ready(client);
    arm(client, now);
  }
}

// Its time is over. The frame begun is completed, and the wire says its last word, within closeTimeout;
// nothing newer is sent. Who was not ready to take a byte for the idle timeout will not take these either.
void Shard::time_out(Client* client, Nanos now) {
  const bool idle = client->deadline > now;
  if (client->expired || (idle && client->state == ClientState::kBlocked)) {
    depart(client, Reason::kTimeout, true, now);
    return;
  }
  client->expired = true;
  client->deadline = now + std::max<Nanos>(options_.close_timeout, 1);
  arm(client, now);
  const uint64_t stop = soonest_stop(client);
  if (client->stop <= stop) return;  // that is all it was to get anyway
  client->stop = Client::kNoStop;
  stop_at(client, stop, Reason::kTimeout);
}

}  // namespace flumen
