/* A thread that sleeps in epoll_wait until somebody writes to its eventfd: what it costs to wake a loop, and
 * nothing else. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
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

static bool start_sleeper(void) {
  pthread_t thread;
  bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return bell >= 0 && pthread_create(&thread, NULL, sleeper, NULL) == 0 && pthread_detach(thread) == 0;
}

static void ring_bell(void) {
  const uint64_t one = 1;
  if (write(bell, &one, sizeof one) != sizeof one) abort();
}
