// A kernel for tests: sockets, pipes and files as far as the core can tell, with every misuse noted. Nothing
// happens by itself: the test moves the peers, so a run is the same every time. One thread.
//
// Readiness is kept as epoll keeps it: a descriptor enters the ready list on an edge (space that a refused
// writer waits for, input, FIN, RST), wait() reports the state as it is by then, and leaves it out when
// nothing is ready any more.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ledger.h"
#include "core/sys/io.h"

namespace flumen::test {

struct FakeFd {
  FdKind kind = FdKind::kSocket;
  size_t capacity = 0;                // of the kernel's send buffer
  size_t queued = 0;                  // accepted and not yet read by the peer
  uint64_t disk_left = ~uint64_t{0};  // files: bytes until ENOSPC
  bool busy = false;                  // a terminal that somebody has made non-blocking takes nothing now
  size_t input = 0;                   // bytes that the peer sent and nobody read
  std::string said;                   // what they are, when they mean something
  uint64_t token = 0;
  bool open = true;
  bool watched = false;
  bool armed = false;          // in epoll's ready list
  bool nospace = false;        // a writer was refused: space is an edge
  size_t grudge = ~size_t{0};  // what the next write is granted at most
  bool squeezed = false;       // refuses for want of kernel memory until the next settle()
  int fails = 0;               // errno of the next write: what no peer explains
  bool peer_fin = false;
  bool peer_gone = false;  // closed both ways: answers bytes with RST
  bool rst = false;
  bool rst_told = false;  // ECONNRESET was returned once
  bool our_fin = false;
  bool was_reset = false;
  int tuned = 0;
  uint64_t accepted = 0;
  uint64_t writes = 0;
  bool last_short = false;        // the last write took less than offered
  std::vector<uint8_t> recorded;  // accepted bytes, while `record` is on

  /// The kernel wakes a refused writer when a third of the buffer is free (sk_stream_is_writeable), a pipe at
  /// once.
  bool has_room() const {
    return !squeezed && (kind == FdKind::kPipe ? queued < capacity : (capacity - queued) * 3 >= capacity);
  }
  bool writable() const { return rst || has_room() || (kind == FdKind::kPipe && peer_gone); }
};

struct FakeCounts {
  uint64_t submits = 0, writes = 0, short_writes = 0, eagains = 0, resets = 0, fins = 0, closes = 0,
           reads = 0;
};

/// The functions of Io that a test can have fail.
enum class IoCall : uint8_t { kAdd, kSubmit, kRead, kQueued, kShutdown, kWait };

class FakeIo final : public Io {
 public:
  explicit FakeIo(Ledger& ledger) : ledger_(ledger) {}

  /// A fresh descriptor, connected to a peer that reads nothing by itself.
  int open(FdKind kind, size_t capacity);
  FakeFd& at(int fd) { return fds_[static_cast<size_t>(fd)]; }
  const FakeFd& at(int fd) const { return fds_[static_cast<size_t>(fd)]; }
  size_t opened() const { return fds_.size(); }
  size_t still_open() const;

  // What peers do. None of it makes a call into the core.
  void peer_read(int fd, size_t bytes);
  void peer_send(int fd, size_t bytes);
  /// The same with bytes that mean something. False when they get nowhere any more.
  bool peer_say(int fd, std::string_view bytes);
  void peer_fin(int fd);
  void peer_close(int fd);  // both directions; a pipe's reader goes away
  void peer_reset(int fd);
  /// Kernel memory is short: writes to `fd` are refused until settle().
  void squeeze(int fd) { at(fd).squeezed = true; }
  /// The next write to `fd` that takes anything is cut behind `bytes`.
  void cut(int fd, size_t bytes) { at(fd).grudge = bytes; }
  /// Raises the edges of space that came back. Before each wait().
  void settle();

  // Io.
  Result<bool> add(int fd, Watch watch, uint64_t token) override;
  void remove(int fd) override;
  void tune_client(int fd, const SocketCare& care) override;
  void submit(std::span<SendOp> ops) override;
  int64_t read(int fd, FdKind kind, std::span<uint8_t> into) override;
  int64_t queued(int fd, FdKind kind) override;
  void shutdown_write(int fd) override;
  void close(int fd, bool reset) override;
  std::span<const IoEvent> wait(Nanos now, Nanos deadline) override;
  void wake() override {}

  /// Called for each write with what was offered and its result.
  std::function<void(int fd, std::span<const iovec> offered, int64_t result)> on_write;
  /// Called for each read that brought something, before the reader sees it.
  std::function<void(int fd, size_t bytes)> on_read;
  std::function<void(int fd)> on_close;
  /// Asked before each call: an errno makes it fail without effect, 0 lets it through. A write refused with
  /// EAGAIN is told when there is room, as it always is.
  std::function<int(IoCall call, int fd)> fault;
  bool record = true;
  bool closing_down = false;  // the epoll descriptor goes too: no remove() is needed
  int fail_watch = 0;         // errno for the next add()
  size_t events_per_wait = 512;
  FakeCounts counts;
  std::vector<std::string> violations;

 private:
  FakeFd* use(int fd, const char* what);
  int failing(IoCall call, int fd) { return fault ? fault(call, fd) : 0; }
  void arm(int fd);
  void refuse(int fd);
  int64_t write(SendOp& op);
  int64_t write_stream(FakeFd& file, size_t offered);
  IoEvent event_of(const FakeFd& file) const;

  Ledger& ledger_;
  std::deque<FakeFd> fds_;
  std::deque<int> ready_;
  std::vector<int> refused_;  // descriptors with `nospace` or `squeezed` writers
  std::vector<IoEvent> events_;
};

}  // namespace flumen::test
