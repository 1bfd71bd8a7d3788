// Months of one sink: a shard on the fake kernel and a virtual clock, whose source jumps, pauses and comes
// back with other headers, and whose listeners come, stall and leave. Every write is held against what was
// pushed, by address where the core hands the pushed bytes themselves to the kernel, by content elsewhere;
// nothing is stored that would grow. One thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/choices.h"
#include "test/rig.h"

namespace flumen::test {

inline constexpr Nanos kHour = 3600 * kSecond;
/// Of frames.
inline constexpr Nanos kMonthsPeriod = 2 * kSecond;
/// What each listener gets first.
inline constexpr std::string_view kMonthsHead = "ICY 200 OK\r\n\r\n";

struct MonthsPlan {
  std::string name;
  double days = 90;
  uint64_t listeners = 3000;
  bool floods = false;  // some hours of frames of 1 MiB: over 4 GiB for each who is there
  RigStart start;
  RigStart across;  // what must lie between the start and the end; 0: nothing
  SinkOptions options;
};

/// What a life has shown.
struct MonthsCounts {
  uint64_t pushes = 0, media = 0, listeners = 0, most_at_once = 0, writes = 0, accepted = 0,
           most_accepted = 0;
  uint64_t restarts = 0, jumps = 0, pauses = 0, stalls = 0, recoveries = 0, over_4gib = 0, reports = 0;
  uint64_t left[7] = {};                                                                   // by Reason
  int64_t blocks_at_first = 0, blocks_at_last = 0, bytes_at_first = 0, bytes_at_last = 0;  // most of a tenth
};

class MonthsLife {
 public:
  MonthsLife(const MonthsPlan& plan, uint64_t seed);
  ~MonthsLife();

  /// True when nothing was wrong.
  bool run();
  const std::vector<std::string>& problems() const { return problems_; }
  const MonthsCounts& counts() const { return counts_; }

 private:
  enum class Act : uint8_t { kStall, kResume, kFin, kReset, kRemove, kFlushRemove };

  struct Listener {
    Client* client = nullptr;
    int fd = -1;
    Framing framing = Framing::kRaw;
    uint64_t number = 0;
    size_t head_left = 0;
    uint64_t seq = 0;  // next frame, and …
    size_t at = 0;     // … how much of it, or of the headers before it, is out
    bool placed = false;
    bool in_headers = false;
    uint64_t told = 0;  // the state it was last given, + 1
    uint64_t jumped = 0;
    bool stalled = false;
    bool ever_stalled = false;
    uint64_t wanted = 0;                // the reasons that it may leave for, as bits
    std::unique_ptr<std::string> wire;  // of a framing that is decoded at the end
    Nanos active_at = 0;                // when it last took a byte
    uint64_t first = 0;                 // frame that it was due first
  };

  struct Pushed {
    const uint8_t* data = nullptr;
    uint32_t size = 0;
    bool key = false;
    uint64_t state = 0;
  };

  // The stream (months_stream.cc).
  void push();
  void restart();
  void wander();
  bool flooding() const;
  uint32_t size_of(uint64_t seq) const;
  const uint8_t* content_of(uint64_t seq) const;

  // Listeners (months_listeners.cc).
  void join(Nanos stay);
  void rush();
  void perform_due();
  void perform(Listener& listener, Act act);
  void plan(uint64_t number, Nanos at, Act act);
  void saw_removal(Client* client);
  void check_framed(const Listener& listener);

  // Checks (months_check.cc).
  void saw_write(int fd, std::span<const iovec> iov, int64_t result);
  size_t follow(Listener& listener, const uint8_t* bytes, size_t size);
  size_t follow_headers(Listener& listener, const uint8_t* bytes, size_t size);
  bool find(Listener& listener, const uint8_t* bytes);
  const Pushed* pushed(uint64_t seq) const;
  bool same(const uint8_t* bytes, const uint8_t* expected, size_t size);
  void check_totals();
  void check_day();
  void check_end();
  std::string describe(const Listener& listener) const;
  void problem(const std::string& what);

  const MonthsPlan plan_;
  Choices choices_;
  Rig rig_;
  BlockRef noise_;
  std::vector<std::string> problems_;
  MonthsCounts counts_;

  Nanos began_ = 0;
  Nanos ends_ = 0;
  Nanos pts_ = 0;
  Nanos expected_time_ = 0;
  Nanos last_pts_ = kNoTime;
  uint64_t first_seq_ = 0;
  Nanos flood_from_ = kNever, flood_until_ = kNever;
  std::deque<Pushed> pushed_;                // the newest; older ones are not sent any more
  std::map<uint64_t, std::string> headers_;  // by state; those that anybody may still be given

  std::map<uint64_t, Listener> listeners_;  // here, by number
  std::vector<Listener*> by_fd_;
  std::multimap<Nanos, std::pair<uint64_t, Act>> acts_;
  std::vector<Client*> unreleased_;
  uint64_t state_ = 0;
  uint64_t checked_ = 0;
  uint64_t accepted_ = 0;
  uint64_t writes_ = 0;
};

}  // namespace flumen::test
