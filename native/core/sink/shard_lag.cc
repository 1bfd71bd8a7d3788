// The lagging half of a shard: who is beyond a limit, and where the recover policy moves its cursor.
#include <algorithm>
#include <utility>

#include "core/sink/shard.h"
#include "core/wire/private_bytes.h"

namespace flumen {

const StartRule& Shard::start_rule(const Client* client) const {
  return client->rules && client->rules->start ? *client->rules->start : options_.start;
}

const LagRule& Shard::lag_rule(const Client* client) const {
  return client->rules && client->rules->lag ? *client->rules->lag : options_.lag;
}

// Only clients that hang beyond the sink's limits are looked at, and those with a rule of their own.
void Shard::judge_limits(Nanos now) {
  if (!std::exchange(unjudged_, false)) return;
  const LagRule& rule = options_.lag;
  uint64_t boundary = timeline_.tail();
  if (rule.hard.unit != Unit::kNone) boundary = timeline_.oldest_within(rule.hard);
  if (rule.soft.unit != Unit::kNone && rule.recover != RecoverPolicy::kNone) {
    boundary = std::max(boundary, timeline_.oldest_within(rule.soft));
  }
  for (uint64_t seq = lag_.lowest(); seq < boundary; ++seq) {
    for (Client* client = lag_.first_at(seq); client != nullptr;) {
      Client* next = LagBucket::next(client);
      if (!RuledClients::linked(client)) judge(client, now);
      client = next;
    }
  }
  for (Client* client = ruled_.front(); client != nullptr;) {
    Client* next = RuledClients::next(client);
    judge(client, now);
    client = next;
  }
}

void Shard::judge(Client* client, Nanos now) {
  // A send must have been tried, and who awaits a frame lags behind none.
  if (client->state != ClientState::kBlocked || client->await != Await::kNothing) return;
  const LagRule& rule = lag_rule(client);
  // Who leaves gets all that was pending when its end was set.
  const bool leaves = client->stop != Client::kNoStop;
  if (!leaves && rule.recover != RecoverPolicy::kNone && over(client, rule.soft)) recover(client, rule);
  if (client->await == Await::kNothing && over(client, rule.hard)) depart(client, Reason::kSlow, true, now);
}

// Until it has caught up, what lay before a newcomer at its start is its due.
Amount Shard::allowed(const Client* client, Amount limit) const {
  if (client->caught_up_once || limit.unit == Unit::kNone) return limit;
  const uint64_t due = limit.unit == Unit::kFrames  ? client->start_frames
                       : limit.unit == Unit::kBytes ? client->start_bytes
                                                    : static_cast<uint64_t>(client->start_time);
  return {limit.unit, std::max(limit.value, due)};
}

// The frame already begun does not count.
bool Shard::over(const Client* client, Amount limit) const {
  if (limit.unit == Unit::kNone) return false;
  const uint64_t from = client->offset > 0 ? client->seq + 1 : client->seq;
  return timeline_.amount(from, limit.unit) > allowed(client, limit).value;
}

void Shard::recover(Client* client, const LagRule& rule) {
  switch (rule.recover) {
    case RecoverPolicy::kNone:
      return;
    case RecoverPolicy::kLatest:
      move_cursor(client, timeline_.next() - 1, Await::kNothing);
      return;
    case RecoverPolicy::kSoftLimit:
      move_cursor(client, timeline_.oldest_within(allowed(client, rule.soft)), Await::kNothing);
      return;
    case RecoverPolicy::kKeyframe:
      break;
  }
  // Where it is, it is as near to the newest key frame as it can be; and once for each key frame is enough.
  if (newest_key_ >= client->seq && newest_key_ <= begun_until(client)) return;
  if (newest_key_ == Timeline::kNoKey || newest_key_ < client->seq) {
    const uint64_t mark = newest_key_ == Timeline::kNoKey ? Timeline::kNoKey : newest_key_ + 1;
    if (client->recovered_at == mark) return;
    client->recovered_at = mark;
    move_cursor(client, timeline_.next(), Await::kKeyframe);
    return;
  }
  client->recovered_at = newest_key_ + 1;
  move_cursor(client, newest_key_, Await::kNothing);
}

// The first frame that the client need not be sent.
uint64_t Shard::begun_until(const Client* client) const {
  return flumen::begun_until(timeline_, client->place(), client->format());
}

// Forward only. What has been begun is completed: its rest becomes private bytes.
void Shard::move_cursor(Client* client, uint64_t target, Await await) {
  const uint64_t from = begun_until(client);
  if (target < from || (target == from && await == Await::kNothing)) return;
  unhang(client);
  note_moving(client);
  if (client->seq < from) {
    WirePlace place = client->place();
    WireFormat format = client->format();
    BlockSlice rest = wire_until(timeline_, from, format, place, client->prologue, ledger_);
    drop_private(client);
    put_private(client, std::move(rest));
    client->put_at(place, format.title_due);
  }
  client->frames_dropped += target - from;
  client->seq = target;
  client->offset = 0;
  client->await = await;
  note_placed(client);
  // Nothing is pending any more: the stall clock stops.
  if (!client->prologue && (target == timeline_.next() || await != Await::kNothing)) {
    client->stalled = false;
    to_ready(client);
    return;
  }
  hang(client);
}

}  // namespace flumen
