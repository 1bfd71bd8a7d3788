/* The floor: what the sends alone cost. A bare loop of send() over the inherited sockets, fds base..base+N-1.
 *
 *   floor --clients N [--base 1000] [--rate 38] [--size 417] [--flush 200]
 *
 * Reads "run ID SECONDS burst|spread|live" and "quit" on stdin and answers each run with one JSON line.
 * All frames of a run lie back to back in one buffer, so what a client has pending is one stretch of memory
 * and one plain send(): cheaper than sendmsg with an iovec list, and nothing per client is kept at all.
 * burst: every client at each flush; spread: the clients are spread over slots of the interval, as the sink
 * does it: one for 64 clients, at most 20; live: the same, and it wakes for each frame when it is due, as who
 * has a live source must (the others make frames when they are to be sent). flush 0: every client at each
 * frame (one form only). Frames are stamped with the time they were due, as a pusher with the same cadence
 * would have stamped them. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "frame.h"

#define SLOTS 20
#define CLIENTS_PER_SLOT 64

struct options {
  int clients, base, size, flush_ms;
  double rate;
};

struct run {
  uint32_t id;
  uint64_t frames, made, start_ns;
  uint64_t sends, bytes, blocked, late_ns;
  uint8_t* data;
};

static struct options opt = {.clients = 0, .base = 1000, .size = 417, .flush_ms = 200, .rate = 38};
static uint8_t pattern[PATTERN_BYTES];

static uint64_t cpu_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
  return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t due_ns(const struct run* r, uint64_t seq) {
  return r->start_ns + (uint64_t)((double)seq * 1e9 / opt.rate);
}

static void sleep_until(struct run* r, uint64_t at) {
  struct timespec ts = {.tv_sec = (time_t)(at / 1000000000u), .tv_nsec = (long)(at % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) continue;
  uint64_t now = now_ns();
  if (now > at && now - at > r->late_ns) r->late_ns = now - at;
}

static void make_due(struct run* r, uint64_t now) {
  for (; r->made < r->frames && due_ns(r, r->made) <= now; r->made++) {
    uint8_t* at = r->data + r->made * (uint64_t)opt.size;
    frame_write(at, pattern, r->id, r->made, (uint32_t)opt.size, due_ns(r, r->made));
  }
}

/* The slow way out of a full socket: never taken in a run that counts, but bytes must not get lost in one
 * that does not. */
static void send_rest(struct run* r, int fd, const uint8_t* at, size_t left) {
  r->blocked++;
  while (left > 0) {
    struct pollfd p = {.fd = fd, .events = POLLOUT, .revents = 0};
    poll(&p, 1, 1000);
    ssize_t n = send(fd, at, left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
      fprintf(stderr, "floor: send: %s\n", strerror(errno));
      return;
    }
    if (n > 0) {
      at += n;
      left -= (size_t)n;
    }
  }
}

static void send_range(struct run* r, int first, int last, uint64_t from, uint64_t to) {
  const uint8_t* at = r->data + from * (uint64_t)opt.size;
  size_t length = (to - from) * (size_t)opt.size;
  if (length == 0) return;
  for (int i = first; i < last; i++) {
    ssize_t n = send(opt.base + i, at, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n != (ssize_t)length)
      send_rest(r, opt.base + i, at + (n > 0 ? n : 0), length - (size_t)(n > 0 ? n : 0));
  }
  r->sends += (uint64_t)(last - first);
  r->bytes += length * (uint64_t)(last - first);
}

static void run_each(struct run* r) {
  for (uint64_t seq = 0; seq < r->frames; seq++) {
    sleep_until(r, due_ns(r, seq));
    make_due(r, now_ns());
    send_range(r, 0, opt.clients, seq, seq + 1);
  }
}

static void run_slots(struct run* r, int slots, bool live) {
  uint64_t sent[SLOTS] = {0};
  uint64_t step = (uint64_t)opt.flush_ms * 1000000u / (uint64_t)slots;
  uint64_t at = r->start_ns;
  for (uint64_t turn = 0;; turn++) {
    int slot = (int)(turn % (uint64_t)slots);
    bool all = true;
    at += step;
    while (live && r->made < r->frames && due_ns(r, r->made) < at) {
      sleep_until(r, due_ns(r, r->made));
      make_due(r, now_ns());
    }
    sleep_until(r, at);
    make_due(r, now_ns());
    send_range(r, slot * opt.clients / slots, (slot + 1) * opt.clients / slots, sent[slot], r->made);
    sent[slot] = r->made;
    for (int i = 0; i < slots; i++) all = all && sent[i] == r->frames;
    if (all) return;
  }
}

static int slots_of(const char* form) {
  if (strcmp(form, "burst") == 0) return 1;
  int slots = opt.clients / CLIENTS_PER_SLOT;
  return slots < 1 ? 1 : slots > SLOTS ? SLOTS : slots;
}

static void run(uint32_t id, double seconds, const char* form) {
  struct run r = {.id = id, .frames = (uint64_t)(seconds * opt.rate)};
  r.data = malloc(r.frames * (size_t)opt.size);
  if (r.data == NULL) {
    fprintf(stderr, "floor: out of memory\n");
    exit(1);
  }
  memset(r.data, 0, r.frames * (size_t)opt.size);
  uint64_t cpu = cpu_ns();
  r.start_ns = now_ns();
  if (opt.flush_ms == 0)
    run_each(&r);
  else
    run_slots(&r, slots_of(form), strcmp(form, "live") == 0);
  printf(
      "{\"run\":%u,\"frames\":%lu,\"wallNs\":%lu,\"cpuNs\":%lu,\"sends\":%lu,\"bytes\":%lu,\"blocked\":%lu,"
      "\"lateNs\":%lu}\n",
      id, r.frames, now_ns() - r.start_ns, cpu_ns() - cpu, r.sends, r.bytes, r.blocked, r.late_ns);
  fflush(stdout);
  free(r.data);
}

int main(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--clients") == 0)
      opt.clients = atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--base") == 0)
      opt.base = atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--size") == 0)
      opt.size = atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--rate") == 0)
      opt.rate = atof(argv[i + 1]);
    else if (strcmp(argv[i], "--flush") == 0)
      opt.flush_ms = atoi(argv[i + 1]);
    else {
      fprintf(stderr, "floor: unknown option %s\n", argv[i]);
      return 2;
    }
  }
  if (opt.clients < 1 || opt.size < (int)FRAME_MIN || opt.size > (int)FRAME_MAX) {
    fprintf(stderr, "floor: bad --clients or --size\n");
    return 2;
  }
  pattern_fill(pattern);
  printf("{\"ready\":true}\n");
  fflush(stdout);
  char line[256], form[16];
  while (fgets(line, sizeof line, stdin) != NULL) {
    unsigned id;
    double seconds;
    if (strncmp(line, "quit", 4) == 0) break;
    if (sscanf(line, "run %u %lf %15s", &id, &seconds, form) == 3)
      run(id, seconds, form);
    else
      fprintf(stderr, "floor: what is %s", line);
  }
  return 0;
}
