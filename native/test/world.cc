// What happens in a World: its options and its operations.
#include "test/world.h"

#include <algorithm>
#include <cstdio>

namespace flumen::test {

World::World(Choices& choices, bool trace)
    : choices_(choices), trace_(trace), options_(options_from(choices)), rig_(options_) {
  rig_.io.record = false;
  rig_.io.events_per_wait = choices.one_in(3) ? choices.between(1, 8) : 512;
  const StickyPackets unknown = sticky_packets({}, {}, options_.checksums, rig_.ledger);
  for (size_t i = 0; i < ModelState::kParts; ++i) {
    const BlockSlice part = unknown.part(i);
    unknown_.parts[i].assign(reinterpret_cast<const char*>(part.data()), part.size);
  }
  timed_ = choices.one_in(2);
  constexpr uint64_t kGops[] = {1, 1, 4, 12, 40, 0};
  gop_ = kGops[choices.below(6)];
  rig_.io.on_write = [this](int fd, std::span<const iovec> offered, int64_t result) {
    saw_write(fd, offered, result);
  };
  rig_.io.on_read = [this](int fd, size_t bytes) { saw_read(fd, bytes); };
  rig_.io.on_close = [this](int fd) { saw_close(fd); };
  rig_.event_hook = [this](Client* client, const IoEvent& event) { saw_event(client, event); };
  rig_.event_after_hook = [this](Client* client, const IoEvent& event) { saw_event_through(client, event); };
  rig_.removed_hook = [this](Client* client) { saw_removal(client); };
  rig_.before_tick_hook = [this] { expire(); };
  rig_.tick_hook = [this] { after_tick(); };
}

World::~World() = default;

bool World::run() {
  say(trace_ ? describe() : "");
  if (choices_.one_in(3)) change_headers();
  if (choices_.one_in(3)) change_texts();
  if (choices_.one_in(2)) append_some();
  // Now and then a crowd, for the limits that count clients (sends and closes a turn, slots).
  uint64_t crowd = choices_.between(0, 12);
  if (!choices_.from_bytes() && choices_.one_in(100)) {
    crowd = choices_.one_in(4) ? choices_.between(1050, 1300) : choices_.between(200, 700);
  }
  for (uint64_t i = 0; i < crowd; ++i) add_client();
  const uint64_t steps = choices_.from_bytes() ? 2000 : choices_.between(30, crowd > 100 ? 60 : 200);
  for (uint64_t i = 0; i < steps && !choices_.exhausted() && problems_.empty(); ++i) step();
  if (problems_.empty()) finale();
  const FakeCounts& io = rig_.io.counts;
  counts_.short_writes = io.short_writes;
  counts_.eagains = io.eagains;
  counts_.resets = io.resets;
  counts_.fins = io.fins;
  counts_.turns = rig_.turns;
  counts_.clients = peers_.size();
  counts_.frames = stream_.next();
  counts_.bytes = accepted_;
  for (const std::string& violation : rig_.io.violations) problem("kernel: " + violation);
  return problems_.empty();
}

void World::step() {
  ++counts_.operations;
  const uint64_t what = choices_.below(100);
  if (what < 30) {
    append_some();
  } else if (what < 33) {
    append_in_band();
  } else if (what < 36) {
    choices_.one_in(3) ? change_headers() : choices_.one_in(2) ? change_texts() : append_event();
  } else if (what < 43) {
    add_client();
  } else if (what < 46) {
    remove_client();
  } else if (what < 47) {
    choices_.one_in(2) ? change_rules() : change_deadline();
  } else if (what < 70) {
    peer_acts();
  } else if (what < 71 && choices_.one_in(3)) {
    say("clear");
    for (ModelPeer* peer : here_) peer->remove_asked = true;
    rig_.shard->clear(rig_.now);
  } else if (what < 74) {
    release_some();
  } else if (what < 80) {
    rig_.turn();
  } else {
    constexpr uint64_t kSpans[] = {0, 1, 10, 60, 250, 1000, 5000};
    let_time_pass(static_cast<Nanos>(choices_.below(kSpans[choices_.below(7)] * 1000 + 1)) * kMicrosecond);
  }
}

void World::add_client() {
  ModelPeer peer;
  const uint64_t kind = choices_.below(12);
  peer.kind = kind == 0 ? FdKind::kPipe : kind == 1 ? FdKind::kFile : FdKind::kSocket;
  constexpr Framing kFramings[] = {Framing::kRaw, Framing::kRaw,       Framing::kChunked,
                                   Framing::kIcy, Framing::kWebsocket, Framing::kWebsocket};
  peer.framing = kFramings[choices_.below(6)];
  peer.told.gdp = peer.framing != Framing::kIcy && choices_.one_in(3);
  peer.told.unknown = &unknown_;
  // Few short ones: a write takes not more than some dozens of blocks.
  if (peer.framing == Framing::kIcy) {
    const bool is_short = choices_.one_in(12);
    peer.icy.interval = peer.icy.left = is_short ? choices_.between(1, 100) : choices_.between(1000, 16'000);
  }
  if (peer.framing == Framing::kWebsocket) peer.kind = FdKind::kSocket;
  peer.told.resend = !choices_.one_in(4);
  if (choices_.one_in(3)) peer.prologue = pattern(choices_.between(1, 4000), peers_.size());
  constexpr size_t kCapacities[] = {300, 4 * kKiB, 64 * kKiB, 512 * kKiB};
  peer.appetite = choices_.one_in(3) ? kMiB : choices_.one_in(2) ? choices_.below(4000) : 0;
  ClientSetup setup{peer.kind, kCapacities[choices_.below(4)], peer.framing, peer.prologue};
  setup.icy_interval = static_cast<uint32_t>(peer.icy.interval);
  setup.gdp = peer.told.gdp;
  peer.client = rig_.reserve(setup);
  peer.client->resend_headers = peer.told.resend;
  peer.fd = rig_.fd_of(peer.client);
  if (peer.kind == FdKind::kFile && choices_.one_in(2))
    rig_.io.at(peer.fd).disk_left = choices_.below(100'000);
  if (choices_.one_in(3)) {
    const uint64_t which = choices_.between(1, 3);
    if ((which & 1) != 0) peer.rules.start = start_from(choices_);
    if ((which & 2) != 0) peer.rules.lag = lag_from(choices_, options_.flush_interval);
    peer.client->rules = std::make_unique<ClientRules>(peer.rules);
    ++counts_.rules;
  }
  if (options_.position_on_push) {
    peer.start = peer.seq = peer.cursor = stream_.next();
    peer.await = Await::kFrame;
  } else {
    place(peer);
  }
  peer.deadline = peer.client->deadline = deadline_from(rig_.now, choices_);
  peer.active_at = rig_.now;
  peer.late = ending_;
  if (peer.framing == Framing::kChunked) ++counts_.chunked;
  if (peer.framing == Framing::kWebsocket) ++counts_.websockets;
  if (peer.framing == Framing::kIcy) ++counts_.icy;
  if (peer.told.gdp) {
    ++counts_.gdp;
    if (++gdp_here_ == 1) stream_.pack(true, rig_.shard->timeline().tail());
  }
  peers_.push_back(std::move(peer));
  here_.push_back(&peers_.back());
  const ModelPeer& added = peers_.back();
  say("add ", added.fd, " kind ", static_cast<int>(added.kind), " framing ", static_cast<int>(added.framing),
      " start ", added.start, added.await == Await::kNothing ? "" : ", waits");
  if (choices_.one_in(100) && added.kind != FdKind::kFile) rig_.io.fail_watch = 12;  // ENOMEM
  rig_.shard->add(added.client, rig_.now);
}

ModelPeer* World::random_peer() { return here_.empty() ? nullptr : here_[choices_.below(here_.size())]; }

ModelPeer* World::peer_of(const Client* client) {
  const int fd = rig_.fd_of(client);
  return fd >= 0 && static_cast<size_t>(fd) < peers_.size() ? &peers_[static_cast<size_t>(fd)] : nullptr;
}

void World::remove_client() {
  // A remove that comes late must do nothing.
  if (!unreleased_.empty() && choices_.one_in(3)) rig_.shard->remove(unreleased_.front()->client, rig_.now);
  ModelPeer* peer = random_peer();
  if (peer == nullptr) return;
  const bool flush = choices_.one_in(2);
  say(flush ? "flush " : "remove ", peer->fd);
  if (flush) {
    if (peer->end_at(stream_.next(), Reason::kRemoved)) peer->flush_asked = true;
  } else {
    peer->remove_asked = true;
  }
  rig_.shard->remove(peer->client, rig_.now, flush);
}

void World::change_rules() {
  options_.lag = lag_from(choices_, options_.flush_interval);
  say("rules: ", trace_ ? describe() : "");
  rig_.shard->set_lag(options_.lag);
}

void World::release_some() {
  while (!unreleased_.empty() && !choices_.one_in(4)) {
    rig_.release(unreleased_.back()->client);
    unreleased_.back()->client = nullptr;
    unreleased_.pop_back();
  }
}

void World::let_time_pass(Nanos time) {
  const Nanos until = rig_.now + time;
  say("time ", time / kMicrosecond, " us");
  // A loop that comes late is as legal as one on time.
  if (choices_.one_in(10)) {
    rig_.now = late_at_ = until;
    peers_read(time);
    settle();
    return;
  }
  while (rig_.now < until && problems_.empty()) {
    settle();
    const Nanos next = std::min({until, rig_.shard->deadline(), rig_.now + std::max(time / 4, kMillisecond)});
    const Nanos piece = std::max<Nanos>(next - rig_.now, 1);
    rig_.now += piece;
    peers_read(piece);
  }
  settle();
}

void World::settle() {
  rig_.settle();
  after_settle();
}

}  // namespace flumen::test
