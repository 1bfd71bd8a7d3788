// The listeners of a simulated month.
#include <algorithm>

#include "test/months_life.h"
#include "test/naive_wire.h"

namespace flumen::test {

namespace {
// A peer that reads whatever comes, and one that has stopped reading.
constexpr size_t kReadsAll = size_t{1} << 50;
constexpr size_t kLast = 5000;

constexpr uint64_t bit(Reason reason) { return uint64_t{1} << static_cast<unsigned>(reason); }
}  // namespace

void MonthsLife::join(Nanos stay) {
  Listener listener;
  listener.number = counts_.listeners++;
  constexpr Framing kFramings[] = {Framing::kChunked, Framing::kWebsocket, Framing::kIcy};
  // Who is decoded byte by byte stays an hour at most.
  const bool flood_comes = rig_.now + 12 * kHour > flood_from_ && rig_.now < flood_until_;
  if (listener.number % 20 == 7 && !flood_comes) {
    listener.framing = kFramings[choices_.below(3)];
    listener.wire = std::make_unique<std::string>();
    stay = std::min<Nanos>(stay, kHour);
  }
  ClientSetup setup{.capacity = kReadsAll, .framing = listener.framing, .prologue = kMonthsHead};
  setup.icy_interval = 4000;
  const bool timed = choices_.one_in(6);
  if (timed) setup.deadline = rig_.now + std::max<Nanos>(stay, kSecond);
  listener.client = rig_.reserve(setup);
  // As ids wrap that count for months.
  listener.client->id = static_cast<uint32_t>(~uint32_t{0} - plan_.listeners / 2 + listener.number);
  if (listener.wire) listener.client->rules = std::make_unique<ClientRules>(ClientRules{StartRule{}, {}, {}});
  listener.fd = rig_.fd_of(listener.client);
  listener.head_left = kMonthsHead.size();
  listener.first = rig_.stamper.next();
  listener.wanted = timed ? bit(Reason::kTimeout) : 0;
  if (by_fd_.size() <= static_cast<size_t>(listener.fd)) by_fd_.resize(static_cast<size_t>(listener.fd) + 1);
  const uint64_t number = listener.number;
  Listener& here = listeners_[number] = std::move(listener);
  by_fd_[static_cast<size_t>(here.fd)] = &here;
  counts_.most_at_once = std::max<uint64_t>(counts_.most_at_once, listeners_.size());
  if (!timed) {
    constexpr Act kEnds[] = {Act::kFin, Act::kReset, Act::kRemove, Act::kFlushRemove};
    plan(number, rig_.now + stay, kEnds[choices_.below(4)]);
  }
  if (!here.wire && choices_.one_in(3)) {
    const Nanos at = rig_.now + static_cast<Nanos>(choices_.below(static_cast<uint64_t>(stay) + 1));
    plan(number, at, Act::kStall);
    plan(number, at + static_cast<Nanos>(choices_.below(180)) * kSecond, Act::kResume);
  }
  rig_.shard->add(here.client, rig_.now);
}

// Hundreds within a moment, for some minutes: as many as are missing by now.
void MonthsLife::rush() {
  const double done = static_cast<double>(rig_.now - began_) / static_cast<double>(ends_ - began_);
  const auto due = static_cast<uint64_t>(std::min(1.0, done + 0.1) * static_cast<double>(plan_.listeners));
  while (counts_.listeners < due) {
    join(static_cast<Nanos>(choices_.between(10, 600)) * kSecond);
    if (choices_.one_in(10)) push();
  }
}

void MonthsLife::plan(uint64_t number, Nanos at, Act act) { acts_.emplace(at, std::pair{number, act}); }

void MonthsLife::perform_due() {
  while (!acts_.empty() && acts_.begin()->first <= rig_.now) {
    const auto [number, act] = acts_.begin()->second;
    acts_.erase(acts_.begin());
    const auto found = listeners_.find(number);
    if (found != listeners_.end()) perform(found->second, act);
  }
  // Slots are drained and used again.
  for (Client* client : unreleased_) rig_.release(client);
  unreleased_.clear();
}

void MonthsLife::perform(Listener& listener, Act act) {
  FakeFd& fd = rig_.io.at(listener.fd);
  switch (act) {
    case Act::kStall:
      ++counts_.stalls;
      listener.stalled = listener.ever_stalled = true;
      fd.capacity = fd.queued + kLast;
      listener.wanted |= bit(Reason::kSlow);
      break;
    case Act::kResume:
      listener.stalled = false;
      fd.capacity = kReadsAll;
      break;
    case Act::kFin:
      listener.wanted |= bit(Reason::kClosed);
      rig_.io.peer_fin(listener.fd);
      break;
    case Act::kReset:
      listener.wanted |= bit(Reason::kClosed);
      rig_.io.peer_reset(listener.fd);
      break;
    case Act::kRemove:
    case Act::kFlushRemove:
      listener.wanted |= bit(Reason::kRemoved);
      rig_.shard->remove(listener.client, rig_.now, act == Act::kFlushRemove);
      break;
  }
}

void MonthsLife::saw_removal(Client* client) {
  Listener* listener = by_fd_[static_cast<size_t>(rig_.fd_of(client))];
  if (listener == nullptr || listener->client != client) {
    problem("a client was reported that is not here");
    return;
  }
  const std::string who = "listener " + std::to_string(listener->number) + ": ";
  const uint64_t accepted = rig_.io.at(listener->fd).accepted;
  if (client->bytes_sent != accepted) problem(who + "bytes_sent is not what was sent");
  if ((listener->wanted & bit(client->reason)) == 0)
    problem(who + "left with reason " + std::to_string(static_cast<int>(client->reason)));
  if (client->frames_dropped < listener->jumped) problem(who + "skipped more than it says");
  if (client->added_at > client->removed_at || client->removed_at != rig_.now)
    problem(who + "has wrong times");
  if (listener->wire) check_framed(*listener);
  ++counts_.left[static_cast<size_t>(client->reason)];
  counts_.most_accepted = std::max(counts_.most_accepted, accepted);
  if (accepted > uint64_t{1} << 32) ++counts_.over_4gib;
  if (client->frames_dropped > 0) ++counts_.recoveries;
  unreleased_.push_back(client);
  by_fd_[static_cast<size_t>(listener->fd)] = nullptr;
  listeners_.erase(listener->number);
}

/// What a framing carried is the stream from the frame that was due first, headers before each new state.
void MonthsLife::check_framed(const Listener& listener) {
  std::string_view wire = *listener.wire;
  const size_t head = std::min(wire.size(), kMonthsHead.size());
  if (wire.substr(0, head) != kMonthsHead.substr(0, head)) problem("no head in front of a framing");
  wire.remove_prefix(head);
  constexpr std::string_view kClose = "\x88\x02\x03\xe8";
  if (listener.framing == Framing::kWebsocket && wire.ends_with(kClose)) wire.remove_suffix(kClose.size());
  const Decoded decoded = naive_decode(listener.framing, wire, 4000);
  if (!decoded.wrong.empty()) problem(decoded.wrong);
  const std::string& media = decoded.media;
  uint64_t told = 0;
  size_t at = 0;
  const uint64_t oldest = rig_.stamper.next() - pushed_.size();
  for (uint64_t seq = listener.first; at < media.size(); ++seq) {
    const Pushed* frame = seq < oldest ? nullptr : pushed(seq);
    if (frame == nullptr) return problem("a framing carried more than there was");
    for (const std::string& piece :
         {frame->state == told ? std::string() : headers_[frame->state],
          std::string(reinterpret_cast<const char*>(content_of(seq)), frame->size)}) {
      const size_t there = std::min(piece.size(), media.size() - at);
      if (media.compare(at, there, piece, 0, there) != 0) return problem("a framing carried other bytes");
      at += there;
    }
    told = frame->state;
  }
}

}  // namespace flumen::test
