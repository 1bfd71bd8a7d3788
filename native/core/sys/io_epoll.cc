#include "core/sys/io_epoll.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace flumen {

namespace {

int64_t result_of(ssize_t returned) { return returned >= 0 ? returned : -errno; }

// Below that the ring's own work is not worth it.
constexpr size_t kWorthARing = 4;

bool all_sockets(std::span<const SendOp> ops) {
  return std::ranges::all_of(ops, [](const SendOp& op) { return op.kind == FdKind::kSocket; });
}

int64_t send_socket(const SendOp& op) {
  ssize_t sent = 0;
  do {
    if (op.iov_count == 1) {
      // The common case of a caught-up client: one contiguous run. send() spares the kernel importing a
      // msghdr.
      sent = send(op.fd, op.iov[0].iov_base, op.iov[0].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(op.iov);
      message.msg_iovlen = static_cast<size_t>(op.iov_count);
      sent = sendmsg(op.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  } while (sent < 0 && errno == EINTR);
  return result_of(sent);
}

/// 1: `fd` is ready, 0: it is not, or -errno.
int64_t ready(int fd, short events) {
  pollfd query{fd, events, 0};
  int count = 0;
  do {
    count = poll(&query, 1, 0);
  } while (count < 0 && errno == EINTR);
  return result_of(count);
}

int64_t write_piece(int fd, const uint8_t* bytes, size_t size) {
  if (const int64_t room = ready(fd, POLLOUT); room <= 0) return room < 0 ? room : -EAGAIN;
  ssize_t sent = 0;
  do {
    sent = write(fd, bytes, size);
  } while (sent < 0 && errno == EINTR);
  return result_of(sent);
}

// A kernel before 6.4 knows no RWF_NOWAIT on pipes, and later ones none on a named one: as long as poll says
// writable, PIPE_BUF bytes fit without blocking. Until it says no: only a pipe that was full gets an edge
// when it is read.
int64_t write_pipe_old(const SendOp& op) {
  int64_t total = 0;
  for (int i = 0; i < op.iov_count; ++i) {
    const auto* data = static_cast<const uint8_t*>(op.iov[i].iov_base);
    for (size_t at = 0; at < op.iov[i].iov_len;) {
      const size_t piece = std::min<size_t>(op.iov[i].iov_len - at, PIPE_BUF);
      const int64_t sent = write_piece(op.fd, data + at, piece);
      if (sent < 0) return total > 0 ? total : sent;
      at += static_cast<size_t>(sent);
      total += sent;
    }
  }
  return total;
}

int64_t write_pipe(const SendOp& op) {
  ssize_t sent = 0;
  do {
    sent = pwritev2(op.fd, op.iov, op.iov_count, -1, RWF_NOWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno == EOPNOTSUPP) return write_pipe_old(op);
  return result_of(sent);
}

// May block: files have a loop of their own.
int64_t write_file(const SendOp& op) {
  ssize_t sent = 0;
  do {
    sent = writev(op.fd, op.iov, op.iov_count);
  } while (sent < 0 && errno == EINTR);
  return result_of(sent);
}

}  // namespace

Result<std::unique_ptr<EpollIo>> EpollIo::create(Ledger& ledger, Sends sends) {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) return Error{errno, "epoll_create1"};
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) {
    const Error error{errno, "eventfd"};
    ::close(epoll_fd);
    return error;
  }
  // Edge-triggered: every write to the eventfd is an event, so its counter never has to be read back.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kWakeToken;
  std::unique_ptr<EpollIo> io(new EpollIo(ledger, epoll_fd, wake_fd));
  // ENOSPC: the user has as many watches as the system allows (max_user_watches).
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &event) != 0) return Error{errno, "epoll_ctl"};
  if (sends == Sends::kSingle) return io;
  errno = ENOSYS;  // what a ring without the features lacks
  io->ring_ = SendRing::create();
  if (sends == Sends::kRing && !io->ring_) return Error{errno, "io_uring_setup"};
  return io;
}

EpollIo::~EpollIo() {
  ::close(wake_fd_);
  ::close(epoll_fd_);
}

Result<bool> EpollIo::add(int fd, Watch watch, uint64_t token) {
  FLUMEN_CHECK(token != kWakeToken);
  epoll_event event{};
  event.events = watch == Watch::kClient ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN;
  event.data.u64 = token;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return Error{errno, "epoll_ctl"};
  return true;
}

void EpollIo::remove(int fd) { epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

void EpollIo::tune_client(int fd, const SocketCare& care) { apply(care, fd); }

void EpollIo::submit(std::span<SendOp> ops) {
  while (ring_ && ops.size() >= kWorthARing && all_sockets(ops)) {
    const std::span<SendOp> batch = ops.first(std::min(ops.size(), SendRing::kEntries));
    const size_t tried = ring_->send(batch);
    if (ring_->broken()) ring_.reset();
    ops = ops.subspan(tried);
  }
  for (SendOp& op : ops) {
    switch (op.kind) {
      case FdKind::kSocket:
        op.result = send_socket(op);
        break;
      case FdKind::kPipe:
        op.result = write_pipe(op);
        break;
      case FdKind::kFile:
        op.result = write_file(op);
        break;
    }
  }
}

int64_t EpollIo::read(int fd, FdKind kind, std::span<uint8_t> into) {
  ssize_t got = 0;
  do {
    if (kind == FdKind::kSocket) {
      got = recv(fd, into.data(), into.size(), MSG_DONTWAIT);
    } else {
      const int64_t input = kind == FdKind::kPipe ? ready(fd, POLLIN) : 1;
      if (input <= 0) return input < 0 ? input : -EAGAIN;
      got = ::read(fd, into.data(), into.size());
    }
  } while (got < 0 && errno == EINTR);
  return result_of(got);
}

int64_t EpollIo::queued(int fd, FdKind kind) {
  int bytes = 0;
  return kind == FdKind::kSocket && ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : -1;
}

void EpollIo::shutdown_write(int fd) { shutdown(fd, SHUT_WR); }

void EpollIo::close(int fd, bool reset) { close_fd(fd, reset, ledger_); }

std::span<const IoEvent> EpollIo::wait(Nanos now, Nanos deadline) {
  // A bounded sleep even for kNever keeps the arithmetic in range; waking up once an hour costs nothing.
  const Nanos sleep =
      std::clamp<Nanos>(deadline == kNever ? 3600 * kSecond : deadline - now, 0, 3600 * kSecond);
  // Rounded up: waking early would spin until the deadline.
  const int timeout = static_cast<int>((sleep + kMillisecond - 1) / kMillisecond);
  const int count = epoll_wait(epoll_fd_, raw_.data(), static_cast<int>(raw_.size()), timeout);
  // Our descriptor is gone: a loop that hears of nothing any more would spin and serve nobody.
  FLUMEN_CHECK(count >= 0 || errno == EINTR);
  size_t seen = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& raw = raw_[static_cast<size_t>(i)];
    if (raw.data.u64 == kWakeToken) continue;
    events_[seen++] = IoEvent{raw.data.u64, (raw.events & EPOLLIN) != 0, (raw.events & EPOLLOUT) != 0,
                              (raw.events & (EPOLLRDHUP | EPOLLHUP)) != 0, (raw.events & EPOLLERR) != 0};
  }
  return {events_.data(), seen};
}

void EpollIo::wake() {
  const uint64_t one = 1;
  // EAGAIN would need 2^64 wakes without a reader; any write at all has raised the edge already.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

}  // namespace flumen
