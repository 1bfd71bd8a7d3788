// A random life of one shard: options, operations and peers are decided by Choices, every step is held
// against the model. The simulation runs it from seeds, the fuzzer from bytes.
#pragma once

#include <deque>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "core/timeline/header_filter.h"
#include "test/choices.h"
#include "test/model.h"
#include "test/model_filter.h"
#include "test/rig.h"
#include "test/world_counts.h"

namespace flumen::test {

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
  /// What the recover policy wants of a client.
  struct Move {
    bool moves = false;
    bool waits = false;  // for the next key frame
    uint64_t to = 0;
    uint64_t mark = 0;  // what it notes of its recovery by key frame; 0: nothing
  };

  // Operations (world.cc).
  void step();
  void add_client();
  void remove_client();
  void change_rules();
  void let_time_pass(Nanos time);
  void release_some();
  void settle();

  // What peers do (world_peers.cc).
  void peer_acts();
  void peer_ends(ModelPeer& peer);
  void peer_talks(ModelPeer& peer);
  void peers_read(Nanos time);

  // The stream (world_stream.cc).
  void append_some();
  void append_in_band();
  void push(const uint8_t* data, uint32_t size, uint8_t flags);
  void come_out(std::vector<HeaderFilter::Held> frames, std::vector<ModelFilter::Pushed> expected);
  void change_headers();
  void change_texts();
  void new_state(StateRef state, ModelState model);
  void append_event();
  void flush_filter();
  ModelPeer* random_peer();
  ModelPeer* peer_of(const Client* client);

  // Rules (world_rules.cc).
  const LagRule& lag_of(const ModelPeer& peer) const;
  const StartRule& start_of(const ModelPeer& peer) const;
  void place(ModelPeer& peer);
  void start_awaiting();
  uint64_t allowed(const ModelPeer& peer, Amount limit) const;
  bool over(const ModelPeer& peer, Amount limit) const;
  Move move_of(const ModelPeer& peer) const;
  void recover(ModelPeer& peer, const Move& move);
  uint64_t needed_for_newcomers() const;

  // Time (world_time.cc).
  static Nanos deadline_from(Nanos now, Choices& choices);
  void change_deadline();
  void expire();
  void check_timeout(ModelPeer& peer);
  void check_time(const ModelPeer& peer);

  // The end (world_end.cc).
  void finale();
  void end_all(bool close);
  void wind_up();
  void check_finished();
  void check_nothing_left();

  // Checks (world_check.cc).
  void saw_write(int fd, std::span<const iovec> offered, int64_t result);
  void saw_read(int fd, size_t bytes);
  void saw_close(int fd);
  void saw_event(Client* client, const IoEvent& event);
  void saw_event_through(Client* client, const IoEvent& event);
  void saw_removal(Client* client);
  void check_reason(ModelPeer& peer);
  void check_slow(const ModelPeer& peer);
  void after_tick();
  void follow(ModelPeer& peer, uint64_t held_now);
  void after_settle();
  void check_position(const ModelPeer& peer, const Client& client);
  void check_heard(const ModelPeer& peer);
  void check_caught_up(const ModelPeer& peer);
  void check_retention();
  uint64_t held() const;
  void note_run(const ModelPeer& peer);
  void problem(const std::string& what);
  void problem(const ModelPeer& peer, const std::string& what);
  void print(const std::string& what) const;
  /// A line of the trace. Its parts are put together only when there is one.
  template <typename... Parts>
  void say(const Parts&... parts) const {
    if (!trace_) return;
    std::ostringstream text;
    (text << ... << parts);
    print(text.str());
  }

  Choices& choices_;
  bool trace_;
  SinkOptions options_;
  Rig rig_;
  ModelStream stream_;
  std::deque<ModelState> states_;  // all that ever were; the last is in force
  ModelState unknown_;             // while there is none
  StateRef state_;
  std::string events_;  // that go out with the next frame
  uint64_t gdp_here_ = 0;
  std::map<const void*, uint64_t> runs_;  // bytes of a state that clients share: the longest run to each end
  HeaderFilter filter_;
  ModelFilter model_filter_;
  std::deque<ModelPeer> peers_;         // all that ever were, in order of their descriptors
  std::vector<ModelPeer*> unreleased_;  // gone, slot not given back
  std::vector<ModelPeer*> here_;
  std::vector<std::string> problems_;
  WorldCounts counts_;
  bool timed_ = false;
  uint64_t gop_ = 1;  // one in so many frames is a key frame; 0: none is
  Nanos dts_ = 0;
  bool keeps_bursts_ = true;  // as of the last tick
  Nanos late_at_ =
      0;  // when the loop last came late: a sweep under way then went on, and frames behind it wait
  bool ending_ = false;
  Nanos close_at_ = kNever;
  uint64_t closes_seen_ = 0;
  uint64_t accepted_ = 0;
};

}  // namespace flumen::test
