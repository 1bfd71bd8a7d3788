// What happened in a World, so that a run can show that it tried what it is for.
#pragma once

#include <cstdint>

namespace flumen::test {

struct WorldCounts {
  uint64_t operations = 0, clients = 0, frames = 0, bytes = 0, turns = 0;
  uint64_t short_writes = 0, eagains = 0, resets = 0, fins = 0, errors = 0;
  uint64_t slow = 0, stalls = 0, caps = 0, flushes = 0, expired = 0;
  uint64_t to_latest = 0, to_soft = 0, to_key = 0, key_waits = 0, by_push = 0, rules = 0;
  uint64_t chunked = 0, websockets = 0;
  uint64_t headers = 0, headers_cut = 0, headers_jumped = 0, headers_kept = 0, copies = 0, held_back = 0;
  uint64_t gdp = 0, events = 0, parts_told = 0, parts_apart = 0, packets_cut = 0, packet_rests = 0;
  uint64_t icy = 0, titles = 0, blocks_cut = 0, block_rests = 0, headers_spliced = 0;
  uint64_t pings = 0, pongs = 0, pongs_cut = 0, goodbyes = 0, nonsense = 0, answered = 0;

  void add(const WorldCounts& other);
};

/// A count by the name that a report gives it.
struct NamedCount {
  const char* name;
  uint64_t WorldCounts::*count;
  bool wanted;  // a batch of lives without one has shown nothing
};

inline constexpr NamedCount kWorldCounts[] = {
    {"operations", &WorldCounts::operations, true},
    {"clients", &WorldCounts::clients, true},
    {"frames", &WorldCounts::frames, true},
    {"bytes", &WorldCounts::bytes, true},
    {"turns", &WorldCounts::turns, true},
    {"short writes", &WorldCounts::short_writes, true},
    {"EAGAIN", &WorldCounts::eagains, true},
    {"resets", &WorldCounts::resets, true},
    {"FIN", &WorldCounts::fins, true},
    {"errors", &WorldCounts::errors, true},
    {"slow", &WorldCounts::slow, true},
    {"stalls", &WorldCounts::stalls, true},
    {"cap", &WorldCounts::caps, true},
    {"flush removals", &WorldCounts::flushes, true},
    {"times over", &WorldCounts::expired, true},
    {"recovered to latest", &WorldCounts::to_latest, true},
    {"to the soft limit", &WorldCounts::to_soft, true},
    {"to a key frame", &WorldCounts::to_key, true},
    {"waits for key frames", &WorldCounts::key_waits, true},
    {"positions by push", &WorldCounts::by_push, true},
    {"rules of their own", &WorldCounts::rules, true},
    {"chunked", &WorldCounts::chunked, true},
    {"WebSockets", &WorldCounts::websockets, true},
    {"headers sent", &WorldCounts::headers, true},
    {"headers cut by the kernel", &WorldCounts::headers_cut, true},
    {"states jumped over", &WorldCounts::headers_jumped, true},
    {"headers kept from them", &WorldCounts::headers_kept, true},
    {"in-band copies left out", &WorldCounts::copies, true},
    {"frames held back in vain", &WorldCounts::held_back, true},
    {"GDP", &WorldCounts::gdp, true},
    {"events", &WorldCounts::events, true},
    {"parts of states told", &WorldCounts::parts_told, true},
    {"parts apart", &WorldCounts::parts_apart, true},
    {"packet headers cut by the kernel", &WorldCounts::packets_cut, true},
    {"rests of packet headers", &WorldCounts::packet_rests, true},
    {"ICY listeners", &WorldCounts::icy, true},
    {"titles told", &WorldCounts::titles, true},
    {"titles cut by the kernel", &WorldCounts::blocks_cut, true},
    {"rests with blocks in them", &WorldCounts::block_rests, true},
    {"headers with blocks in them", &WorldCounts::headers_spliced, true},
    {"pings", &WorldCounts::pings, true},
    {"pongs", &WorldCounts::pongs, true},
    {"pongs cut by the kernel", &WorldCounts::pongs_cut, true},
    {"closes heard", &WorldCounts::goodbyes, true},
    {"protocols broken", &WorldCounts::nonsense, true},
    {"closes answered", &WorldCounts::answered, true},
};

inline void WorldCounts::add(const WorldCounts& other) {
  for (const NamedCount& one : kWorldCounts) this->*one.count += other.*one.count;
}

}  // namespace flumen::test
