// The fault matrix against real descriptors, loops and threads: each run fails one call of one client, source
// or loop, and looks at what became of it, at everybody else's bytes, and at what is left behind.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>

#include "core/sys/send_ring.h"
#include "test/faults.h"
#include "test/faults_kernel.h"
#include "test/live.h"
#include "test/naive_wire.h"
#include "test/sockets.h"

namespace flumen::test {

namespace {

using enum Scene;

constexpr int kVictim = 99;
constexpr uint64_t kFrames = 8;

bool happens_at_start(Scene scene) {
  return scene == kRingSetup || scene == kRingMap || scene == kThreadName || scene == kThreadMask ||
         scene == kThreadPolicy;
}

bool needs_ring(Scene scene) {
  return scene == kRingSetup || scene == kRingMap || scene == kRingUnmap || scene == kRingEnter ||
         scene == kRingLost;
}

bool is_refused(Scene scene) {
  return scene == kFstat || scene == kFlags || scene == kDuplicate || scene == kSocketType ||
         scene == kPeerName;
}

/// At most so many bytes, to the end, or until nothing comes for five seconds. A ring that a loop has closed
/// may interrupt the wait.
std::string read_up_to(int fd, size_t most) {
  std::string text;
  std::array<char, 16384> buffer;
  while (text.size() < most) {
    pollfd query{fd, POLLIN, 0};
    const int seen = poll(&query, 1, 5000);
    if (seen < 0 && errno == EINTR) continue;
    if (seen <= 0) break;
    const ssize_t got = read(fd, buffer.data(), std::min(buffer.size(), most - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  return text;
}

std::string read_to_end(int fd) { return read_up_to(fd, SIZE_MAX); }

/// One run with clients: some bystanders, the victim, perhaps a source.
class Run {
 public:
  Run(const FaultRow& row, int error) : row_(row), scene_(row.scene), error_(error) {
    if (happens_at_start(scene_)) arm();
    env_ = std::make_unique<LiveEnv>(1);
    SinkOptions options;
    options.close_timeout = scene_ == kShutdown ? 20 * kMillisecond : 5 * kSecond;
    sink_ = &env_->open_sink(options);
    // Below four sends to a batch there is no ring.
    const size_t bystanders = needs_ring(scene_) ? 6 : 2;
    for (size_t i = 0; i < bystanders; ++i) bystanders_.push_back(unix_pair());
    if (scene_ == kSourceRecv || scene_ == kPipeRead || scene_ == kFileRead || scene_ == kWatchSource ||
        scene_ == kPipeReadPoll)
      add_all();
    if (!faults_ && !is_refused(scene_)) arm();
  }

  std::string play() {
    switch (scene_) {
      case kSourceRecv:
      case kPipeRead:
      case kPipeReadPoll:
      case kFileRead:
      case kWatchSource:
        play_source();
        break;
      default:
        play_client();
    }
    env_->stop();
    const int fired = KernelFaults::fired();
    faults_.reset();
    if (fired == 0 && !excused()) wrong("the call was never made");
    check_nothing_left();
    return wrong_;
  }

 private:
  void arm() {
    std::vector<KernelFault> faults = faults_for(scene_, error_);
    faults.resize(2, KernelFault{Sys::kSend, 0, KernelFault::kAny, true, 0, 0});
    faults_.reset();
    faults_ = std::make_unique<KernelFaults>(std::initializer_list<KernelFault>{faults[0], faults[1]});
  }

  /// Where the kernel has no ring there is nothing to lose in it.
  bool excused() const { return needs_ring(scene_) && SendRing::create() == nullptr; }

  void wrong(const std::string& what) { wrong_ += (wrong_.empty() ? "" : "; ") + what; }

  void add_all() {
    for (size_t i = 0; i < bystanders_.size(); ++i) {
      add(static_cast<int>(i), bystanders_[i].ours, {});
      close(bystanders_[i].take_ours());
    }
  }

  bool add(int key, int fd, ClientOptions options) {
    Result<Client*> added = sink_->add(fd, "", std::move(options));
    if (!added.ok()) {
      refused_ = added.error();
      return false;
    }
    env_->keys[added.value()] = key;
    if (key == kVictim) victim_ = added.value();
    return true;
  }

  void add_victim() {
    if (scene_ == kPipe || scene_ == kOldPipe || scene_ == kPipePoll) {
      int ends[2];
      FLUMEN_CHECK(pipe2(ends, O_CLOEXEC) == 0);
      peer_.ours = ends[1];
      peer_.theirs = ends[0];
    } else if (scene_ == kFile) {
      char path[] = "/tmp/flumen-faults-XXXXXX";
      peer_.ours = mkostemp(path, O_CLOEXEC);
      peer_.theirs = open(path, O_RDONLY | O_CLOEXEC);
      unlink(path);
    } else {
      Pair pair = tcp_pair();
      peer_.ours = pair.take_ours();
      peer_.theirs = pair.take_theirs();
    }
    ClientOptions options;
    if (scene_ == kSendmsg) options.framing = Framing::kChunked;
    KernelFaults::note_victim();
    const bool in = add(kVictim, peer_.ours, std::move(options));
    if (row_.outcome == Outcome::kRefused) {
      if (in) return wrong("was let in");
      if (refused_.code != error_ || std::string(refused_.operation) != row_.operation)
        wrong("refused with " + std::to_string(refused_.code) + " in " + refused_.operation);
      if (!add(kVictim, peer_.ours, {})) wrong("not let in the next time either");
    } else if (!in) {
      wrong("was not let in");
    }
    close(peer_.take_ours());
  }

  void push(uint64_t seq) { flumen::test::push(*sink_, numbered_frame(seq)); }

  /// Returns when every bystander has it: all of it, unless it may have been lost.
  void serve(uint64_t seq) {
    push(seq);
    for (size_t i = 0; i < bystanders_.size(); ++i) {
      if (scene_ == kRingLost) {
        settle();
      } else if (read_up_to(bystanders_[i].theirs, numbered_frame(seq).size()) != numbered_frame(seq)) {
        wrong("a bystander has not got frame " + std::to_string(seq));
      }
    }
    // The victim's turn comes with theirs, but a file's loop is another.
    if (scene_ == kFile) await_written(numbered_frame(seq).size());
  }

  /// The loop has been through all that it was told so far.
  void settle() {
    const uint32_t asked = sink_->ask_dump(1);
    env_->drain_until(
        [&] { return std::ranges::count(env_->notices, Notice::Kind::kSinkDump, &Notice::kind) >= asked; });
    env_->notices.clear();
  }

  void await_written(size_t more) {
    written_ += static_cast<off_t>(more);
    struct stat status {};
    for (int i = 0; i < 10'000 && KernelFaults::fired() == 0 && status.st_size < written_; ++i) {
      fstat(peer_.theirs, &status);
      usleep(100);
    }
  }

  void play_client() {
    add_all();
    // Bystanders have passed; from here on it is the victim's.
    if (is_refused(scene_)) arm();
    add_victim();
    settle();  // so that all are in each batch
    if (scene_ == kClientRecv) FLUMEN_CHECK(send(peer_.theirs, "hello", 5, MSG_NOSIGNAL) == 5);
    for (uint64_t seq = 1; seq <= kFrames; ++seq) serve(seq);
    if (scene_ == kRingLost) welcome_others();
    if (scene_ == kQueued && victim_ != nullptr) sink_->ask_report(victim_, 1);
    if (scene_ == kUnwatch || scene_ == kClose) {
      sink_->remove(victim_, true);
      expected_ = Reason::kRemoved;
    }
    end();
    judge();
  }

  /// Newcomers, whose descriptors have the numbers of those that have gone: they get what is theirs.
  void welcome_others() {
    settle();
    std::deque<Pair> others;
    for (int key = 0; key < 6; ++key) {
      others.push_back(unix_pair());
      add(100 + key, others.back().ours, {});
      close(others.back().take_ours());
    }
    others.swap(bystanders_);
    const Scene lost = std::exchange(scene_, kRingEnter);
    for (uint64_t seq = kFrames + 1; seq <= 2 * kFrames; ++seq) serve(seq);
    scene_ = lost;
    others.swap(bystanders_);
    for (Pair& pair : others) shutdown(pair.theirs, SHUT_WR);
  }

  void end() {
    sink_->end();
    for (Pair& pair : bystanders_) {
      rest_.push_back(read_to_end(pair.theirs));
      close(pair.take_theirs());
    }
    if (scene_ == kFile) env_->drain_until([&] { return env_->left.contains(kVictim); });
    if (peer_.theirs >= 0) received_ = read_to_end(peer_.theirs);
    if (peer_.theirs >= 0) close(peer_.take_theirs());
    env_->drain_until([&] { return env_->sinks_finished == 1; });
  }

  void judge() {
    for (size_t i = 0; i < bystanders_.size(); ++i) {
      const int key = static_cast<int>(i);
      if (scene_ == kRingLost) {
        judge_lost(key);
      } else if (!rest_[i].empty() || env_->left[key] != Reason::kEnded) {
        wrong("bystander " + std::to_string(i) + " left with reason " +
              std::to_string(static_cast<int>(env_->left[key])));
      }
    }
    if (scene_ == kRingLost && lost_ == 0) wrong("nobody was lost");
    if (scene_ != kRingLost) judge_victim();
  }

  void judge_victim() {
    const Reason reason = env_->left[kVictim];
    const bool served = row_.outcome == Outcome::kUnharmed || row_.outcome == Outcome::kRefused;
    const Reason expected = served                             ? expected_
                            : row_.outcome == Outcome::kClosed ? Reason::kClosed
                                                               : Reason::kError;
    if (reason != expected)
      wrong("the victim left with reason " + std::to_string(static_cast<int>(reason)) + ", not " +
            std::to_string(static_cast<int>(expected)));
    if (reason == Reason::kError) judge_error(env_->errors[kVictim]);
    if (scene_ == kSendmsg) {
      const Decoded decoded = naive_decode(Framing::kChunked, received_);
      if (!decoded.wrong.empty()) wrong(decoded.wrong);
      received_ = decoded.media;
    }
    uint64_t first = 0, next = 0;
    if (const std::string torn = check_frames(received_, !served, first, next); !torn.empty()) wrong(torn);
    if (served && next != kFrames + 1) wrong("the victim got frames up to " + std::to_string(next));
  }

  void judge_error(const Error& error) {
    const int code = row_.told != 0 ? row_.told : error_;
    if (error.code != code || std::string(error.operation) != row_.operation)
      wrong("the error is " + std::to_string(error.code) + " in " + error.operation);
  }

  // Nobody knows what of the batch went out: who was in it leaves, and was sent nothing twice.
  void judge_lost(int key) {
    if (env_->left[key] == Reason::kEnded) return;
    ++lost_;
    if (env_->left[key] != Reason::kError) wrong("left with another reason");
    judge_error(env_->errors[key]);
    uint64_t first = 0, next = 0;
    if (const std::string torn = check_frames(rest_[static_cast<size_t>(key)], true, first, next);
        !torn.empty())
      wrong(torn);
  }

  void play_source() {
    int ends[2];
    if (scene_ == kPipeRead || scene_ == kPipeReadPoll) {
      FLUMEN_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    } else if (scene_ == kFileRead) {
      char path[] = "/tmp/flumen-faults-XXXXXX";
      ends[1] = mkostemp(path, O_CLOEXEC);
      ends[0] = open(path, O_RDONLY | O_CLOEXEC);
      unlink(path);
    } else {
      FLUMEN_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    }
    std::string all;
    for (uint64_t seq = 1; seq <= kFrames; ++seq) all += numbered_frame(seq);
    FLUMEN_CHECK(write(ends[1], all.data(), all.size()) == static_cast<ssize_t>(all.size()));
    KernelFaults::note_victim();
    env_->attach(*sink_, ends[0], {});
    close(ends[0]);
    close(ends[1]);
    const auto told = [&](Notice::Kind kind) {
      return std::ranges::find(env_->notices, kind, &Notice::kind) != env_->notices.end();
    };
    env_->drain_until([&] { return told(Notice::Kind::kSourceEnded) || told(Notice::Kind::kSourceFailed); });
    const bool whole = row_.outcome == Outcome::kUnharmed;
    if (told(Notice::Kind::kSourceFailed) == whole) wrong("the source did not end as it should");
    for (const Notice& notice : env_->notices) {
      if (notice.kind == Notice::Kind::kSourceFailed) judge_error(notice.error);
    }
    // The sink goes on.
    if (!whole) serve(1);
    end();
    for (const std::string& rest : rest_) {
      if (rest != (whole ? all : "")) wrong("a bystander has got other bytes than the source sent");
    }
    for (const auto& [key, reason] : env_->left) {
      if (reason != Reason::kEnded) wrong("a bystander left");
    }
  }

  void check_nothing_left() {
    const Ledger& ledger = env_->ledger;
    if (ledger.open_fds != 0) wrong("descriptors are left open");
    if (ledger.live_clients != 0) wrong("slots are left in use");
    if (ledger.live_shards != 0) wrong("shards are left");
    if (ledger.live_blocks != 0) wrong("blocks are left");
  }

  const FaultRow& row_;
  Scene scene_;
  const int error_;
  std::unique_ptr<KernelFaults> faults_;
  std::unique_ptr<LiveEnv> env_;
  LiveSink* sink_ = nullptr;
  std::deque<Pair> bystanders_;
  std::vector<std::string> rest_;  // what they get behind the frames that they were seen to get
  Pair peer_;
  Client* victim_ = nullptr;
  std::string received_;
  Reason expected_ = Reason::kEnded;
  Error refused_;
  size_t lost_ = 0;
  off_t written_ = 0;  // to the victim's file
  std::string wrong_;
};

/// In a process of its own, which must end with a message of ours.
std::string play_stop(const FaultRow& row, int error) {
  int ends[2];
  FLUMEN_CHECK(pipe2(ends, O_CLOEXEC) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    alarm(20);
    Run(row, error).play();
    _exit(0);
  }
  close(ends[1]);
  const std::string said = read_to_end(ends[0]);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) return "the process went on";
  return said.find("flumen: internal check failed") == std::string::npos ? "no message: " + said : "";
}

}  // namespace

std::string play_live(const FaultRow& row, int error) {
  if (row.outcome == Outcome::kNoLoops) return play_start(row, error);
  if (row.outcome == Outcome::kStops) return play_stop(row, error);
  return Run(row, error).play();
}

}  // namespace flumen::test
