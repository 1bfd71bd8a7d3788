#include "core/loop/live_sink.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/sys/clock.h"
#include "core/wire/private_bytes.h"

namespace flumen {

namespace {

// What may wait for the next frame: a producer of nothing but events must not fill the memory.
constexpr size_t kEventBytes = 64 * kKiB;

Command command_for(Command::Kind kind, Shard* shard, Client* client = nullptr) {
  Command command;
  command.kind = kind;
  command.shard = shard;
  command.client = client;
  return command;
}

// What a client sends: read where it is wanted, and understood where the wire demands it. The bytes that Node
// had read come first.
void hear(Client& client, const ClientOptions& options, Ledger& ledger) {
  if (options.wants_input) client.input = std::make_unique<ClientInput>();
  if (options.framing == Framing::kWebsocket) {
    client.websocket = std::make_unique<WebsocketInput>(options.wants_input ? ClientInput::kMost : 0);
    client.websocket->feed(options.prelude);
  } else if (options.wants_input && !options.prelude.empty()) {
    client.input->prelude = copy_to_slice(ledger, options.prelude);
  }
}

}  // namespace

LiveSink::LiveSink(uint32_t id, const SinkOptions& options, LoopPool& pool, Ledger& ledger)
    : id_(id), options_(options), pool_(pool), ledger_(ledger), roster_(ledger), writer_(ledger) {
  // One shard on each loop, and perhaps one for files.
  if (options.pace == PaceRule::kWait) pace_ = std::make_unique<Pace>(pool.loops().size() + 1, *this);
  for (auto& loop : pool.loops()) open_shard(*loop, false);
  // A file client that starts with a burst needs the frames that came before it; where nothing is kept its
  // shard can wait.
  const KeepRule& keep = options.keep;
  const bool keeps = keep.frames > 0 || keep.bytes > 0 || keep.time > 0;
  if (options.sockets_only || (options.start.method == SyncMethod::kLatest && !keeps)) return;
  Result<Loop*> files = pool.file_loop();
  if (files.ok()) open_shard(*files.value(), true);
}

void LiveSink::open_shard(Loop& loop, bool files) {
  const std::lock_guard lock(mutex_);
  const ShardPlace place{&newest_, pace_.get(), shards_.size()};
  auto* shard = new Shard(options_, loop.io(), loop.shard_listener(), ledger_, place, id_);
  shards_.push_back({&loop, shard, 0, files});
  loop.post(command_for(Command::Kind::kOpenShard, shard));
}

bool LiveSink::push(std::span<const uint8_t> bytes, const FrameInfo& info, Nanos now) {
  const std::lock_guard lock(mutex_);
  enter(writer_.copy(bytes), info, now);
  return !pace_ || pace_->pass(Pace::kPush, point());
}

Flow LiveSink::append(BlockSlice bytes, const FrameInfo& info, Nanos now) {
  const std::lock_guard lock(mutex_);
  if (ending_) return Flow::kOver;
  enter(std::move(bytes), info, now);
  return !pace_ || pace_->pass(Pace::kSource, point()) ? Flow::kMore : Flow::kWait;
}

Pace::Point LiveSink::point() const {
  return {{stamper_.next(), stamper_.bytes(), static_cast<uint64_t>(stamper_.time())}};
}

void LiveSink::attach(FdSource* source, Loop& loop, std::unique_ptr<Feed> feed) {
  {
    const std::lock_guard lock(mutex_);
    reader_ = source;
    reader_loop_ = &loop;
  }
  Command command;
  command.kind = Command::Kind::kAttach;
  command.source = source;
  command.feed = std::move(feed);
  loop.post(std::move(command));
}

void LiveSink::resume_source() {
  const std::lock_guard lock(mutex_);
  wake_reader();
}

void LiveSink::wake_reader() {
  if (reader_ == nullptr) return;
  Command command;
  command.kind = Command::Kind::kResume;
  command.source = reader_;
  reader_loop_->post(std::move(command));
}

void LiveSink::enter(BlockSlice bytes, const FrameInfo& info, Nanos now) {
  if (!filter_.concerns(info)) return fill_inboxes(std::move(bytes), info, now);
  for (HeaderFilter::Held& frame : filter_.pass({std::move(bytes), info}, state_)) {
    fill_inboxes(std::move(frame.bytes), frame.info, now);
  }
}

void LiveSink::release_held(Nanos now) {
  for (HeaderFilter::Held& frame : filter_.flush(state_))
    fill_inboxes(std::move(frame.bytes), frame.info, now);
}

void LiveSink::set_state(const StateChange& change, Nanos now) {
  const std::lock_guard lock(mutex_);
  StateRef fresh = changed_state(ledger_, state_, change);
  if (fresh == state_) return;
  fresh.owned()->set_packets(sticky_packets(fresh->texts(), fresh->headers(), options_.checksums, ledger_));
  // What is held may be part of the old headers only; under other texts it goes on being that.
  if (state_.get() == nullptr || !state_->same_headers(*fresh.get())) release_held(now);
  state_ = std::move(fresh);
}

bool LiveSink::push_event(std::string_view packet) {
  const std::lock_guard lock(mutex_);
  if (events_.size() + packet.size() > kEventBytes) return false;
  events_ += packet;
  return true;
}

bool LiveSink::append_event(const gdp::EventKind& kind, std::string_view text) {
  return push_event(event_packet(kind, text, options_.checksums));
}

StateRef LiveSink::state() {
  const std::lock_guard lock(mutex_);
  return state_;
}

void LiveSink::fill_inboxes(BlockSlice bytes, const FrameInfo& info, Nanos now) {
  if (ending_) return;
  Frame frame;
  frame.bytes = std::move(bytes);
  frame.info = info;
  frame.state = state_;
  if (!events_.empty()) {
    frame.packet = copy_to_slice(ledger_, {reinterpret_cast<const uint8_t*>(events_.data()), events_.size()});
    events_.clear();
  }
  stamper_.stamp(frame, now);
  newest_.frames.store(stamper_.next(), std::memory_order_relaxed);
  newest_.bytes.store(stamper_.bytes(), std::memory_order_relaxed);
  newest_.time.store(stamper_.time(), std::memory_order_relaxed);
  for (Place& place : shards_) {
    Command command = command_for(Command::Kind::kAppend, place.shard);
    command.frame = frame;
    command.pushed = now;
    place.loop->post(std::move(command));
  }
  pool_.memory().check();
}

Result<LiveSink::Place*> LiveSink::place_for(FdKind kind) {
  const bool files = kind == FdKind::kFile;
  Place* best = nullptr;
  for (Place& place : shards_) {
    if (place.files == files && (best == nullptr || place.clients < best->clients)) best = &place;
  }
  if (best != nullptr) return best;
  Result<Loop*> loop = pool_.file_loop();
  if (!loop.ok()) return loop.error();
  open_shard(*loop.value(), true);
  return &shards_.back();
}

// What goes out first. Its last `lead` bytes belong to the body and are framed as such.
BlockSlice LiveSink::opening(Client& client, std::string_view head, uint32_t lead) {
  BlockSlice bytes = copy_to_slice(ledger_, {reinterpret_cast<const uint8_t*>(head.data()), head.size()});
  if (lead == 0) return bytes;
  const BlockSlice body{bytes.block, bytes.size - lead, lead};
  bytes.size -= lead;
  WireFormat format = client.format();
  WirePlace place = client.place();
  BlockSlice wire = framed(body, {}, format, place, std::move(bytes), ledger_);
  client.put_at(place, format.title_due);
  return wire;
}

Result<Client*> LiveSink::add(int fd, std::string_view head, ClientOptions options) {
  // Only the environment's thread sets it, and we are on it.
  if (ending_) return Error{ESHUTDOWN, "add"};
  const Result<FdKind> kind = fd_kind(fd, FdUse::kWrite);
  if (!kind.ok()) return kind.error();
  if ((options_.sockets_only || options.wants_input) && kind.value() != FdKind::kSocket)
    return Error{ENOTSOCK, "add"};
  Result<Place*> place = place_for(kind.value());
  if (!place.ok()) return place.error();
  Result<int> copy = dup_fd(fd, ledger_);
  if (!copy.ok()) return copy.error();
  Client* client = roster_.reserve();
  client->fd = copy.value();
  client->kind = kind.value();
  client->framing = options.framing;
  if (options.gdp) client->gdp = std::make_unique<GdpReceiver>();
  client->shard = place.value()->shard;
  client->sink_id = id_;
  client->id = options.id;
  client->rules = std::move(options.rules);
  client->resend_headers = options.resend_headers;
  client->deadline = options.deadline;
  hear(*client, options, ledger_);
  if (options.icy_interval > 0) {
    client->icy = std::make_unique<IcyListener>(IcyListener{options.icy_interval, {}});
    client->until_block = options.icy_interval;
  }
  if (!head.empty()) client->prologue = opening(*client, head, options.lead);
  ++place.value()->clients;
  if (pace_) pace_->announce(static_cast<size_t>(place.value() - shards_.data()));
  place.value()->loop->post(command_for(Command::Kind::kAdd, place.value()->shard, client));
  pool_.memory().check();
  return client;
}

void LiveSink::remove(Client* client, bool flush) {
  tell(client,
       command_for(flush ? Command::Kind::kFlushRemove : Command::Kind::kRemove, client->shard, client));
}

void LiveSink::set_deadline(Client* client, Nanos deadline) {
  Command command = command_for(Command::Kind::kSetDeadline, client->shard, client);
  command.deadline = deadline;
  tell(client, std::move(command));
}

void LiveSink::drained_input(Client* client, size_t bytes) {
  client->heard += ClientInput::cost_of(bytes);
  if (client->heard < ClientInput::kPortion) return;
  Command command = command_for(Command::Kind::kAcknowledge, client->shard, client);
  command.request = std::exchange(client->heard, 0);
  tell(client, std::move(command));
}

// A command that names a client; its slot waits for settled(). False when the shard is gone.
bool LiveSink::tell(Client* client, Command command) {
  for (Place& place : shards_) {
    if (place.shard != client->shard) continue;
    ++client->inquiries;
    place.loop->post(std::move(command));
    return true;
  }
  return false;
}

void LiveSink::set_lag(const LagRule& rule) {
  const std::lock_guard lock(mutex_);
  options_.lag = rule;
  for (Place& place : shards_) {
    Command command = command_for(Command::Kind::kSetLag, place.shard);
    command.lag = rule;
    place.loop->post(std::move(command));
  }
}

void LiveSink::release(Client* client) {
  for (Place& place : shards_) {
    if (place.shard == client->shard) --place.clients;
  }
  // The loop may look at the slot until it has obeyed what it was told about it.
  client->drained = true;
  if (client->inquiries == 0) roster_.release(client);
}

bool LiveSink::ask_report(Client* client, uint32_t request) {
  if (client->drained) return false;
  Command command = command_for(Command::Kind::kReport, client->shard, client);
  command.request = request;
  return tell(client, std::move(command));
}

uint32_t LiveSink::ask_dump(uint32_t request) {
  uint32_t asked = 0;
  for (Place& place : shards_) {
    Command command = command_for(Command::Kind::kDump, place.shard);
    command.request = request;
    command.place = asked++;
    place.loop->post(std::move(command));
  }
  return asked;
}

void LiveSink::settled(Client* client) {
  if (--client->inquiries == 0 && client->drained) roster_.release(client);
}

bool LiveSink::shard_finished() {
  const std::lock_guard lock(mutex_);
  if (++finished_ < shards_.size()) return false;
  for (Place& place : shards_) {
    Command command = command_for(Command::Kind::kDropShard, place.shard);
    // Commands in front of it may still name our clients, whose slots we own.
    command.keep = shared_from_this();
    place.loop->post(std::move(command));
  }
  shards_.clear();
  return true;
}

void LiveSink::tell_all(Command::Kind kind) {
  for (Place& place : shards_) place.loop->post(command_for(kind, place.shard));
}

void LiveSink::clear() { tell_all(Command::Kind::kClear); }

void LiveSink::end() { stop(Command::Kind::kEnd); }

void LiveSink::close() { stop(Command::Kind::kClose); }

void LiveSink::stop(Command::Kind how) {
  const std::lock_guard lock(mutex_);
  release_held(monotonic_now());
  ending_ = true;
  writer_.reset();
  tell_all(how);
  wake_reader();
}

SinkStats LiveSink::stats() {
  SinkStats stats;
  for (const Place& place : shards_) {
    const Totals& totals = place.shard->totals();
    stats.bytes_served += totals.bytes_served.load(std::memory_order_relaxed);
    stats.frames_queued = std::max(stats.frames_queued, totals.frames_queued.load(std::memory_order_relaxed));
    stats.bytes_queued = std::max(stats.bytes_queued, totals.bytes_queued.load(std::memory_order_relaxed));
    stats.bytes_held = std::max(stats.bytes_held, totals.bytes_held.load(std::memory_order_relaxed));
    stats.sends += totals.sends.load(std::memory_order_relaxed);
    stats.time_queued = std::max(stats.time_queued, totals.time_queued.load(std::memory_order_relaxed));
    for (size_t i = 0; i < kClientStates; ++i) {
      stats.by_state[i] += totals.by_state[i].load(std::memory_order_relaxed);
    }
  }
  const std::lock_guard lock(mutex_);
  stats.bytes_to_serve = stamper_.bytes();
  return stats;
}

}  // namespace flumen
