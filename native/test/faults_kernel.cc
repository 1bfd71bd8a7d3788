#include "test/faults_kernel.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <mutex>

namespace flumen::test {

namespace {

struct State {
  std::atomic<bool> armed{false};
  std::mutex mutex;  // what follows; nothing is allocated under it
  std::array<KernelFault, 4> faults{};
  size_t count = 0;
  int fired = 0;
  bool awaits_victim = false;
  int victim = -1;
  // Where the victim is watched: a refused send is followed by an edge, as the kernel's own.
  int epoll = -1;
  epoll_event watched{};
};

State& state() {
  static State all;
  return all;
}

}  // namespace

// 0: the call goes through.
int fault_of(Sys sys, int fd, int which) {
  State& all = state();
  if (!all.armed.load(std::memory_order_acquire)) return 0;
  const std::lock_guard lock(all.mutex);
  for (size_t i = 0; i < all.count; ++i) {
    KernelFault& fault = all.faults[i];
    if (fault.sys != sys || (fault.which != KernelFault::kAny && fault.which != which)) continue;
    if (fault.victim && (fd < 0 || fd != all.victim)) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    if (fault.count == 0) continue;
    --fault.count;
    ++all.fired;
    return fault.error;
  }
  return 0;
}

KernelFaults::KernelFaults(std::initializer_list<KernelFault> faults) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  all.count = 0;
  for (const KernelFault& fault : faults) all.faults[all.count++] = fault;
  all.fired = 0;
  all.victim = all.epoll = -1;
  all.awaits_victim = false;
  all.armed = true;
}

KernelFaults::~KernelFaults() { state().armed = false; }

int KernelFaults::fired() {
  const std::lock_guard lock(state().mutex);
  return state().fired;
}

void KernelFaults::note_victim() {
  const std::lock_guard lock(state().mutex);
  state().awaits_victim = true;
}

// What the wrappers note.
static void duplicated(int fd) {
  State& all = state();
  if (!all.armed || fd < 0) return;
  const std::lock_guard lock(all.mutex);
  if (all.awaits_victim) all.victim = fd;
  all.awaits_victim = false;
}

static void closed(int fd) {
  State& all = state();
  if (!all.armed) return;
  const std::lock_guard lock(all.mutex);
  if (all.victim == fd) all.victim = all.epoll = -1;
}

static void watched(int epoll, int operation, int fd, const epoll_event* event) {
  State& all = state();
  if (!all.armed || operation != EPOLL_CTL_ADD) return;
  const std::lock_guard lock(all.mutex);
  if (all.victim != fd) return;
  all.epoll = epoll;
  all.watched = *event;
}

}  // namespace flumen::test

using flumen::test::fault_of;
using flumen::test::KernelFault;
using flumen::test::Sys;

// NOLINTBEGIN: these names are the linker's.
#define FLUMEN_FAIL(sys, fd, which, failed)                     \
  if (const int error = fault_of(sys, fd, which); error != 0) { \
    errno = error;                                              \
    return failed;                                              \
  }

