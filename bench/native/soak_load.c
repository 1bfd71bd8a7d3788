/* The soak's crowd: keeps N listeners there while they come, stall, sip and go, and checks every byte of all
 * of them.
 *
 *   soak_load --clients N --churn PER_SECOND --ramp PER_SECOND --place PORT/path,WEIGHT,TITLES …
 *
 * Lines on stdin, answered by a JSON line: "target N" (how many are to be there), "report", "empty" (all
 * leave, half of them by a reset; answered when they have left), "quit". */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "frame.h"
#include "soak_client.h"

#define STDIN_TOKEN 0xFFFFFFFFu
#define EVENTS 1024
#define PLACES 8
#define TICK_NS 20000000u
#define ROUND_TICKS 5u
#define SECOND 1000000000u
#define SIP_BYTES 800u /* a round: half of what 128 kbit/s brings */

static struct {
  uint32_t clients, target;
  double churn, ramp;
} opt = {.churn = 50, .ramp = 1000};

static struct place places[PLACES];
static uint32_t place_count, weight_all;
static struct listener* crowd_of;
static struct crowd crowd;
static uint32_t free_hint;
static double may_dial, may_leave;
static bool quitting;

static const struct place* some_place(void) {
  uint32_t at = soak_random(weight_all);
  for (uint32_t i = 0; i + 1 < place_count; i++) {
    if (at < places[i].weight) return &places[i];
    at -= places[i].weight;
  }
  return &places[place_count - 1];
}

static void let_in(void) {
  while (may_dial >= 1 && crowd.here + crowd.under_way < opt.target) {
    for (uint32_t i = 0; i < opt.clients && crowd_of[free_hint].phase != NOBODY; i++)
      free_hint = (free_hint + 1) % opt.clients;
    uint32_t kind = soak_random(100);
    enum mode mode = kind < 2 ? DOOMED : kind < 5 ? QUITTER : READS;
    listener_dial(&crowd, &crowd_of[free_hint], free_hint, some_place(), mode);
    may_dial -= 1;
  }
}

/* One who is there does something else: most leave, some stall or sip for a while. */
static void disturb(uint64_t now) {
  uint32_t token = soak_random(opt.clients);
  struct listener* l = &crowd_of[token];
  if (l->phase != LISTENING || l->mode != READS) return;
  uint32_t kind = soak_random(100);
  if (kind < 40)
    listener_leave(&crowd, l, false);
  else if (kind < 65)
    listener_leave(&crowd, l, true);
  else if (kind < 78)
    listener_mode(&crowd, l, token, HALF_OPEN, now + 20ull * SECOND);
  else
    listener_mode(&crowd, l, token, kind < 90 ? STALLS : SIPS, now + (1 + soak_random(8)) * (uint64_t)SECOND);
}

static void look_at_all(uint64_t now) {
  for (uint32_t i = 0; i < opt.clients; i++) {
    struct listener* l = &crowd_of[i];
    if (l->phase == NOBODY || (l->phase == LISTENING && l->mode == READS)) continue;
    if (l->mode == SIPS && l->phase == LISTENING) listener_read(&crowd, l, SIP_BYTES);
    if (l->phase == NOBODY || now < l->until_ns) continue;
    if (l->phase != LISTENING) {
      crowd.counts.no_answer++;
      listener_leave(&crowd, l, true);
    } else if (l->mode == HALF_OPEN) {
      crowd.counts.half_open_unanswered++;
      fprintf(stderr, "soak: a client that had sent FIN was kept for 20 s (framing %d)\n",
              l->stream->framing);
      listener_leave(&crowd, l, true);
    } else {
      listener_mode(&crowd, l, i, READS, 0);
    }
  }
}

static void tick(uint64_t now, double seconds) {
  static uint32_t ticks;
  may_dial = may_dial + seconds * opt.ramp < opt.ramp ? may_dial + seconds * opt.ramp : opt.ramp;
  if (opt.target > 0) may_leave += seconds * opt.churn * 1.5; /* a third of those disturbed only stall */
  let_in();
  for (; may_leave >= 1; may_leave -= 1) disturb(now);
  if (++ticks % ROUND_TICKS == 0) look_at_all(now);
}

