// The pacing half of a shard: how far the stream may go before one of its clients is over its soft limit.
#include <algorithm>

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

void Shard::mark_pace(Nanos now) {
  if (place_.pace == nullptr) return;
  Pace::Point clients, coming;
  if (!ending_) {
    const auto in = [&](ClientState state) { return by_state_[static_cast<size_t>(state)]; };
    const Amount soft = options_.lag.soft;
    hold_to(coming, timeline_.next(), soft);
    // Who waits for a frame, or has everything and our FIN, lags behind nothing.
    if (in(ClientState::kCaughtUp) + in(ClientState::kReady) + in(ClientState::kBlocked) > 0) {
      uint64_t slowest = schedule_.low_seq(timeline_.next());
      // The frame that has been begun does not count.
      if (const Client* client = lag_.slowest_unruled()) {
        slowest = std::min(slowest, client->offset > 0 ? client->seq + 1 : client->seq);
      }
      hold_to(clients, slowest, soft);
    }
    for (const Client* client = ruled_.front(); client != nullptr; client = RuledClients::next(client)) {
      if (client->await != Await::kNothing || client->state == ClientState::kLingering) continue;
      hold_to(clients, client->offset > 0 ? client->seq + 1 : client->seq, client->rules->lag->soft);
    }
  }
  // The producer waits for these clients: nothing is collected for them meanwhile.
  if (clients.passed_by(newest_point())) schedule_.hurry(now);
  const uint8_t told = place_.pace->mark(place_.index, clients, coming, added_);
  if ((told & Pace::kPush) != 0) listener_.on_drained(this);
}

}  // namespace flumen