extern "C" {

ssize_t __real_send(int, const void*, size_t, int);
ssize_t __real_sendmsg(int, const msghdr*, int);
ssize_t __real_writev(int, const iovec*, int);
ssize_t __real_pwritev2(int, const iovec*, int, off_t, int);
ssize_t __real_write(int, const void*, size_t);
ssize_t __real_recv(int, void*, size_t, int);
ssize_t __real_read(int, void*, size_t);
int __real_poll(pollfd*, nfds_t, int);
int __real_epoll_create1(int);
int __real_epoll_ctl(int, int, int, epoll_event*);
int __real_epoll_wait(int, epoll_event*, int, int);
int __real_eventfd(unsigned, int);
int __real_fstat(int, struct stat*);
int __real_fcntl(int, int, ...);
int __real_getsockopt(int, int, int, void*, socklen_t*);
int __real_setsockopt(int, int, int, const void*, socklen_t);
int __real_getpeername(int, sockaddr*, socklen_t*);
int __real_ioctl(int, unsigned long, ...);
int __real_shutdown(int, int);
int __real_close(int);
long __real_syscall(long, ...);
void* __real_mmap(void*, size_t, int, int, int, off_t);
int __real_munmap(void*, size_t);
int __real_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
int __real_pthread_setname_np(pthread_t, const char*);
int __real_pthread_sigmask(int, const sigset_t*, sigset_t*);
int __real_pthread_getschedparam(pthread_t, int*, sched_param*);
int __real_pthread_setschedparam(pthread_t, int, const sched_param*);
void* __real_malloc(size_t);

// Who is refused is told when there is room: here at once.
static int refused(Sys sys, int fd) {
  const int error = fault_of(sys, fd, 0);
  if (error != EAGAIN) return error;
  flumen::test::State& all = flumen::test::state();
  const std::lock_guard lock(all.mutex);
  if (all.epoll >= 0) __real_epoll_ctl(all.epoll, EPOLL_CTL_MOD, fd, &all.watched);
  return error;
}

#define FLUMEN_REFUSE(sys, fd)                          \
  if (const int error = refused(sys, fd); error != 0) { \
    errno = error;                                      \
    return -1;                                          \
  }

ssize_t __wrap_send(int fd, const void* bytes, size_t size, int flags) {
  FLUMEN_REFUSE(Sys::kSend, fd)
  return __real_send(fd, bytes, size, flags);
}

ssize_t __wrap_sendmsg(int fd, const msghdr* message, int flags) {
  FLUMEN_REFUSE(Sys::kSendmsg, fd)
  return __real_sendmsg(fd, message, flags);
}

ssize_t __wrap_writev(int fd, const iovec* iov, int count) {
  FLUMEN_FAIL(Sys::kWritev, fd, 0, -1)
  return __real_writev(fd, iov, count);
}

ssize_t __wrap_pwritev2(int fd, const iovec* iov, int count, off_t at, int flags) {
  FLUMEN_REFUSE(Sys::kPwritev2, fd)
  return __real_pwritev2(fd, iov, count, at, flags);
}

ssize_t __wrap_write(int fd, const void* bytes, size_t size) {
  FLUMEN_REFUSE(Sys::kWrite, fd)
  return __real_write(fd, bytes, size);
}

ssize_t __wrap_recv(int fd, void* bytes, size_t size, int flags) {
  FLUMEN_FAIL(Sys::kRecv, fd, 0, -1)
  return __real_recv(fd, bytes, size, flags);
}

ssize_t __wrap_read(int fd, void* bytes, size_t size) {
  FLUMEN_FAIL(Sys::kRead, fd, 0, -1)
  return __real_read(fd, bytes, size);
}

int __wrap_poll(pollfd* all, nfds_t count, int timeout) {
  FLUMEN_FAIL(Sys::kPoll, count == 1 ? all->fd : -1, 0, -1)
  return __real_poll(all, count, timeout);
}

int __wrap_epoll_create1(int flags) {
  FLUMEN_FAIL(Sys::kEpollCreate, -1, 0, -1)
  return __real_epoll_create1(flags);
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, epoll_event* event) {
  FLUMEN_FAIL(Sys::kEpollCtl, fd, operation, -1)
  flumen::test::watched(epoll, operation, fd, event);
  return __real_epoll_ctl(epoll, operation, fd, event);
}

int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  FLUMEN_FAIL(Sys::kEpollWait, -1, 0, -1)
  return __real_epoll_wait(epoll, events, most, timeout);
}

int __wrap_eventfd(unsigned value, int flags) {
  FLUMEN_FAIL(Sys::kEventfd, -1, 0, -1)
  return __real_eventfd(value, flags);
}

int __wrap_fstat(int fd, struct stat* status) {
  FLUMEN_FAIL(Sys::kFstat, fd, 0, -1)
  return __real_fstat(fd, status);
}

