/* Preloaded into the soak's server (LD_PRELOAD): sends of sockets fail as the kernel's may but will not when
 * asked to.
 *
 * The file named by SOAK_FAULTS is shared with the driver: five chances of a send, in millionths (u32 each:
 * EAGAIN, a part only, ENOBUFS, ENOMEM, EINTR), then at offset 32 how often each was done (u64 each). After
 * an EAGAIN and after a part the kernel tells of the socket again, as it does when a buffer that was full has
 * room: without that, an edge-triggered reader would wait for ever. Node itself sends by other calls (write,
 * writev). An io_uring takes sends past this library: FLUMEN_IO=epoll. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define KINDS 5
#define FILES 65536

enum { AGAIN, PART, NO_BUFFERS, NO_MEMORY, INTERRUPTED };

struct shared {
  _Atomic uint32_t chance[8];
  _Atomic uint64_t done[KINDS];
};

static struct shared none;
static struct shared* shared = &none;
/* What each descriptor is registered with; its loop's thread only. */
static struct {
  int epoll;
  struct epoll_event event;
} registered[FILES];

static ssize_t (*real_send)(int, const void*, size_t, int);
static ssize_t (*real_sendmsg)(int, const struct msghdr*, int);
static int (*real_epoll_ctl)(int, int, int, struct epoll_event*);

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("SOAK_FAULTS");
  int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
  real_send = (ssize_t(*)(int, const void*, size_t, int))dlsym(RTLD_NEXT, "send");
  real_sendmsg = (ssize_t(*)(int, const struct msghdr*, int))dlsym(RTLD_NEXT, "sendmsg");
  real_epoll_ctl = (int (*)(int, int, int, struct epoll_event*))dlsym(RTLD_NEXT, "epoll_ctl");
  if (fd < 0) return;
  void* at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (at != MAP_FAILED) shared = at;
}

int epoll_ctl(int epoll, int op, int fd, struct epoll_event* event) {
  if (fd >= 0 && fd < FILES && op != EPOLL_CTL_DEL) {
    registered[fd].epoll = epoll;
    registered[fd].event = *event;
  }
  return real_epoll_ctl(epoll, op, fd, event);
}

/* The fault of this send; KINDS: none. */
static int fault(void) {
  static _Thread_local uint64_t x = 0;
  if (x == 0) x = (uint64_t)(uintptr_t)&x | 1;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  uint32_t at = (uint32_t)(x >> 20) % 1000000u;
  for (int kind = 0; kind < KINDS; kind++) {
    uint32_t chance = shared->chance[kind];
    if (at < chance) return kind;
    at -= chance;
  }
  return KINDS;
}

static void tell_again(int fd) {
  struct epoll_event event = registered[fd].event;
  real_epoll_ctl(registered[fd].epoll, EPOLL_CTL_MOD, fd, &event);
}

static ssize_t fail(int kind) {
  static const int errors[KINDS] = {
      [AGAIN] = EAGAIN, [NO_BUFFERS] = ENOBUFS, [NO_MEMORY] = ENOMEM, [INTERRUPTED] = EINTR};
  errno = errors[kind];
  return -1;
}

ssize_t send(int fd, const void* data, size_t length, int flags) {
  int kind = fd >= 0 && fd < FILES && registered[fd].epoll > 0 ? fault() : KINDS;
  if (kind == KINDS || (kind == PART && length < 2)) return real_send(fd, data, length, flags);
  shared->done[kind]++;
  ssize_t result = kind == PART ? real_send(fd, data, length / 2, flags) : fail(kind);
  int error = errno;
  if (kind <= PART) tell_again(fd);
  errno = error;
  return result;
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  int kind = fd >= 0 && fd < FILES && registered[fd].epoll > 0 ? fault() : KINDS;
  if (kind == KINDS || (kind == PART && message->msg_iovlen < 2)) return real_sendmsg(fd, message, flags);
  shared->done[kind]++;
  struct msghdr part = *message;
  part.msg_iovlen /= 2;
  ssize_t result = kind == PART ? real_sendmsg(fd, &part, flags) : fail(kind);
  int error = errno;
  if (kind <= PART) tell_again(fd);
  errno = error;
  return result;
}
