// One round of the churn: a fresh environment and sink, a producer, a crowd that comes and goes; at its end
// everything that came is held against what was to come. The main thread is the environment's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "test/churn_crowd.h"
#include "test/live.h"

namespace flumen::test {

struct ChurnTotals {
  uint64_t rounds = 0, joined = 0, most = 0, pushed = 0, states = 0, copies = 0;
  std::array<uint64_t, 7> reasons{};  // by Reason
  uint64_t frames = 0, bytes = 0, header_sets = 0, jumps = 0, pongs = 0, closes = 0;
  uint64_t eofs = 0, resets = 0, hung_up = 0, torn_by_cut = 0;
  uint64_t problems = 0;

  void print() const;
};

class ChurnRound {
 public:
  ChurnRound(uint64_t seed, size_t clients, ChurnTotals& totals);

  /// Lives for `time`, then ends. False when anything was wrong; it has been printed.
  bool run(Nanos time);

 private:
  struct Joined {
    Client* client = nullptr;
    FdKind kind = FdKind::kSocket;
    Framing framing = Framing::kRaw;
    RecoverPolicy recover = RecoverPolicy::kNone;
    bool unix_socket = false;
    bool cut = false;      // remove() was called, or clear()
    bool flushed = false;  // remove({ flush }) was called
    bool here = true;
    Reason reason = Reason::kNone;
    bool has_outcome = false;
    ChurnOutcome outcome;
  };

  void produce();
  void join_one();
  void remove_one();
  void change_limits();
  void settle_accounts(bool block);
  void wind_up();
  void wait_for_ends();
  void judge(uint32_t id, const Joined& one);
  std::string verdict(const Joined& one) const;
  void count(const Joined& one);
  void problem(const std::string& what);

  Choices choices_;
  size_t clients_;
  ChurnTotals& totals_;
  SinkOptions options_;
  ChurnStream stream_;  // the producer's
  std::atomic<bool> stop_{false};
  std::map<uint32_t, Joined> joined_;
  std::vector<uint32_t> here_;
  bool closed_ = false;
  uint64_t problems_ = 0;
  std::unique_ptr<LiveEnv> env_;
  LiveSink* sink_ = nullptr;
  std::unique_ptr<ChurnCrowd> crowd_;
};

}  // namespace flumen::test
