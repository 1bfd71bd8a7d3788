#include "core/sys/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace flumen {

namespace {

Result<FdKind> socket_kind(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return Error{errno, "getsockopt(SO_TYPE)"};
  if (type != SOCK_STREAM && type != SOCK_SEQPACKET) return Error{EPROTOTYPE, "getsockopt(SO_TYPE)"};
  sockaddr_storage peer{};
  size = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return Error{errno, "getpeername"};
  return FdKind::kSocket;
}

}  // namespace

Result<FdKind> fd_kind(int fd, FdUse use) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return Error{errno, "fstat"};
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return Error{errno, "fcntl(F_GETFL)"};
  const int wrong_mode = use == FdUse::kWrite ? O_RDONLY : O_WRONLY;
  if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == wrong_mode) {
    return Error{S_ISDIR(status.st_mode) ? EISDIR : EBADF, use == FdUse::kWrite ? "write" : "read"};
  }
  if (S_ISDIR(status.st_mode)) return Error{EISDIR, "fstat"};
  if (S_ISSOCK(status.st_mode)) return socket_kind(fd);
  if (S_ISFIFO(status.st_mode)) return FdKind::kPipe;
  return FdKind::kFile;
}

Result<int> dup_fd(int fd, Ledger& ledger) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return Error{errno, "fcntl(F_DUPFD_CLOEXEC)"};
  ledger.open_fds.fetch_add(1, std::memory_order_relaxed);
  return copy;
}

void close_fd(int fd, bool reset, Ledger& ledger) {
  if (reset) {
    const linger abort_now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_now, sizeof abort_now);
  }
  // Linux frees the descriptor even when close reports EINTR or EIO: never retry.
  close(fd);
  ledger.open_fds.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace flumen
