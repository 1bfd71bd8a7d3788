// Loops, sinks and sources as the addon holds them, for tests with real threads: an environment that drains
// its outbox, and peers on the other end of real sockets whose bytes are checked.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/loop/live_sink.h"
#include "core/sys/clock.h"

namespace flumen::test {

class LiveEnv : public Bell {
 public:
  explicit LiveEnv(size_t loops);
  ~LiveEnv() override { stop(); }

  LiveSink& open_sink(const SinkOptions& options);
  /// Gives `fd`'s duplicate to a fresh source on the next loop (or the file loop); returns its id.
  uint32_t attach(LiveSink& sink, int fd, Feed feed);
  void close_source(uint32_t id);

  void ring() override;
  /// Handles what the loops have told, waiting for it; false when nothing came for ten seconds.
  bool drain();
  void drain_until(const std::function<bool()>& done);
  void stop();

  Ledger ledger;
  Outbox outbox{*this};
  LoopPool pool{outbox, ledger};
  std::map<uint32_t, std::shared_ptr<LiveSink>> sinks;
  std::map<int, Reason> left;   // by the tests' key, see `keys`
  std::map<int, Error> errors;  // … with Reason::kError
  std::map<Client*, int> keys;
  std::map<int, std::string> heard;  // what clients have sent, by the same key
  std::vector<Notice> notices;
  size_t sinks_finished = 0;

 private:
  std::mutex mutex_;
  std::condition_variable rung_;
  bool pending_ = false;
  uint32_t next_id_ = 1;
  std::map<uint32_t, std::pair<FdSource*, Loop*>> sources_;
};

/// As push() of JavaScript, without metadata.
inline bool push(LiveSink& sink, const std::string& frame) {
  return sink.push({reinterpret_cast<const uint8_t*>(frame.data()), frame.size()}, FrameInfo{},
                   monotonic_now());
}

/// Frame number `seq`: its number and size, then bytes that belong to it alone.
std::string numbered_frame(uint64_t seq);
/// What is wrong with `bytes` as a run of numbered frames, or "". `first` and `next` tell which frames they
/// were; a torn last frame is wrong unless `torn` is allowed.
std::string check_frames(const std::string& bytes, bool torn, uint64_t& first, uint64_t& next);

/// A thread that reads many sockets to their ends, some of them slowly.
class Readers {
 public:
  Readers() = default;
  ~Readers() { finish(); }

  /// Takes over `fd`; `pause_us` between reads. Returns its key.
  int add(int fd, int pause_us = 0);
  /// Waits for the ends of all streams; closes them.
  void finish();
  const std::string& bytes(int key) const { return *received_[static_cast<size_t>(key)]; }

 private:
  std::deque<std::unique_ptr<std::string>> received_;
  std::vector<std::thread> threads_;
};

}  // namespace flumen::test
