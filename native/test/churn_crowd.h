// The receiving ends of the churn: one thread with an epoll of its own that reads, stalls, sips, pings and
// hangs up at random.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/units.h"
#include "test/churn_peer.h"

namespace flumen::test {

class ChurnCrowd {
 public:
  explicit ChurnCrowd(uint64_t seed);
  ~ChurnCrowd();

  // Any thread.
  void join(std::unique_ptr<ChurnPeer> peer);
  /// The stream ends: from now on all read as fast as they can, and nobody hangs up.
  void hurry();
  /// What all of them have read so far.
  uint64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }
  /// Who has left since the last call.
  std::map<uint32_t, ChurnOutcome> take_outcomes();

 private:
  enum class Mode : uint8_t { kReads, kSips, kStalls };
  struct Place {
    std::unique_ptr<ChurnPeer> peer;
    Mode mode = Mode::kStalls;
    Nanos mode_until = 0;
    Nanos leaves_at = 0;
    size_t sip = 0;
    bool watched = false;
  };

  void run();
  void let_in();
  void look_at_all(Nanos now);
  void change_mode(Place& place, Nanos now);
  void speak(Place& place);
  static bool say(ChurnPeer& peer, const std::string& text);
  bool leave(Place& place);
  void watch(Place& place, bool wanted);
  bool read_some(Place& place, size_t most);
  void finish(uint32_t id, ChurnOutcome::End end);

  Choices choices_;
  int epoll_;
  std::map<uint32_t, Place> places_;  // the thread's own
  std::atomic<uint64_t> bytes_read_{0};

  std::mutex mutex_;  // what follows
  std::vector<std::unique_ptr<ChurnPeer>> joining_;
  std::map<uint32_t, ChurnOutcome> outcomes_;
  bool hurrying_ = false;
  bool stopping_ = false;
  bool hurries_ = false;  // the thread's copy
  std::thread thread_;
};

}  // namespace flumen::test
