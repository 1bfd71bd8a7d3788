/* What the cheapest call of JavaScript costs that wakes a thread: an addon whose ring() writes to an eventfd
 * on which another thread sleeps in epoll_wait. */
#include <node_api.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int bell;

static void* sleeper(void* unused) {
  (void)unused;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event e = {.events = EPOLLIN | EPOLLET};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &e) != 0) abort();
  for (;;) {
    uint64_t rings;
    if (epoll_wait(epoll, &e, 1, -1) == 1 && read(bell, &rings, sizeof rings) < 0) continue;
  }
  return NULL;
}

static napi_value ring(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  const uint64_t one = 1;
  if (write(bell, &one, sizeof one) != sizeof one) abort();
  return NULL;
}

NAPI_MODULE_INIT() {
  pthread_t thread;
  napi_value function;
  bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (bell < 0 || pthread_create(&thread, NULL, sleeper, NULL) != 0 || pthread_detach(thread) != 0) abort();
  if (napi_create_function(env, "ring", NAPI_AUTO_LENGTH, ring, NULL, &function) != napi_ok) abort();
  if (napi_set_named_property(env, exports, "ring", function) != napi_ok) abort();
  return exports;
}
