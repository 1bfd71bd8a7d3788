// What happens in a World: its options and its operations.
#include "test/world.h"

#include <algorithm>
#include <cstdio>

namespace flumen::test {

namespace {

constexpr uint32_t kBiggest = 200'000;

// Frames are windows of one block of noise, so that a byte in the wrong place is nearly always a wrong byte.
const std::string& noise() {
  static const std::string bytes = pattern(kBiggest + 64 * kKiB, 42);
  return bytes;
}

uint32_t frame_size(Choices& choices) {
  switch (choices.below(40)) {
    case 0:
      return static_cast<uint32_t>(choices.between(50'000, kBiggest));
    case 1:
    case 2:
      return static_cast<uint32_t>(choices.between(5'000, 20'000));
    case 3:
    case 4:
      return 0;
    default:
      return static_cast<uint32_t>(choices.between(1, 1500));
  }
}

}  // namespace

void WorldCounts::add(const WorldCounts& other) {
  short_writes += other.short_writes;
  eagains += other.eagains;
  resets += other.resets;
  slow += other.slow;
  stalls += other.stalls;
  caps += other.caps;
  fins += other.fins;
  clients += other.clients;
  frames += other.frames;
  bytes += other.bytes;
  turns += other.turns;
  errors += other.errors;
  chunked += other.chunked;
  to_latest += other.to_latest;
  to_soft += other.to_soft;
  to_key += other.to_key;
  key_waits += other.key_waits;
  by_push += other.by_push;
  flushes += other.flushes;
  rules += other.rules;
}

World::World(Choices& choices, bool trace)
    : choices_(choices), trace_(trace), options_(options_from(choices)), rig_(options_) {
  rig_.io.record = false;
  rig_.io.events_per_wait = choices.one_in(3) ? choices.between(1, 8) : 512;
  timed_ = choices.one_in(2);
  constexpr uint64_t kGops[] = {1, 1, 4, 12, 40, 0};
  gop_ = kGops[choices.below(6)];
  rig_.io.on_write = [this](int fd, size_t offered, int64_t result, std::span<const uint8_t> bytes) {
    saw_write(fd, offered, result, bytes);
  };
  rig_.io.on_close = [this](int fd) { saw_close(fd); };
  rig_.event_hook = [this](Client* client, const IoEvent& event) { saw_event(client, event); };
  rig_.removed_hook = [this](Client* client) { saw_removal(client); };
  rig_.tick_hook = [this] { after_tick(); };
}

World::~World() = default;

bool World::run() {
  say(describe());
  if (choices_.one_in(2)) append_some();
  // Now and then a crowd, for the limits that count clients (sends and closes a turn, slots).
  uint64_t crowd = choices_.between(0, 12);
  if (!choices_.from_bytes() && choices_.one_in(16)) {
    crowd = choices_.one_in(3) ? choices_.between(1050, 1300) : choices_.between(200, 700);
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
  const uint64_t what = choices_.below(100);
  if (what < 35) {
    append_some();
  } else if (what < 43) {
    add_client();
  } else if (what < 46) {
    remove_client();
  } else if (what < 47) {
    change_rules();
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

void World::append_some() {
  for (uint64_t i = choices_.between(1, 5); i > 0; --i) append_one(frame_size(choices_));
}

void World::append_one(uint32_t size) {
  const char* data = noise().data() + stream_.next() * 97 % (64 * kKiB);
  FrameInfo info;
  if (timed_ && !choices_.one_in(20)) {
    dts_ += choices_.one_in(30) ? 11 * kSecond : static_cast<Nanos>(choices_.below(100)) * kMillisecond;
    if (choices_.one_in(40)) dts_ -= 3 * kSecond;
    (choices_.one_in(2) ? info.dts : info.pts) = dts_;
  }
  if (gop_ == 0 || !choices_.one_in(gop_)) info.flags = FrameFlags::kDelta;
  stream_.append(reinterpret_cast<const uint8_t*>(data), size, info, rig_.now);
  rig_.append({data, size}, info);
  say("append " + std::to_string(stream_.next() - 1) + ", " + std::to_string(size) +
      (info.flags == 0 ? " bytes, key" : " bytes"));
  start_awaiting();
}

void World::add_client() {
  ModelPeer peer;
  const uint64_t kind = choices_.below(12);
  peer.kind = kind == 0 ? FdKind::kPipe : kind == 1 ? FdKind::kFile : FdKind::kSocket;
  peer.framing = choices_.one_in(3) ? Framing::kChunked : Framing::kRaw;
  if (choices_.one_in(3)) peer.prologue = pattern(choices_.between(1, 4000), peers_.size());
  constexpr size_t kCapacities[] = {300, 4 * kKiB, 64 * kKiB, 512 * kKiB};
  peer.appetite = choices_.one_in(3) ? kMiB : choices_.one_in(2) ? choices_.below(4000) : 0;
  ClientSetup setup{peer.kind, kCapacities[choices_.below(4)], peer.framing, peer.prologue};
  peer.client = rig_.reserve(setup);
  peer.fd = rig_.fd_of(peer.client);
  if (peer.kind == FdKind::kFile && choices_.one_in(2))
    rig_.io.at(peer.fd).disk_left = choices_.below(100'000);
  if (choices_.one_in(3)) {
    peer.own_rules = true;
    peer.rules = {start_from(choices_), lag_from(choices_, options_.flush_interval)};
    peer.client->rules = std::make_unique<ClientRules>(peer.rules);
    ++counts_.rules;
  }
  if (options_.position_on_push) {
    peer.start = peer.seq = peer.cursor = stream_.next();
    peer.await = Await::kFrame;
  } else {
    place(peer);
  }
  peer.late = ending_;
  if (peer.framing == Framing::kChunked) ++counts_.chunked;
  peers_.push_back(peer);
  here_.push_back(&peers_.back());
  say("add " + std::to_string(peer.fd) + " kind " + std::to_string(static_cast<int>(peer.kind)) + " start " +
      std::to_string(peer.start) + (peer.await == Await::kNothing ? "" : ", waits"));
  if (choices_.one_in(100) && peer.kind != FdKind::kFile) rig_.io.fail_watch = 12;  // ENOMEM
  rig_.shard->add(peers_.back().client, rig_.now);
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
  say((flush ? "flush " : "remove ") + std::to_string(peer->fd));
  if (flush) {
    if (peer->end_at(stream_.next(), Reason::kRemoved)) peer->flush_asked = true;
  } else {
    peer->remove_asked = true;
  }
  rig_.shard->remove(peer->client, rig_.now, flush);
}

void World::change_rules() {
  options_.lag = lag_from(choices_, options_.flush_interval);
  say("rules: " + describe());
  rig_.shard->set_lag(options_.lag);
}

void World::peer_acts() {
  ModelPeer* peer = random_peer();
  if (peer == nullptr) return;
  switch (choices_.below(10)) {
    case 0:
      peer->appetite = 0;
      break;
    case 1:
    case 2:
      peer->appetite = choices_.one_in(2) ? kMiB : choices_.between(1, 4000);
      break;
    case 3:
      rig_.io.squeeze(peer->fd);
      break;
    case 4:
      rig_.io.peer_send(peer->fd, choices_.between(1, 100'000));
      break;
    case 5:
      peer_ends(*peer);
      break;
    default:
      rig_.io.peer_read(peer->fd, choices_.between(1, 100'000));
  }
}

void World::peer_ends(ModelPeer& peer) {
  const uint64_t how = choices_.below(3);
  say("peer " + std::to_string(peer.fd) + " ends, " + std::to_string(how));
  if (how == 0) {
    rig_.io.peer_reset(peer.fd);
  } else if (how == 1) {
    rig_.io.peer_close(peer.fd);
  } else {
    rig_.io.peer_fin(peer.fd);
  }
}

void World::release_some() {
  while (!unreleased_.empty() && !choices_.one_in(4)) {
    rig_.release(unreleased_.back()->client);
    unreleased_.back()->client = nullptr;
    unreleased_.pop_back();
  }
}

void World::peers_read(Nanos time) {
  const auto ms = static_cast<size_t>(time / kMillisecond) + 1;
  for (ModelPeer* peer : here_) rig_.io.peer_read(peer->fd, peer->appetite * ms);
}

void World::let_time_pass(Nanos time) {
  const Nanos until = rig_.now + time;
  say("time " + std::to_string(time / kMicrosecond) + " us");
  // A loop that comes late is as legal as one on time.
  if (choices_.one_in(10)) {
    rig_.now = until;
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
