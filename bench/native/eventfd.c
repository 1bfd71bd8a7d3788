/* What waking a thread costs by itself: one write() to an eventfd on which another thread sleeps in
 * epoll_wait.
 *
 *   eventfd
 *
 * Reads "write COUNT GAP_US" and "quit" on stdin; answers with {"ns":[...]}: how long each of COUNT writes
 * took, GAP_US apart (slept), so that the reader is asleep again each time. */
#include <stdio.h>
#include <string.h>

#include "frame.h"
#include "sleeper.h"

static void measure(unsigned long count, long gap_us) {
  struct timespec gap = {.tv_sec = gap_us / 1000000, .tv_nsec = gap_us % 1000000 * 1000};
  printf("{\"ns\":[");
  for (unsigned long i = 0; i < count; i++) {
    nanosleep(&gap, NULL);
    now_ns(); /* the clock's own first call after a sleep is dear */
    uint64_t begun = now_ns();
    ring_bell();
    printf(i == 0 ? "%lu" : ",%lu", now_ns() - begun);
  }
  printf("]}\n");
  fflush(stdout);
}

int main(void) {
  if (!start_sleeper()) {
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
