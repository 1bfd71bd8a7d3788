#include "core/sink/shard.h"

#include <algorithm>
#include <utility>

namespace flumen {

namespace {

Timeline timeline_behind(const Newest* newest) {
  if (newest == nullptr) return Timeline();
  return Timeline(newest->frames.load(std::memory_order_relaxed),
                  newest->bytes.load(std::memory_order_relaxed),
                  newest->time.load(std::memory_order_relaxed));
}

}  // namespace

Shard::Shard(const SinkOptions& options, Io& io, ShardListener& listener, Ledger& ledger,
             const ShardPlace& place, uint32_t sink_id)
    : options_(options),
      io_(io),
      listener_(listener),
      ledger_(ledger),
      place_(place),
      sink_id_(sink_id),
      timeline_(timeline_behind(place.newest)),
      lag_(timeline_.next()),
      schedule_(options.flush_interval),
      packet_writer_(ledger) {
  if (place_.pace != nullptr) place_.pace->begin(place_.index, reach_of_newcomers());
  ledger_.live_shards.fetch_add(1, std::memory_order_relaxed);
  count_bookkeeping();
}

Shard::~Shard() {
  ledger_.live_shards.fetch_sub(1, std::memory_order_relaxed);
  ledger_.live_bytes.fetch_sub(counted_, std::memory_order_relaxed);
}

void Shard::append(Frame frame, Nanos pushed) {
  if (gdp_clients_ > 0 && !frame.packed) {
    frame.packet = frame_packet(frame, options_.checksums, packet_writer_);
    frame.packed = true;
  }
  timeline_.append(std::move(frame));
  lag_.appended(timeline_.next());
  schedule_.appended(timeline_, pushed);
  unjudged_ = true;
  const Frame& newest = timeline_.at(timeline_.next() - 1);
  if (newest.is_key()) newest_key_ = newest.seq;
  note_first(newest);
  start_awaiting(newest);
}

// Works out where a client starts on the timeline as it is now.
void Shard::place(Client* client) {
  const uint64_t start = start_point(timeline_, start_rule(client));
  client->await = start == kWaitForKey ? Await::kKeyframe : Await::kNothing;
  client->seq = start == kWaitForKey ? timeline_.next() : start;
  note_start(client);
}

void Shard::note_start(Client* client) {
  client->start_frames = timeline_.amount(client->seq, Unit::kFrames);
  client->start_bytes = timeline_.amount(client->seq, Unit::kBytes);
  client->start_time = static_cast<Nanos>(timeline_.amount(client->seq, Unit::kTime));
  note_placed(client);
}

// The first of those that need what stands in front of the frames; later ones find it there.
void Shard::welcome_gdp() {
  if (++gdp_clients_ > 1) return;
  for (uint64_t seq = timeline_.tail(); seq < timeline_.next(); ++seq) {
    const Frame& frame = timeline_.at(seq);
    if (!frame.packed) timeline_.set_packet(seq, frame_packet(frame, options_.checksums, packet_writer_));
  }
}

// A frame has come: clients that waited for one, or for a key frame, start.
void Shard::start_awaiting(const Frame& frame) {
  const auto start = [&](Client* client) {
    hang(client);
    if (client->await == Await::kNothing && client->state == ClientState::kWaiting) to_ready(client);
  };
  while (Client* client = await_frame_.front()) {
    unhang(client);
    place(client);
    // Latest means this frame here: it is the first one pushed after the client came.
    if (client->seq == timeline_.next() && client->await == Await::kNothing) {
      client->seq = frame.seq;
      note_start(client);
    }
    start(client);
  }
  while (frame.is_key() && !await_key_.empty()) {
    Client* client = await_key_.front();
    unhang(client);
    client->await = Await::kNothing;
    if (client->recovered_at > 0) {
      client->frames_dropped += frame.seq - client->seq;
      client->recovered_at = frame.seq + 1;
      client->seq = frame.seq;
      note_placed(client);
    } else {
      client->seq = frame.seq;
      note_start(client);
    }
    start(client);
  }
}

void Shard::add(Client* client, Nanos now) {
  FLUMEN_CHECK(client->shard == this);
  client->added_at = client->progress_at = now;
  client->active_tick = tick_of(now);
  if (options_.position_on_push) {
    client->await = Await::kFrame;
    client->seq = client->placed = timeline_.next();
  } else {
    place(client);
  }
  if (client->gdp) welcome_gdp();
  client->slot = schedule_.assign(clients_);
  if (client->rules && client->rules->lag) ruled_.push_back(client);
  side_bytes_ += side_bytes(*client);
  if (client->prologue) put_private(client, std::move(client->prologue));
  ++clients_;
  ++added_;
  ++by_state_[static_cast<size_t>(client->state)];
  to_ready(client);
  if (ending_) {
    depart(client, Reason::kEnded, false, now);
    return;
  }
  begin_hearing(client);
  arm(client, now);
  if (client->kind == FdKind::kFile) return;
  if (client->kind == FdKind::kSocket) {
    const bool own = client->rules && client->rules->socket;
    io_.tune_client(client->fd, own ? *client->rules->socket : options_.socket);
  }
  Result<bool> watched = io_.add(client->fd, Watch::kClient, reinterpret_cast<uint64_t>(client));
  if (!watched.ok()) fail(client, watched.error().code, watched.error().operation, now);
}

// Who is added was in none of the states yet, and kReserved is nobody's but within a turn.
void Shard::set_state(Client* client, ClientState state) {
  --by_state_[static_cast<size_t>(client->state)];
  ++by_state_[static_cast<size_t>(state)];
  client->state = state;
}

void Shard::detach(Client* client) {
  switch (client->state) {
    case ClientState::kCaughtUp:
      schedule_.leave(client);
      break;
    case ClientState::kReady:
      ready_.remove(client);
      break;
    case ClientState::kBlocked:
      blocked_.remove(client);
      break;
    case ClientState::kWaiting:
      waiting_.remove(client);
      break;
    case ClientState::kLingering:
      lingering_.remove(client);
      break;
    case ClientState::kReserved:
    case ClientState::kGone:
      break;
  }
  unhang(client);
  set_state(client, ClientState::kReserved);
}

// By what keeps the client: the frame at its cursor, or what it awaits.
void Shard::hang(Client* client) {
  switch (client->await) {
    case Await::kNothing:
      lag_.add(client);
      break;
    case Await::kFrame:
      await_frame_.push_back(client);
      break;
    case Await::kKeyframe:
      await_key_.push_back(client);
      break;
  }
}

// Before the cursor moves or `await` changes: both say where the client hangs.
void Shard::unhang(Client* client) {
  if (!LagBucket::linked(client)) return;
  switch (client->await) {
    case Await::kNothing:
      lag_.remove(client);
      break;
    case Await::kFrame:
      await_frame_.remove(client);
      break;
    case Await::kKeyframe:
      await_key_.remove(client);
      break;
  }
}

// Where `bytes` are a part of `origin`, which others share, they count once for all.
void Shard::put_private(Client* client, BlockSlice bytes, const BlockSlice& origin) {
  client->pinned = bytes && bytes.block.get() == origin.block.get();
  if (client->pinned) {
    pins_.add(bytes, origin.size);
  } else {
    client->prologue_held = bytes.size;
    prologue_bytes_ += bytes.size;
  }
  client->prologue = std::move(bytes);
}

void Shard::drop_private(Client* client) {
  if (std::exchange(client->pinned, false)) pins_.drop(client->prologue);
  prologue_bytes_ -= std::exchange(client->prologue_held, 0);
  client->prologue = {};
}

void Shard::to_ready(Client* client) {
  detach(client);
  set_state(client, ClientState::kReady);
  ready_.push_back(client);
  hang(client);
}

void Shard::to_blocked(Client* client) {
  detach(client);
  set_state(client, ClientState::kBlocked);
  // Nearly always at the end; further in when it was woken but could write nothing, for then its clock runs
  // on.
  Client* before = blocked_.back();
  while (before != nullptr && before->progress_at > client->progress_at) before = before->queue.prev;
  blocked_.insert_after(before, client);
  hang(client);
  // It may be turns after the frame came that a send is tried: whoever is found too late then is judged then.
  const LagRule& rule = lag_rule(client);
  if (client->await == Await::kNothing && (over(client, rule.soft) || over(client, rule.hard)))
    unjudged_ = true;
}

void Shard::to_caught_up(Client* client) {
  detach(client);
  set_state(client, ClientState::kCaughtUp);
  client->caught_up_once = true;
  client->recovered_at = 0;
  schedule_.enter(client, timeline_);
}

void Shard::to_waiting(Client* client) {
  detach(client);
  set_state(client, ClientState::kWaiting);
  waiting_.push_back(client);
  hang(client);
}

// `visit` may make the client leave, and must not touch any other.
template <typename Visit>
void Shard::each_client(Visit visit) {
  const auto each_in = [&](ClientQueue& queue) {
    for (Client* client = queue.front(); client != nullptr;) {
      Client* next = ClientQueue::next(client);
      visit(client);
      client = next;
    }
  };
  // Ready last: visitors move clients there.
  each_in(lingering_);
  each_in(waiting_);
  each_in(blocked_);
  for (FlushSlot& slot : schedule_.slots()) each_in(slot.clients);
  each_in(ready_);
}

std::vector<Client*> Shard::all_clients() {
  std::vector<Client*> all;
  all.reserve(clients_);
  each_client([&](Client* client) { all.push_back(client); });
  return all;
}

void Shard::remove(Client* client, Nanos now, bool flush) {
  if (client->state == ClientState::kGone) return;
  if (flush) {
    stop_at(client, timeline_.next(), Reason::kRemoved);
  } else {
    depart(client, Reason::kRemoved, false, now);
  }
}

void Shard::set_lag(const LagRule& rule) {
  options_.lag = rule;
  unjudged_ = true;
}

void Shard::clear(Nanos now) {
  each_client([&](Client* client) { depart(client, Reason::kRemoved, false, now); });
}

void Shard::end() {
  if (ending_) return;
  ending_ = true;
  const uint64_t stop = timeline_.next();
  each_client([&](Client* client) { stop_at(client, stop, Reason::kEnded); });
}

void Shard::close(Nanos now) {
  end();
  close_at_ = std::min(close_at_, now + options_.close_timeout);
}

// The time of close() is up: what is not out by now is lost.
void Shard::cut_all(Nanos now) {
  each_client([&](Client* client) {
    const bool through = client->state == ClientState::kLingering;
    depart(client, through ? client->stop_reason : Reason::kRemoved, true, now);
  });
}

void Shard::tick(Nanos now) {
  look_into_inbox();
  read_on(now);
  judge_timers(now);
  serve(now);
  judge_limits(now);
  judge_clocks(now);
  trim();
  enforce_cap(now);
  mark_pace(now);
  close_some();
  publish();
  if (ending_ && !finished_ && clients_ == 0 && closing_.empty()) {
    finished_ = true;
    listener_.on_finished(this);
  }
}

Nanos Shard::deadline() const {
  if (!ready_.empty() || !closing_.empty() || !unread_.empty() || unjudged_ || squeezing()) return 0;
  if (ending_ && !finished_ && clients_ == 0) return 0;
  Nanos next = std::min(schedule_.next_due(), timers_.next());
  if (clients_ > 0) next = std::min(next, close_at_);
  if (!blocked_.empty() && options_.stall_timeout > 0) {
    next = std::min(next, blocked_.front()->progress_at + options_.stall_timeout);
  }
  if (!lingering_.empty()) next = std::min(next, lingering_.front()->progress_at + options_.close_timeout);
  return next;
}

void Shard::abandon() {
  each_client([&](Client* client) {
    detach(client);
    timers_.remove(client);
    io_.close(std::exchange(client->fd, -1), false);
    client->state = ClientState::kGone;
  });
  while (!closing_.empty()) {
    io_.close(closing_[closing_.begin()].fd, closing_[closing_.begin()].reset);
    closing_.pop();
  }
}

}  // namespace flumen
