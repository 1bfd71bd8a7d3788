// A sink with a limit of ten seconds and frames of all sizes drops the clients that lag more, at the very
// frame that makes it more, and no other. What is in a client's kernel buffer is not in its lag: nobody can
// see from here how much of it the receiver has taken (docs/semantics.md, "How far a client may lag").
#include <doctest/doctest.h>

#include <algorithm>

#include "test/choices.h"
#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

constexpr Nanos kLimit = 10 * kSecond;
constexpr Nanos kStep = 40 * kMillisecond;

SinkOptions ten_seconds() {
  SinkOptions options;
  options.lag.hard = {Unit::kTime, static_cast<uint64_t>(kLimit)};
  options.stall_timeout = 0;
  options.memory_cap = 1024 * kMiB;
  return options;
}

struct Watcher {
  Client* client = nullptr;
  int fd = -1;
  uint64_t first = 0;  // the frame it started with
  uint64_t taken = 0;  // bytes that it has read
  size_t rate = 0;     // bytes that it reads in a step while it reads
  uint64_t phase = 0;  // steps that it goes on as it does
  bool reads = true;
  Nanos most = 0;  // the longest lag it has got away with
};

class Crowd {
 public:
  explicit Crowd(uint64_t seed) : choices_(seed), rig_(ten_seconds()) {
    rig_.io.record = false;
    rig_.removed_hook = [&](Client* client) { gone_.push_back(client); };
    for (int i = 0; i < 100; ++i) watchers_.push_back(newcomer());
  }

  void step() {
    for (Watcher& watcher : watchers_) behave(watcher);
    FrameInfo info;
    // Steps of 10 to 70 ms.
    info.pts =
        times_.empty() ? 0 : times_.back() + static_cast<Nanos>(choices_.between(10, 70)) * kMillisecond;
    rig_.append(frame(), info);
    times_.push_back(info.pts);
    rig_.pass(kStep);
    judge();
  }

  uint64_t dropped = 0;
  uint64_t narrow = 0;  // clients that lagged more than 9 s and stayed to catch up
  uint64_t wrong = 0;
  Nanos unseen = 0;  // how much longer a receiver that stayed lagged than could be seen

 private:
  Watcher newcomer() {
    Watcher watcher;
    watcher.client = rig_.add({.capacity = static_cast<size_t>(choices_.between(4, 256)) * kKiB});
    watcher.fd = rig_.fd_of(watcher.client);
    watcher.first = times_.size();
    return watcher;
  }

  // Mostly small ones, some of them big: 20 bytes to 60 KB.
  std::string_view frame() {
    const size_t size = choices_.one_in(12) ? choices_.between(10'000, 60'000) : choices_.between(20, 3000);
    bytes_.push_back(bytes_.back() + size);
    return std::string_view(filler_).substr(0, size);
  }

  // Reads fast, or slower than the stream comes, or not at all, for up to 14 s.
  void behave(Watcher& watcher) {
    if (watcher.phase-- == 0) {
      watcher.reads = choices_.one_in(2);
      watcher.rate = choices_.one_in(3) ? choices_.between(500, 8000) : ~size_t{0};
      watcher.phase = choices_.below(watcher.reads ? 200 : 350);
    }
    if (!watcher.reads) return;
    const size_t queued = rig_.io.at(watcher.fd).queued;
    watcher.taken += std::min(queued, watcher.rate);
    rig_.io.peer_read(watcher.fd, watcher.rate);
  }

  // What lies between the first frame that is not begun at byte `sent` of its stream and the newest.
  Nanos lag(const Watcher& watcher, uint64_t sent) const {
    if (watcher.first >= times_.size()) return 0;
    const auto at = std::lower_bound(bytes_.begin() + static_cast<ptrdiff_t>(watcher.first), bytes_.end(),
                                     bytes_[watcher.first] + sent);
    const auto seq = static_cast<size_t>(at - bytes_.begin());
    return seq < times_.size() ? times_.back() - times_[seq] : 0;
  }

  void judge() {
    for (Watcher& watcher : watchers_) {
      const Nanos seen = lag(watcher, rig_.io.at(watcher.fd).accepted);
      const bool gone = std::ranges::find(gone_, watcher.client) != gone_.end();
      if (gone != (seen > kLimit)) ++wrong;
      if (gone) {
        ++dropped;
        if (rig_.reason_of(watcher.client) != Reason::kSlow) ++wrong;
        rig_.release(watcher.client);
        watcher = newcomer();
        continue;
      }
      if (seen == 0 && watcher.most > kLimit * 9 / 10) ++narrow;
      watcher.most = seen == 0 ? 0 : std::max(watcher.most, seen);
      unseen = std::max(unseen, lag(watcher, watcher.taken) - seen);
    }
    gone_.clear();
    rig_.removals.clear();
  }

  Choices choices_;
  std::string filler_ = pattern(60'000);
  Rig rig_;
  std::vector<Watcher> watchers_;
  std::vector<Client*> gone_;
  std::vector<Nanos> times_;
  std::vector<uint64_t> bytes_{0};  // before each frame
};

}  // namespace

TEST_CASE("ten seconds: at the limit a client stays, with the first frame beyond it goes") {
  Rig rig(ten_seconds());
  Client* stays = rig.add({.capacity = 100});
  Client* goes = rig.add({.capacity = 100});
  FrameInfo info;
  info.pts = 0;
  rig.append(pattern(100), info);
  rig.settle();
  // Frame 1 is the first that waits: 250 steps behind it are ten seconds.
  for (int i = 1; i <= 251; ++i) {
    info.pts = i * kStep;
    rig.append(pattern(static_cast<size_t>(1 + i * 37 % 500)), info);
    rig.settle();
  }
  CHECK(rig.removals.empty());
  for (int i = 0; i < 2000; ++i) {
    rig.io.peer_read(rig.fd_of(stays), 100);
    rig.settle();
  }
  CHECK(stays->state == ClientState::kCaughtUp);
  info.pts = 252 * kStep;
  rig.append("x", info);
  rig.settle();
  CHECK(rig.reason_of(goes) == Reason::kSlow);
  CHECK(rig.reason_of(stays) == Reason::kNone);
}

TEST_CASE("ten seconds: frames of all sizes, receivers of all kinds: who lags more goes, and no other") {
  uint64_t dropped = 0, narrow = 0;
  Nanos unseen = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Crowd crowd(seed);
    for (int i = 0; i < 5000; ++i) crowd.step();
    INFO("seed ", seed);
    CHECK(crowd.wrong == 0);
    dropped += crowd.dropped;
    narrow += crowd.narrow;
    unseen = std::max(unseen, crowd.unseen);
  }
  MESSAGE(dropped, " dropped, ", narrow, " came within a second of it and caught up; at most ",
          unseen / kMillisecond, " ms of a receiver's lag were in its kernel buffer");
  CHECK(dropped >= 1000);
  CHECK(narrow >= 100);
}
