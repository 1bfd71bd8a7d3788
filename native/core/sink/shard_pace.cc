// The pacing half of a shard: how far the stream may go before one of its clients is over its soft limit.
#include "core/sink/shard.h"

namespace flumen {

Pace::Point Shard::newest_point() const {
  return {{timeline_.next(), timeline_.bytes_total(), static_cast<uint64_t>(timeline_.time_total())}};
}

// A client whose next frame is `seq` is over `soft` when the stream goes beyond this. What comes behind the
// newest frame counts from that frame's time: when the next one will be is not known.
void Shard::hold_to(Pace::Point& point, uint64_t seq, Amount soft) const {
  switch (soft.unit) {
    case Unit::kFrames:
      point.limit(soft.unit, seq + soft.value);
      break;
    case Unit::kBytes:
      point.limit(soft.unit, timeline_.bytes_before(seq) + soft.value);
      break;
    case Unit::kTime:
      point.limit(soft.unit, static_cast<uint64_t>(timeline_.time_at(seq)) + soft.value);
      break;
    case Unit::kNone:
      break;
  }
}

Pace::Point Shard::reach_of_newcomers() const {
  Pace::Point point;
  if (!ending_) hold_to(point, timeline_.next(), options_.lag.soft);
  return point;
}

void Shard::mark_pace(Nanos now) {
  if (place_.pace == nullptr) return;
  Pace::Point clients;
  if (!ending_) {
    // The frame that has been begun does not count.
    const auto from = [](const Client* client) { return client->offset > 0 ? client->seq + 1 : client->seq; };
    // Who waits for a frame, or has everything and our FIN, lags behind nothing.
    uint64_t caught_up = by_state_[static_cast<size_t>(ClientState::kCaughtUp)];
    for (const Client* client = ruled_.front(); client != nullptr; client = RuledClients::next(client)) {
      if (client->state == ClientState::kCaughtUp) --caught_up;
      if (client->await != Await::kNothing || client->state == ClientState::kLingering) continue;
      hold_to(clients, from(client), client->rules->lag->soft);
    }
    if (caught_up > 0) hold_to(clients, schedule_.low_seq(timeline_.next()), options_.lag.soft);
    if (const Client* client = lag_.slowest_unruled()) hold_to(clients, from(client), options_.lag.soft);
  }
  // The producer waits for these clients: nothing is collected for them meanwhile.
  if (clients.passed_by(newest_point())) schedule_.hurry(now);
  const uint8_t told = place_.pace->mark(place_.index, clients, reach_of_newcomers(), added_);
  if ((told & Pace::kPush) != 0) listener_.on_drained(this);
}

}  // namespace flumen
