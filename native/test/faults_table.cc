// The rows of the fault matrix, and the table that docs/faults.md shows of them.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "test/faults.h"

namespace flumen::test {

namespace {

// What a connected stream socket can say of itself, by send(2), recv(2), tcp(7), ip(7) and netfilter, but for
// what has a row of its own.
const std::vector<int> kSendErrors = {EACCES,    EALREADY,     EBADF,   ECONNREFUSED, EDESTADDRREQ, EFAULT,
                                      EHOSTDOWN, EHOSTUNREACH, EINVAL,  EIO,          EISCONN,      EMSGSIZE,
                                      ENETDOWN,  ENETUNREACH,  ENOBUFS, ENOMEM,       ENOPROTOOPT,  ENOTCONN,
                                      ENOTSOCK,  EOPNOTSUPP,   EPERM,   EPROTO,       ETIMEDOUT};
const std::vector<int> kReceiveErrors = {EBADF,       ECONNREFUSED, EFAULT,   EHOSTUNREACH,
                                         EINVAL,      EIO,          ENOMEM,   ENETDOWN,
                                         ENETUNREACH, ENOTCONN,     ENOTSOCK, ETIMEDOUT};
const std::vector<int> kReadErrors = {EBADF, EFAULT, EINVAL, EIO, EISDIR, ENXIO};
const std::vector<int> kPipeErrors = {EBADF, EFAULT, EINVAL, EIO, ENOMEM, EPERM};
const std::vector<int> kDiskErrors = {EBADF, EDESTADDRREQ, EDQUOT, EFAULT, EFBIG, EINVAL,
                                      EIO,   ENODEV,       ENOSPC, ENXIO,  EPERM, EROFS};
const std::vector<int> kWatchErrors = {EBADF, EEXIST, EINVAL, ELOOP, ENOENT, ENOMEM, ENOSPC, EPERM};
const std::vector<int> kOptionErrors = {EBADF, EFAULT, EINVAL, ENOBUFS, ENOMEM, ENOPROTOOPT, ENOTSOCK, EPERM};

std::vector<int> with(std::vector<int> errors, int another) {
  errors.push_back(another);
  return errors;
}

const std::vector<FaultRow>& rows() {
  using enum Scene;
  using enum Outcome;
  static const std::vector<FaultRow> all = {
      {"send", kSend, {EAGAIN}, kUnharmed, "", "waits until epoll says writable; the stall clock runs"},
      {"send", kSend, {EINTR}, kUnharmed, "", "calls again"},
      {"send", kSend, {ECONNRESET, EPIPE}, kClosed, "", "lets the client go"},
      {"send", kSend, kSendErrors, kError, "write", "lets the client go"},
      {"sendmsg", kSendmsg, {EAGAIN}, kUnharmed, "", "waits until epoll says writable; the stall clock runs"},
      {"sendmsg", kSendmsg, {EINTR}, kUnharmed, "", "calls again"},
      {"sendmsg", kSendmsg, {ECONNRESET, EPIPE}, kClosed, "", "lets the client go"},
      {"sendmsg", kSendmsg, kSendErrors, kError, "write", "lets the client go"},
      {"pwritev2 (pipe)", kPipe, {EAGAIN}, kUnharmed, "", "waits until epoll says writable"},
      {"pwritev2 (pipe)", kPipe, {EINTR}, kUnharmed, "", "calls again"},
      {"pwritev2 (pipe)",
       kPipe,
       {EOPNOTSUPP},
       kUnharmed,
       "",
       "writes pieces of `PIPE_BUF` as long as poll says writable"},
      {"pwritev2 (pipe)", kPipe, {EPIPE}, kClosed, "", "lets the client go"},
      {"pwritev2 (pipe)", kPipe, kPipeErrors, kError, "write", "lets the client go"},
      {"write (pipe, old kernel)", kOldPipe, {EAGAIN}, kUnharmed, "", "waits until epoll says writable"},
      {"write (pipe, old kernel)", kOldPipe, {EINTR}, kUnharmed, "", "calls again"},
      {"write (pipe, old kernel)", kOldPipe, {EPIPE}, kClosed, "", "lets the client go"},
      {"write (pipe, old kernel)", kOldPipe, kPipeErrors, kError, "write", "lets the client go"},
      {"poll (pipe, old kernel)", kPipePoll, {EINTR}, kUnharmed, "", "calls again"},
      {"poll (pipe, old kernel)", kPipePoll, {EFAULT, EINVAL, ENOMEM}, kError, "write", "lets the client go"},
      {"writev (file, terminal, device)",
       kFile,
       {EAGAIN},
       kUnharmed,
       "",
       "tries again after 1, 2, 4 … 50 ms; the stall clock runs"},
      {"writev (file, terminal, device)", kFile, {EINTR}, kUnharmed, "", "calls again"},
      {"writev (file, terminal, device)", kFile, {EPIPE}, kClosed, "", "lets the client go"},
      {"writev (file, terminal, device)", kFile, kDiskErrors, kError, "write", "lets the client go"},
      {"recv (client)", kClientRecv, {EAGAIN}, kUnharmed, "", "goes on when epoll says readable"},
      {"recv (client)", kClientRecv, {EINTR}, kUnharmed, "", "calls again"},
      {"recv (client)", kClientRecv, {ECONNRESET}, kClosed, "", "lets the client go"},
      {"recv (client)", kClientRecv, kReceiveErrors, kError, "read", "lets the client go"},
      {"recv (source)", kSourceRecv, {EAGAIN}, kUnharmed, "", "goes on when epoll says readable"},
      {"recv (source)", kSourceRecv, {EINTR}, kUnharmed, "", "calls again"},
      {"recv (source)", kSourceRecv, with(kReceiveErrors, ECONNRESET), kSource, "read",
       "closes the descriptor"},
      {"read (source, pipe)", kPipeRead, {EAGAIN}, kUnharmed, "", "goes on when epoll says readable"},
      {"read (source, pipe)", kPipeRead, {EINTR}, kUnharmed, "", "calls again"},
      {"read (source, pipe)", kPipeRead, kReadErrors, kSource, "read", "closes the descriptor"},
      {"poll (source, pipe)", kPipeReadPoll, {EINTR}, kUnharmed, "", "calls again"},
      {"poll (source, pipe)",
       kPipeReadPoll,
       {EFAULT, EINVAL, ENOMEM},
       kSource,
       "read",
       "closes the descriptor"},
      {"read (source, file)", kFileRead, {EAGAIN}, kUnharmed, "", "reads on in the loop's next turn"},
      {"read (source, file)", kFileRead, {EINTR}, kUnharmed, "", "calls again"},
      {"read (source, file)", kFileRead, kReadErrors, kSource, "read", "closes the descriptor"},
      {"fstat", kFstat, {EBADF, EFAULT, ENOMEM, EOVERFLOW}, kRefused, "fstat", "takes no descriptor"},
      {"fcntl (F_GETFL)", kFlags, {EBADF, EINVAL}, kRefused, "fcntl(F_GETFL)", "takes no descriptor"},
      {"getsockopt (SO_TYPE)",
       kSocketType,
       {EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK},
       kRefused,
       "getsockopt(SO_TYPE)",
       "takes no descriptor"},
      {"getpeername",
       kPeerName,
       {EBADF, EFAULT, EINVAL, ENOBUFS, ENOTCONN, ENOTSOCK},
       kRefused,
       "getpeername",
       "takes no descriptor"},
      {"fcntl (F_DUPFD_CLOEXEC)",
       kDuplicate,
       {EBADF, EINVAL, EMFILE},
       kRefused,
       "fcntl(F_DUPFD_CLOEXEC)",
       "takes no descriptor"},
      {"epoll_ctl (ADD, client)", kWatchClient, kWatchErrors, kError, "epoll_ctl", "lets the client go"},
      {"epoll_ctl (ADD, source)", kWatchSource, kWatchErrors, kSource, "epoll_ctl", "closes the descriptor"},
      {"epoll_ctl (DEL)", kUnwatch, kWatchErrors, kUnharmed, "",
       "closes the descriptor, which ends the watch as well"},
      {"epoll_wait", kWait, {EINTR}, kUnharmed, "", "goes on with its turn"},
      {"epoll_wait",
       kWaitBroken,
       {EBADF, EFAULT, EINVAL},
       kStops,
       "",
       "stops: somebody has closed our descriptor, and a loop that hears of nothing serves nobody"},
      {"getsockopt (SO_DOMAIN)",
       kSocketFamily,
       {EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK},
       kUnharmed,
       "",
       "leaves the socket as it was"},
      {"setsockopt", kSocketOption, kOptionErrors, kUnharmed, "",
       "leaves the socket as it was; for `SO_LINGER`: ends with a FIN instead of a reset"},
      {"ioctl (SIOCOUTQ)",
       kQueued,
       {EBADF, EFAULT, EINVAL, ENOTTY},
       kUnharmed,
       "",
       "says that what the kernel holds is unknown"},
      {"shutdown",
       kShutdown,
       {EBADF, EINVAL, ENOTCONN, ENOTSOCK},
       kUnharmed,
       "",
       "waits `closeTimeout` for the peer's FIN, then resets"},
      {"close",
       kClose,
       {EBADF, EINTR, EIO, EDQUOT, ENOSPC},
       kUnharmed,
       "",
       "nothing: Linux has freed the descriptor"},
      {"epoll_create1",
       kEpollCreate,
       {EINVAL, EMFILE, ENFILE, ENOMEM},
       kNoLoops,
       "epoll_create1",
       "starts no loops"},
      {"eventfd", kEventfd, {EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM}, kNoLoops, "eventfd", "starts no loops"},
      {"epoll_ctl (ADD, the loop's own)", kWatchWake, kWatchErrors, kNoLoops, "epoll_ctl", "starts no loops"},
      {"pthread_create", kThread, {EAGAIN, EINVAL, EPERM}, kNoLoops, "pthread_create", "starts no loops"},
      {"pthread_setname_np", kThreadName, {ERANGE}, kUnharmed, "", "the thread has no name"},
      {"pthread_sigmask",
       kThreadMask,
       {EFAULT, EINVAL},
       kUnharmed,
       "",
       "signals may arrive on the loop's thread"},
      {"pthread_getschedparam, pthread_setschedparam",
       kThreadPolicy,
       {EINVAL, EPERM, ESRCH},
       kUnharmed,
       "",
       "the thread is no batch thread"},
      {"io_uring_setup",
       kRingSetup,
       {EFAULT, EINVAL, EMFILE, ENFILE, ENOMEM, ENOSYS, EPERM},
       kUnharmed,
       "",
       "makes a call for each send"},
      {"mmap (of a ring)",
       kRingMap,
       {EACCES, EAGAIN, EBADF, EINVAL, ENFILE, ENODEV, ENOMEM, EPERM},
       kUnharmed,
       "",
       "makes a call for each send"},
      {"munmap (of a ring)", kRingUnmap, {EINVAL, ENOMEM}, kUnharmed, "", "nothing"},
      {"io_uring_enter, nothing submitted", kRingEnter, {EINTR}, kUnharmed, "", "calls again"},
      {"io_uring_enter, nothing submitted",
       kRingEnter,
       {EAGAIN, EBADF, EBADFD, EBADR, EBUSY, EEXIST, EFAULT, EINVAL, ENXIO, EOPNOTSUPP},
       kUnharmed,
       "",
       "gives the ring up and makes a call for each send"},
      {"io_uring_enter, outcome unknown",
       kRingLost,
       {EBADF, EBADFD, EBADR, EBUSY, EFAULT, EINVAL, ENXIO, EOPNOTSUPP},
       kError,
       "write",
       "gives the ring up; who was in the batch may have been sent it or not",
       EIO},
      {"malloc",
       kMemory,
       {ENOMEM},
       kStops,
       "",
       "stops; memory caps (docs/semantics.md) are there to keep it from that"},
  };
  return all;
}

std::string seen_by_user(const FaultRow& row) {
  const auto told = [&](const char* what) {
    const std::string code = row.told == 0 ? "that code" : "code `" + std::string(errno_name(row.told)) + "`";
    return std::string(what) + " with " + code + " and syscall `" + row.operation + "`";
  };
  switch (row.outcome) {
    case Outcome::kUnharmed:
      return "nothing";
    case Outcome::kClosed:
      return "`client-removed`, reason `closed`";
    case Outcome::kError:
      return told("`client-removed`, reason `error`, an error");
    case Outcome::kRefused:
      return told("an error thrown by `add()`, or in a handoff `client-removed`, or by `attach()`,");
    case Outcome::kNoLoops:
      return told("an error thrown by the first sink (or the first file's `add()`)");
    case Outcome::kSource:
      return told("the source's `error`");
    case Outcome::kStops:
      return "the process aborts with `flumen: internal check failed`";
  }
  return "";
}

}  // namespace

std::span<const FaultRow> fault_rows() { return rows(); }

const char* errno_name(int error) { return strerrorname_np(error); }

std::string fault_table() {
  std::string table = "| call | errno | what flumen does | what the user sees |\n|---|---|---|---|\n";
  // Calls that fail alike share a line.
  std::vector<std::pair<std::string, std::string>> lines;
  for (const FaultRow& row : rows()) {
    std::string rest = " | ";
    for (const int error : row.errnos)
      rest += (error == row.errnos.front() ? "" : ", ") + std::string(errno_name(error));
    rest += " | " + std::string(row.does) + " | " + seen_by_user(row) + " |\n";
    const auto same = std::ranges::find(lines, rest, [](const auto& line) { return line.second; });
    if (same == lines.end()) {
      lines.emplace_back(row.call, rest);
    } else {
      same->first += ", " + std::string(row.call);
    }
  }
  for (const auto& [calls, rest] : lines) table += "| " + calls + rest;
  return table;
}

}  // namespace flumen::test
