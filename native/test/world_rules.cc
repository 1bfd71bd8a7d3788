// The rules a World lives by: what is random about them, and what they come to, worked out frame by frame
// from design §4.
#include <algorithm>
#include <cstdio>

#include "test/world.h"

namespace flumen::test {

namespace {

constexpr Unit kUnits[] = {Unit::kFrames, Unit::kBytes, Unit::kTime};

Amount amount_from(Choices& choices, uint64_t most_frames, uint64_t most_kib, Nanos most_time) {
  switch (choices.below(4)) {
    case 0:
      return {Unit::kFrames, choices.below(most_frames + 1)};
    case 1:
      return {Unit::kTime, choices.below(static_cast<uint64_t>(most_time))};
    default:
      return {Unit::kBytes, choices.below(most_kib * kKiB + 1)};
  }
}

Amount limit_from(Choices& choices, Nanos flush_interval, uint64_t scale) {
  Amount limit = amount_from(choices, 60 / scale, 300 / scale, 4 * kSecond / static_cast<Nanos>(scale));
  if (limit.unit == Unit::kTime) limit.value += static_cast<uint64_t>(2 * flush_interval + 50 * kMillisecond);
  return limit;
}

std::string text_of(Amount amount) {
  constexpr const char* kNames[] = {"none", "frames", "bytes", "ns"};
  if (amount.unit == Unit::kNone) return "none";
  return std::to_string(amount.value) + " " + kNames[static_cast<size_t>(amount.unit)];
}

}  // namespace

StartRule World::start_from(Choices& choices) {
  StartRule rule;
  rule.method = static_cast<SyncMethod>(choices.below(6));
  rule.min = choices.one_in(6) ? Amount{} : amount_from(choices, 60, 200, 5 * kSecond);
  if (choices.one_in(2)) {
    rule.max = amount_from(choices, 60, 200, 5 * kSecond);
    if (rule.max.unit == rule.min.unit) rule.max.value += rule.min.value;
  }
  return rule;
}

LagRule World::lag_from(Choices& choices, Nanos flush_interval) {
  LagRule rule;
  rule.hard = choices.one_in(4) ? Amount{} : limit_from(choices, flush_interval, 1);
  if (choices.one_in(4)) return rule;
  rule.recover = static_cast<RecoverPolicy>(choices.below(4));
  rule.soft = limit_from(choices, flush_interval, choices.between(1, 20));
  if (rule.soft.unit == rule.hard.unit) rule.soft.value = std::min(rule.soft.value, rule.hard.value);
  return rule;
}

SinkOptions World::options_from(Choices& choices) {
  constexpr Nanos kIntervals[] = {0, 0, 50 * kMillisecond, 200 * kMillisecond};
  constexpr Nanos kStalls[] = {0, 300 * kMillisecond, 2 * kSecond, 30 * kSecond};
  SinkOptions options;
  options.flush_interval = kIntervals[choices.below(4)];
  options.stall_timeout = kStalls[choices.below(4)];
  if (choices.one_in(4)) options.idle_timeout = static_cast<Nanos>(choices.between(200, 4000)) * kMillisecond;
  options.lag = lag_from(choices, options.flush_interval);
  options.start = start_from(choices);
  options.position_on_push = choices.one_in(4);
  if (choices.one_in(4)) options.keep.frames = choices.below(60);
  if (choices.one_in(6)) options.keep.bytes = choices.below(200 * kKiB);
  if (choices.one_in(6)) options.keep.time = static_cast<Nanos>(choices.below(5000)) * kMillisecond;
  if (choices.one_in(3)) options.memory_cap = choices.between(20, 500) * kKiB;
  options.checksums = {!choices.one_in(4), choices.one_in(4)};
  options.close_timeout = static_cast<Nanos>(choices.between(10, 2000)) * kMillisecond;
  return options;
}

std::string World::describe() const {
  const auto ms = [](Nanos time) { return std::to_string(time / kMillisecond) + " ms"; };
  const LagRule& lag = options_.lag;
  return "flush " + ms(options_.flush_interval) + ", soft " + text_of(lag.soft) + ", hard " +
         text_of(lag.hard) + ", recover " + std::to_string(static_cast<int>(lag.recover)) + ", start " +
         std::to_string(static_cast<int>(options_.start.method)) + " min " + text_of(options_.start.min) +
         " max " + text_of(options_.start.max) + (options_.position_on_push ? " on push" : "") + ", keep " +
         std::to_string(options_.keep.frames) + "/" + std::to_string(options_.keep.bytes) + "/" +
         ms(options_.keep.time) + ", stall " + ms(options_.stall_timeout) + ", idle " +
         ms(options_.idle_timeout) + ", cap " + std::to_string(options_.memory_cap) + ", close " +
         ms(options_.close_timeout) + ", gop " + std::to_string(gop_);
}

const LagRule& World::lag_of(const ModelPeer& peer) const {
  return peer.rules.lag ? *peer.rules.lag : options_.lag;
}

const StartRule& World::start_of(const ModelPeer& peer) const {
  return peer.rules.start ? *peer.rules.start : options_.start;
}

void World::place(ModelPeer& peer) {
  const uint64_t tail = rig_.shard->timeline().tail();
  peer.begin(stream_, stream_.start(start_of(peer), tail));
  if (peer.await == Await::kKeyframe) ++counts_.key_waits;
}

// The newest frame has just been appended: it starts those that wait for it.
void World::start_awaiting() {
  const uint64_t newest = stream_.next() - 1;
  for (ModelPeer* peer : here_) {
    if (peer->await == Await::kFrame) {
      place(*peer);
      ++counts_.by_push;
      // The latest frame is now this one; so is the next key frame, if it is one.
      if (peer->await == Await::kNothing && peer->seq == stream_.next()) peer->begin(stream_, newest);
    }
    if (peer->await != Await::kKeyframe || !stream_.at(newest).key) continue;
    if (peer->recovered == 0) {
      peer->begin(stream_, newest);
    } else {
      peer->await = Await::kNothing;
      peer->move(stream_, newest, counts_);
      peer->recovered = newest + 1;
    }
  }
}

// Until it has caught up once, a newcomer may lag as far as it did at its start.
uint64_t World::allowed(const ModelPeer& peer, Amount limit) const {
  return peer.ever_caught_up ? limit.value : std::max(limit.value, peer.due[static_cast<size_t>(limit.unit)]);
}

// The frame already begun does not count, and who waits lags behind nothing.
bool World::over(const ModelPeer& peer, Amount limit) const {
  if (limit.unit == Unit::kNone || peer.await != Await::kNothing) return false;
  return stream_.amount(peer.lags_from(stream_), limit.unit) > allowed(peer, limit);
}

// What the recover policy wants of a client that could not be sent everything.
World::Move World::move_of(const ModelPeer& peer) const {
  const LagRule& rule = lag_of(peer);
  Move move;
  // Who leaves is to get what was pending then.
  if (peer.stop != Client::kNoStop || rule.recover == RecoverPolicy::kNone || !over(peer, rule.soft))
    return move;
  const uint64_t from = peer.unbegun(stream_);
  move.to = stream_.next() - 1;
  if (rule.recover == RecoverPolicy::kSoftLimit) {
    move.to = from;
    while (stream_.amount(move.to, rule.soft.unit) > allowed(peer, rule.soft)) ++move.to;
  } else if (rule.recover == RecoverPolicy::kKeyframe) {
    const uint64_t key = stream_.newest_key(0, move.to);
    if (key != ModelStream::kNone && key >= peer.cursor && key <= from) return move;
    move.mark = key == ModelStream::kNone ? ModelPeer::kNoKeyYet : key + 1;
    if (key != ModelStream::kNone && key > from) {
      move.to = key;
    } else {
      if (peer.recovered != 0 && (key == ModelStream::kNone || peer.recovered == move.mark)) return move;
      move.waits = true;
      move.to = stream_.next();
    }
  }
  move.moves = move.to > from || move.waits;
  return move;
}

void World::recover(ModelPeer& peer, const Move& move) {
  if (move.mark != 0) peer.recovered = move.mark;
  if (!move.moves) return;
  const RecoverPolicy policy = lag_of(peer).recover;
  ++(policy == RecoverPolicy::kLatest      ? counts_.to_latest
     : policy == RecoverPolicy::kSoftLimit ? counts_.to_soft
     : move.waits                          ? counts_.key_waits
                                           : counts_.to_key);
  say("recovers ", peer.fd, " from ", peer.unbegun(stream_), " to ", move.to);
  if (move.to < stream_.next() && peer.told.lacks(stream_.at(move.to).state)) ++counts_.headers_jumped;
  peer.move(stream_, move.to, counts_);
  if (move.waits) peer.await = Await::kKeyframe;
  if (move.to == stream_.next() && peer.private_bytes() == 0) peer.stalled = false;
}

// The oldest frame that is kept for newcomers: for the sink's own rule, or because it is to be kept anyway.
uint64_t World::needed_for_newcomers() const {
  uint64_t needed = stream_.needs(options_.start);
  const uint64_t keep[] = {options_.keep.frames, options_.keep.bytes,
                           static_cast<uint64_t>(options_.keep.time)};
  for (size_t i = 0; i < 3; ++i) {
    if (keep[i] > 0 && stream_.next() > 0)
      needed = std::min(needed, stream_.reaching({kUnits[i], keep[i]}, 0));
  }
  return needed;
}

}  // namespace flumen::test