int __wrap_fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  const int value = va_arg(rest, int);
  va_end(rest);
  FLUMEN_FAIL(Sys::kFcntl, fd, command, -1)
  const int result = __real_fcntl(fd, command, value);
  if (command == F_DUPFD_CLOEXEC) flumen::test::duplicated(result);
  return result;
}

int __wrap_getsockopt(int fd, int level, int name, void* value, socklen_t* size) {
  FLUMEN_FAIL(Sys::kGetsockopt, fd, name, -1)
  return __real_getsockopt(fd, level, name, value, size);
}

int __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  FLUMEN_FAIL(Sys::kSetsockopt, fd, name, -1)
  return __real_setsockopt(fd, level, name, value, size);
}

int __wrap_getpeername(int fd, sockaddr* address, socklen_t* size) {
  FLUMEN_FAIL(Sys::kGetpeername, fd, 0, -1)
  return __real_getpeername(fd, address, size);
}

int __wrap_ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* value = va_arg(rest, void*);
  va_end(rest);
  FLUMEN_FAIL(Sys::kIoctl, fd, 0, -1)
  return __real_ioctl(fd, request, value);
}

int __wrap_shutdown(int fd, int how) {
  FLUMEN_FAIL(Sys::kShutdown, fd, 0, -1)
  return __real_shutdown(fd, how);
}

// Linux frees the descriptor whatever it reports.
int __wrap_close(int fd) {
  const int error = fault_of(Sys::kClose, fd, 0);
  flumen::test::closed(fd);
  const int result = __real_close(fd);
  if (error == 0) return result;
  errno = error;
  return -1;
}

long __wrap_syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long a[6];
  for (long& value : a) value = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_io_uring_setup) FLUMEN_FAIL(Sys::kRingSetup, -1, 0, -1)
  if (number == SYS_io_uring_enter) {
    const int error = fault_of(Sys::kRingEnter, -1, 0);
    if (error == KernelFault::kPretend) return static_cast<unsigned>(a[1]);
    errno = error;
    if (error != 0) return -1;
  }
  return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

void* __wrap_mmap(void* where, size_t size, int protection, int flags, int fd, off_t offset) {
  FLUMEN_FAIL(Sys::kMmap, fd, 0, MAP_FAILED)
  return __real_mmap(where, size, protection, flags, fd, offset);
}

int __wrap_munmap(void* where, size_t size) {
  const int error = fault_of(Sys::kMunmap, -1, 0);
  const int result = __real_munmap(where, size);
  if (error == 0) return result;
  errno = error;
  return -1;
}

// These return their error.
int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* with, void* (*body)(void*), void* data) {
  const int error = fault_of(Sys::kThreadCreate, -1, 0);
  return error != 0 ? error : __real_pthread_create(thread, with, body, data);
}

int __wrap_pthread_setname_np(pthread_t thread, const char* name) {
  const int error = fault_of(Sys::kThreadName, -1, 0);
  return error != 0 ? error : __real_pthread_setname_np(thread, name);
}

int __wrap_pthread_sigmask(int how, const sigset_t* set, sigset_t* before) {
  const int error = fault_of(Sys::kThreadMask, -1, 0);
  return error != 0 ? error : __real_pthread_sigmask(how, set, before);
}

int __wrap_pthread_getschedparam(pthread_t thread, int* policy, sched_param* param) {
  const int error = fault_of(Sys::kThreadPolicy, -1, 0);
  return error != 0 ? error : __real_pthread_getschedparam(thread, policy, param);
}

int __wrap_pthread_setschedparam(pthread_t thread, int policy, const sched_param* param) {
  const int error = fault_of(Sys::kThreadPolicy, -1, 1);
  return error != 0 ? error : __real_pthread_setschedparam(thread, policy, param);
}

void* __wrap_malloc(size_t size) {
  FLUMEN_FAIL(Sys::kMalloc, -1, 0, nullptr)
  return __real_malloc(size);
}

}  // extern "C"
// NOLINTEND
