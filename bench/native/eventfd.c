/* What waking a thread costs by itself: one write() to an eventfd on which another thread sleeps in
 * epoll_wait.
 *
 *   eventfd
 *
 * Reads "write COUNT GAP_US" and "quit" on stdin; answers with {"ns":[...]}: how long each of COUNT writes
 * took, GAP_US apart (slept), so that the reader is asleep again each time. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "frame.h"

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

static void measure(unsigned long count, long gap_us) {
  struct timespec gap = {.tv_sec = gap_us / 1000000, .tv_nsec = gap_us % 1000000 * 1000};
  const uint64_t one = 1;
  printf("{\"ns\":[");
  for (unsigned long i = 0; i < count; i++) {
    nanosleep(&gap, NULL);
    now_ns(); /* the clock's own first call after a sleep is dear */
    uint64_t begun = now_ns();
    if (write(bell, &one, sizeof one) != sizeof one) abort();
    printf(i == 0 ? "%lu" : ",%lu", now_ns() - begun);
  }
  printf("]}\n");
  fflush(stdout);
}

int main(void) {
  pthread_t thread;
  bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (bell < 0 || pthread_create(&thread, NULL, sleeper, NULL) != 0) {
    perror("eventfd");
    return 1;
  }
  printf("{\"ready\":true,\"pid\":%d}\n", getpid());
  fflush(stdout);
  char line[256];
  while (fgets(line, sizeof line, stdin) != NULL) {
    unsigned long count;
    long gap_us;
    if (strncmp(line, "quit", 4) == 0) break;
    if (sscanf(line, "write %lu %ld", &count, &gap_us) == 2)
      measure(count, gap_us);
    else
      fprintf(stderr, "eventfd: what is %s", line);
  }
  _exit(0);
}
