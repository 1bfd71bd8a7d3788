// A random life of one shard: options, operations and peers are decided by Choices, every step is held
// against the model. The simulation runs it from seeds, the fuzzer from bytes.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "test/choices.h"
#include "test/model.h"
#include "test/rig.h"

namespace flumen::test {

/// What happened, so that a run can show that it tried what it is for.
struct WorldCounts {
  uint64_t short_writes = 0, eagains = 0, resets = 0, slow = 0, stalls = 0, caps = 0, fins = 0;
  uint64_t clients = 0, frames = 0, bytes = 0, turns = 0, errors = 0, chunked = 0;
  uint64_t to_latest = 0, to_soft = 0, to_key = 0, key_waits = 0, by_push = 0, flushes = 0, rules = 0;

  void add(const WorldCounts& other);
};

class World {
 public:
  explicit World(Choices& choices, bool trace = false);
  ~World();

  /// Lives to the end. True when nothing was wrong.
  bool run();
  const std::vector<std::string>& problems() const { return problems_; }
  const WorldCounts& counts() const { return counts_; }
  std::string describe() const;

  // What is random about rules (world_rules.cc).
  static SinkOptions options_from(Choices& choices);
  static StartRule start_from(Choices& choices);
  static LagRule lag_from(Choices& choices, Nanos flush_interval);

 private:
  // Operations (world.cc).
  void step();
  void append_some();
  void append_one(uint32_t size);
  void add_client();
  void remove_client();
  void change_rules();
  void peer_acts();
  void peer_ends(ModelPeer& peer);
  void let_time_pass(Nanos time);
  void peers_read(Nanos time);
  void release_some();
  void settle();
  ModelPeer* random_peer();
  ModelPeer* peer_of(const Client* client);

  // Rules (world_rules.cc).
  const LagRule& lag_of(const ModelPeer& peer) const;
  const StartRule& start_of(const ModelPeer& peer) const;
  void place(ModelPeer& peer);
  void start_awaiting();
  uint64_t allowed(const ModelPeer& peer, Amount limit) const;
  bool over(const ModelPeer& peer, Amount limit) const;
  void recover(ModelPeer& peer, WorldCounts& counts) const;
  uint64_t needed_for_newcomers() const;

  // The end (world_end.cc).
  void finale();
  void end_all(bool close);
  void wind_up();
  void check_finished();
  void check_nothing_left();

  // Checks (world_check.cc).
  void saw_write(int fd, size_t offered, int64_t result, std::span<const uint8_t> bytes);
  void saw_close(int fd);
  void saw_event(Client* client, const IoEvent& event);
  void saw_removal(Client* client);
  void check_reason(ModelPeer& peer);
  void check_slow(const ModelPeer& peer);
  void after_tick();
  void follow(ModelPeer& peer, uint64_t held_now);
  void after_settle();
  void check_caught_up(const ModelPeer& peer);
  void check_retention();
  uint64_t held() const;
  void problem(const std::string& what);
  void problem(const ModelPeer& peer, const std::string& what);
  void say(const std::string& what) const;

  Choices& choices_;
  bool trace_;
  SinkOptions options_;
  Rig rig_;
  ModelStream stream_;
  std::deque<ModelPeer> peers_;         // all that ever were, in order of their descriptors
  std::vector<ModelPeer*> unreleased_;  // gone, slot not given back
  std::vector<ModelPeer*> here_;
  std::vector<std::string> problems_;
  WorldCounts counts_;
  bool timed_ = false;
  uint64_t gop_ = 1;  // one in so many frames is a key frame; 0: none is
  Nanos dts_ = 0;
  bool keeps_bursts_ = true;  // as of the last tick
  bool ending_ = false;
  Nanos close_at_ = kNever;
  uint64_t prologue_sizes_ = 0;
  uint64_t closes_seen_ = 0;
  uint64_t accepted_ = 0;
};

}  // namespace flumen::test
