// The kernel as the core sees it: a batch interface. The epoll implementation is the real one; tests put a
// fake kernel behind it; io_uring can follow behind the same functions. One thread, except wake().
#pragma once

#include <sys/uio.h>

#include <span>

#include "core/base/result.h"
#include "core/base/units.h"
#include "core/sys/fd.h"
#include "core/sys/socket_care.h"

namespace flumen {

/// One gathered write. `result` is filled by submit: bytes accepted (may be short), or -errno (-EAGAIN: none
/// now).
struct SendOp {
  int fd = -1;
  FdKind kind = FdKind::kSocket;
  const iovec* iov = nullptr;
  int iov_count = 0;
  int64_t result = 0;
};

/// Readiness of one descriptor. `token` is what add() was given.
struct IoEvent {
  uint64_t token = 0;
  bool readable = false;
  bool writable = false;
  bool peer_closed = false;  // FIN, or hang-up
  bool failed = false;       // error condition (RST, reader of a pipe gone)
};

enum class Watch : uint8_t {
  kClient,  // edge-triggered in, out and FIN: registered once for the life of a client
  kSource,  // level-triggered in: a source reads a bounded piece per turn
};

class Io {
 public:
  virtual ~Io() = default;

  /// Starts watching. EPERM: the descriptor cannot be watched (a file).
  virtual Result<bool> add(int fd, Watch watch, uint64_t token) = 0;
  /// Stops watching; no event with this fd's token is returned by a later wait().
  virtual void remove(int fd) = 0;
  /// Readies a client's socket.
  virtual void tune_client(int fd, const SocketCare& care) = 0;
  /// Performs all writes of the batch, in order, without blocking (files excepted).
  virtual void submit(std::span<SendOp> ops) = 0;
  /// Reads what is there: bytes, 0 at the end, or -errno. Never blocks for sockets and pipes.
  virtual int64_t read(int fd, FdKind kind, std::span<uint8_t> into) = 0;
  /// Bytes that the kernel holds for the peer of a socket; -1 for any other descriptor.
  virtual int64_t queued(int fd, FdKind kind) = 0;
  /// Announces the end of our bytes to the peer, who may still send (TCP FIN).
  virtual void shutdown_write(int fd) = 0;
  /// Closes an owned descriptor; `reset` aborts the connection.
  virtual void close(int fd, bool reset) = 0;
  /// Waits until an event, a wake() or `deadline` (monotonic; kNever: no limit). Returns the events seen;
  /// none may also mean that the call was interrupted.
  virtual std::span<const IoEvent> wait(Nanos now, Nanos deadline) = 0;
  /// Ends a wait() from any thread.
  virtual void wake() = 0;
};

}  // namespace flumen