static void report(void) {
  const struct soak_counts* c = &crowd.counts;
  const struct soak_tally* t = &c->tally;
  printf(
      "{\"here\":%lu,\"underWay\":%lu,\"joins\":{\"dialled\":%lu,\"joined\":%lu,\"refused\":%lu,"
      "\"status404\":%lu,"
      "\"status503\":%lu,\"statusOther\":%lu,\"noAnswer\":%lu},",
      crowd.here, crowd.under_way, c->dialled, c->joined, c->refused, c->status_404, c->status_503,
      c->status_other, c->no_answer);
  printf(
      "\"left\":{\"fin\":%lu,\"reset\":%lu,\"halfOpen\":%lu,\"beforeTheAnswer\":%lu,\"stalledForEver\":%lu,"
      "\"endedByServer\":%lu,\"resetByServer\":%lu},",
      c->left_fin, c->left_reset, c->left_half_open, c->left_quitting, c->doomed_reset, c->ended, c->reset);
  printf(
      "\"checked\":{\"units\":%lu,\"bytes\":%lu,\"headers\":%lu,\"titles\":%lu,\"sourceChanges\":%lu,"
      "\"gaps\":%lu,"
      "\"missing\":%lu},",
      t->units, t->bytes, t->headers, t->titles, t->runs, t->gaps, t->missing);
  printf(
      "\"wrong\":{\"bytes\":%lu,\"torn\":%lu,\"reordered\":%lu,\"unexplainedGaps\":%lu,\"framing\":%lu,"
      "\"halfOpenKept\":%lu}}\n",
      t->wrong_bytes, t->torn, t->reordered, t->unexplained, t->bad_framing, c->half_open_unanswered);
  fflush(stdout);
}

static void command(const char* line) {
  if (strncmp(line, "target ", 7) == 0) {
    opt.target = (uint32_t)atoi(line + 7);
    if (opt.target > opt.clients) opt.target = opt.clients;
  } else if (strcmp(line, "empty") == 0) {
    opt.target = 0;
    for (uint32_t i = 0; i < opt.clients; i++) listener_leave(&crowd, &crowd_of[i], i % 2 == 0);
  } else if (strcmp(line, "quit") == 0) {
    quitting = true;
    return;
  }
  report();
}

static void read_commands(void) {
  static char input[256];
  static size_t have;
  ssize_t n = read(0, input + have, sizeof input - 1 - have);
  if (n == 0) quitting = true;
  if (n <= 0) return;
  have += (size_t)n;
  for (char* end; (end = memchr(input, '\n', have)) != NULL;) {
    *end = 0;
    size_t length = (size_t)(end - input) + 1;
    command(input);
    have -= length;
    memmove(input, input + length, have);
  }
}

static void add_place(char* text) {
  char* slash = strchr(text, '/');
  char* comma = slash != NULL ? strchr(slash, ',') : NULL;
  struct place* p = &places[place_count++];
  if (comma == NULL || place_count > PLACES) exit(2);
  *comma = 0;
  p->port = (uint16_t)atoi(text);
  p->path = slash;
  p->weight = (uint32_t)strtoul(comma + 1, &comma, 10);
  p->titles = strcmp(comma, ",1") == 0;
  weight_all += p->weight;
}

static void parse(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--clients") == 0)
      opt.clients = (uint32_t)atoi(argv[i + 1]);
    else if (strcmp(argv[i], "--churn") == 0)
      opt.churn = atof(argv[i + 1]);
    else if (strcmp(argv[i], "--ramp") == 0)
      opt.ramp = atof(argv[i + 1]);
    else if (strcmp(argv[i], "--place") == 0)
      add_place(argv[i + 1]);
  }
  if (opt.clients < 1 || weight_all < 1) {
    fprintf(stderr, "usage: soak_load --clients N --place PORT/path,WEIGHT,TITLES\n");
    exit(2);
  }
}

int main(int argc, char** argv) {
  static struct epoll_event events[EVENTS];
  struct rlimit limit;
  parse(argc, argv);
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  soak_setup();
  crowd_of = calloc(opt.clients, sizeof *crowd_of);
  if (crowd_of == NULL) abort();
  for (uint32_t i = 0; i < opt.clients; i++) crowd_of[i].fd = -1;
  crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event e = {.events = EPOLLIN, .data.u32 = STDIN_TOKEN};
  if (epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, 0, &e) != 0) return 1;
  for (uint64_t last = now_ns(); !quitting;) {
    int n = epoll_wait(crowd.epoll, events, EVENTS, (int)(TICK_NS / 1000000u));
    for (int i = 0; i < n; i++) {
      uint32_t token = events[i].data.u32;
      if (token == STDIN_TOKEN)
        read_commands();
      else if (crowd_of[token].phase != NOBODY)
        listener_event(&crowd, &crowd_of[token], token, events[i].events);
    }
    uint64_t now = now_ns();
    if (now - last < TICK_NS) continue;
    tick(now, (double)(now - last) / SECOND);
    last = now;
  }
  return 0;
}
