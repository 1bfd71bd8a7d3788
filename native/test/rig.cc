#include "test/rig.h"

#include <algorithm>
#include <cstring>

namespace flumen::test {

Rig::Rig(const SinkOptions& options, const RigStart& start)
    : now(start.now), stamper(start.frames, start.bytes, start.time) {
  newest.frames = start.frames;
  newest.bytes = start.bytes;
  newest.time = start.time;
  if (options.pace == PaceRule::kWait) pace = std::make_unique<Pace>(1, *this);
  shard = std::make_unique<Shard>(options, io, *this, ledger, ShardPlace{&newest, pace.get(), 0});
}

Rig::~Rig() = default;

BlockSlice Rig::copy(std::string_view bytes) {
  return writer->copy({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

uint64_t Rig::append(std::string_view bytes, FrameInfo info) { return append(copy(bytes), info, state); }

uint64_t Rig::append(BlockSlice bytes, const FrameInfo& info, const StateRef& of, BlockSlice events) {
  Frame frame;
  frame.bytes = std::move(bytes);
  frame.info = info;
  frame.state = of;
  frame.packet = std::move(events);
  stamp(frame);
  const uint64_t seq = frame.seq;
  shard->append(std::move(frame), now);
  return seq;
}

void Rig::stamp(Frame& frame) {
  stamper.stamp(frame, now);
  newest.frames = stamper.next();
  newest.bytes = stamper.bytes();
  newest.time = stamper.time();
}

bool Rig::push(std::string_view bytes, FrameInfo info) {
  append(bytes, info);
  const Pace::Point point{{stamper.next(), stamper.bytes(), static_cast<uint64_t>(stamper.time())}};
  return !pace || pace->pass(Pace::kPush, point);
}

Client* Rig::reserve(const ClientSetup& setup) {
  Client* client = roster->reserve();
  if (pace) pace->announce(0);
  client->shard = shard.get();
  client->kind = setup.kind;
  client->framing = setup.framing;
  if (setup.framing == Framing::kIcy) {
    client->icy = std::make_unique<IcyListener>(IcyListener{setup.icy_interval, {}});
    client->until_block = setup.icy_interval;
  }
  if (setup.gdp) client->gdp = std::make_unique<GdpReceiver>();
  client->fd = io.open(setup.kind, setup.capacity);
  client->deadline = setup.deadline;
  if (setup.wants_input) client->input = std::make_unique<ClientInput>();
  if (!setup.prologue.empty()) {
    client->prologue = copy_to_slice(
        ledger, {reinterpret_cast<const uint8_t*>(setup.prologue.data()), setup.prologue.size()});
  }
  if (fds_.size() <= client->index) fds_.resize(client->index + 1, -1);
  fds_[client->index] = client->fd;
  return client;
}

Client* Rig::add(const ClientSetup& setup) {
  Client* client = reserve(setup);
  shard->add(client, now);
  return client;
}

void Rig::release(Client* client) { roster->release(client); }

bool Rig::events() {
  io.settle();
  const std::span<const IoEvent> events = io.wait(now, now);
  for (const IoEvent& event : events) {
    auto* client = reinterpret_cast<Client*>(event.token);
    if (event_hook) event_hook(client, event);
    shard->on_event(client, event, now);
    if (event_after_hook) event_after_hook(client, event);
  }
  return !events.empty();
}

bool Rig::tick_if_due() {
  if (shard->deadline() > now) return false;
  const uint64_t closes = io.counts.closes;
  if (before_tick_hook) before_tick_hook();
  shard->tick(now);
  most_closes = std::max(most_closes, io.counts.closes - closes);
  ++turns;
  if (tick_hook) tick_hook();
  return true;
}

bool Rig::turn() {
  const bool told = events();
  return tick_if_due() || told;
}

void Rig::settle() {
  for (int i = 0; i < 100'000; ++i) {
    if (!turn()) return;
  }
  io.violations.push_back("the shard never comes to rest");
}

void Rig::pass(Nanos time) {
  const Nanos until = now + time;
  settle();
  while (shard->deadline() <= until) {
    now = std::max(now, shard->deadline());
    settle();
  }
  now = until;
  settle();
}

std::string Rig::received(int fd) const {
  const std::vector<uint8_t>& bytes = io.at(fd).recorded;
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

int Rig::fd_of(const Client* client) const { return fds_[client->index]; }

Reason Rig::reason_of(const Client* client) const {
  for (const Removal& removal : removals) {
    if (removal.client == client) return removal.reason;
  }
  return Reason::kNone;
}

void Rig::on_removed(Client* client) {
  removals.push_back({client, client->reason, now, client->error});
  if (removed_hook) removed_hook(client);
}

void Rig::on_input(Client* client, BlockSlice bytes) {
  if (reason_of(client) != Reason::kNone) io.violations.push_back("input of a client that has left");
  heard.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size);
}

void Rig::on_finished(Shard*) { ++finished; }

std::string pattern(size_t count, uint64_t seed) {
  std::string bytes(count, '\0');
  uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
  for (char& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

}  // namespace flumen::test
