/* The load client: N connections in one process, driven by lines on stdin, answering with JSON lines.
 *
 *   load --port P --clients N [--sample 50] [--stall 0] [--stall-rcvbuf BYTES] [--forget-stalled 1]
 *        [--get /path] [--window N] [--pace RATE] [--timeout 30] [--between BYTES] [--gop N]
 *
 * Every sample-th client checks each byte and times each frame; the others are discarded inside the kernel;
 * the last `stall` clients never read (with --forget-stalled 1 they do not even see that they are reset, so
 * that 9,000 resets at once do not keep the others from being read). --between: so many bytes of a container
 * may lie before each frame; --gop: every N-th frame is a key frame, and "report" counts who began with one.
 * Commands: "dial" (connects all, at most --window under way at a time and at most --pace begun a second,
 * answers when all are open or failed), "mark" (zero the counters), "report", "churn RATE SECONDS" (so many
 * of the unsampled leave and others come, a second), "drop [reset]" (close all; "dial" may follow), "quit".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

#define STDIN_TOKEN 0xFFFFFFFFu
#define EVENTS 1024

static struct {
  int port, clients, sample, stall, stall_rcvbuf, forget_stalled, window, pace, timeout, between, gop;
  const char* get;
} opt = {.sample = 50, .timeout = 30};

static struct client* clients;
static struct tally tally;
static struct plan plan;
static bool quitting;

static bool settled(const struct client* c) { return c->phase >= READING; }

static void turn(int wait_ms);

static void quantiles(const char* name, struct hist* h) {
  printf("\"%s\":{\"count\":%lu,\"p50Us\":%lu,\"p99Us\":%lu,\"maxUs\":%lu}", name, h->count,
         hist_quantile(h, 0.5), hist_quantile(h, 0.99), h->max_us);
}

static void dial_report(uint64_t begun) {
  static struct hist connect_to_byte, connect_to_open;
  int open = 0, failed = 0, answered = 0, refused = 0, reset = 0, not_ok = 0;
  uint64_t last = begun;
  hist_clear(&connect_to_byte);
  hist_clear(&connect_to_open);
  for (int i = 0; i < opt.clients; i++) {
    struct client* c = &clients[i];
    if (c->phase == READING || c->phase == CLOSED) {
      open++;
      if (c->open_ns > last) last = c->open_ns;
      hist_add(&connect_to_open, c->open_ns - c->dialled_ns);
      if (c->first_byte_ns > 0) hist_add(&connect_to_byte, c->first_byte_ns - c->dialled_ns);
      answered += c->status == 200;
    } else {
      failed++;
      refused += c->error == ECONNREFUSED;
      reset += c->error == ECONNRESET;
      not_ok += c->status != 0 && c->status != 200;
    }
  }
  printf(
      "{\"dialled\":%d,\"open\":%d,\"answered\":%d,\"failed\":%d,\"refused\":%d,\"reset\":%d,\"notOk\":%d,"
      "\"allMs\":%.1f,",
      opt.clients, open, answered, failed, refused, reset, not_ok, (double)(last - begun) / 1e6);
  quantiles("firstByte", &connect_to_byte);
  printf(",");
  quantiles("connect", &connect_to_open);
  printf("}\n");
  fflush(stdout);
}

static void reset_client(struct client* c, int index) {
  struct stream* s = c->stream;
  bool stalled = index >= opt.clients - opt.stall;
  bool sampled = !stalled && opt.sample > 0 && index % opt.sample == 0;
  *c = (struct client){.fd = -1, .stalled = stalled};
  if (sampled) {
    c->stream = s != NULL ? s : malloc(sizeof *s);
    if (c->stream == NULL) abort();
    memset(c->stream, 0, sizeof *c->stream);
  }
}

static void dial(void) {
  uint64_t begun = now_ns(), deadline = begun + (uint64_t)opt.timeout * 1000000000u, due = begun;
  int next = 0, first_open = 0;
  for (int i = 0; i < opt.clients; i++) reset_client(&clients[i], i);
  for (;;) {
    while (first_open < next && settled(&clients[first_open])) first_open++;
    /* No more than `window` clients are under way: those between the first unsettled one and the next to
     * dial. A pace is kept by each client alone: what is late does not come as a burst. */
    uint64_t now = now_ns();
    for (; next < opt.clients && next - first_open < opt.window && now >= due; next++) {
      client_dial(&clients[next], &plan, (uint32_t)next);
      if (opt.pace > 0) due = now + 1000000000u / (unsigned)opt.pace;
    }
    if (first_open == opt.clients || now > deadline || quitting) break;
    turn(next < opt.clients && due > now ? (int)((due - now + 999999) / 1000000) : 100);
  }
  for (int i = 0; i < opt.clients; i++) {
    if (!settled(&clients[i])) {
      client_drop(&clients[i], true);
      clients[i].phase = FAILED;
      clients[i].error = ETIMEDOUT;
    }
  }
  dial_report(begun);
}

static uint32_t kernel_segments(const struct client* c, uint8_t* state) {
  struct tcp_info info = {0};
  socklen_t size = sizeof info;
  if (c->fd < 0 || getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    *state = 7;
    return 0;
  }
  *state = info.tcpi_state;
  return info.tcpi_data_segs_in;
}

static void mark(void) {
  uint8_t state;
  memset(&tally, 0, sizeof tally);
  for (int i = 0; i < opt.clients; i++) {
    clients[i].bytes = 0;
    clients[i].segments_base = kernel_segments(&clients[i], &state);
  }
  printf("{\"marked\":true}\n");
  fflush(stdout);
}

/* Bytes and data segments per reading client; a segment is one send of the server as long as sends are
 * smaller than the MSS of the loopback (64 KiB) and the reader keeps up. */
static void report(void) {
  uint64_t bytes = 0, bytes_min = UINT64_MAX, bytes_max = 0, segments = 0, next_min = UINT64_MAX,
           next_max = 0;
  uint32_t segments_min = UINT32_MAX, segments_max = 0;
  int reading = 0, closed = 0, stalled_open = 0, sampled = 0, key_starts = 0;
  for (int i = 0; i < opt.clients; i++) {
    struct client* c = &clients[i];
    uint8_t state;
    uint32_t count = kernel_segments(c, &state) - c->segments_base;
    if (c->stalled) {
      stalled_open += state == 1;
      continue;
    }
    if (c->phase != READING) {
      closed++;
      continue;
    }
    reading++;
    bytes += c->bytes;
    segments += count;
    if (c->bytes < bytes_min) bytes_min = c->bytes;
    if (c->bytes > bytes_max) bytes_max = c->bytes;
    if (count < segments_min) segments_min = count;
    if (count > segments_max) segments_max = count;
    if (c->stream == NULL) continue;
    sampled++;
    uint64_t next = c->stream->seen ? c->stream->next : 0;
    key_starts += c->stream->seen && opt.gop > 0 && c->stream->first % (uint64_t)opt.gop == 0;
    if (next < next_min) next_min = next;
    if (next > next_max) next_max = next;
  }
  if (reading == 0) {
    bytes_min = 0;
    segments_min = 0;
  }
  if (sampled == 0) next_min = 0;
  printf("{\"reading\":%d,\"closed\":%d,\"stalledOpen\":%d,\"bytes\":%lu,\"bytesMin\":%lu,\"bytesMax\":%lu,",
         reading, closed, stalled_open, bytes, bytes_min, bytes_max);
  printf("\"segments\":%lu,\"segmentsMin\":%u,\"segmentsMax\":%u,", segments, segments_min, segments_max);
  printf(
      "\"sampled\":%d,\"keyStarts\":%d,\"frames\":%lu,\"nextMin\":%lu,\"nextMax\":%lu,\"bad\":%lu,\"gaps\":%"
      "lu,\"missing\":%"
      "lu,\"skipped\":%lu,",
      sampled, key_starts, tally.frames, next_min, next_max, tally.bad, tally.gaps, tally.missing,
      tally.skipped);
  quantiles("latency", &tally.latency);
  printf("}\n");
  fflush(stdout);
}

/* Clients that no one looks at closely leave and come back, one every 1/rate seconds. What the newcomers
 * met with is told as after "dial". */
static void churn(double rate, double seconds) {
  static struct hist answers;
  uint64_t begun = now_ns(), planned = (uint64_t)(rate * seconds), made = 0, judged = 0, failed = 0, at = 0;
  struct client before;
  if (opt.sample == 1) planned = 0; /* they are all looked at */
  hist_clear(&answers);
  while (made < planned && !quitting) {
    uint64_t due = begun + (uint64_t)((double)made * 1e9 / rate), now = now_ns();
    if (now < due) {
      turn((int)((due - now) / 1000000u));
      continue;
    }
    do at = (at + 1) % (uint64_t)opt.clients;
    while (clients[at].stream != NULL || clients[at].stalled);
    before = clients[at];
    if (before.dialled_ns > begun) {
      judged++;
      if (before.first_byte_ns > 0) hist_add(&answers, before.first_byte_ns - before.dialled_ns);
      failed += before.phase != READING;
    }
    client_drop(&clients[at], false);
    reset_client(&clients[at], (int)at);
    client_dial(&clients[at], &plan, (uint32_t)at);
    made++;
  }
  printf("{\"churned\":%lu,\"judged\":%lu,\"failed\":%lu,\"tookMs\":%.1f,", made, judged, failed,
         (double)(now_ns() - begun) / 1e6);
  quantiles("firstByte", &answers);
  printf("}\n");
  fflush(stdout);
}

static void command(char* line) {
  double rate, seconds;
  if (strcmp(line, "dial") == 0)
    dial();
  else if (strcmp(line, "mark") == 0)
    mark();
  else if (strcmp(line, "report") == 0)
    report();
  else if (sscanf(line, "churn %lf %lf", &rate, &seconds) == 2)
    churn(rate, seconds);
  else if (strcmp(line, "quit") == 0)
    quitting = true;
  else if (strncmp(line, "drop", 4) == 0) {
    for (int i = 0; i < opt.clients; i++) client_drop(&clients[i], strcmp(line, "drop reset") == 0);
    printf("{\"dropped\":true}\n");
    fflush(stdout);
  } else
    fprintf(stderr, "load: unknown command %s\n", line);
}

static char input[1024];
static size_t input_have;

static void read_commands(void) {
  ssize_t n = read(0, input + input_have, sizeof input - 1 - input_have);
  if (n == 0) quitting = true;
  if (n > 0) input_have += (size_t)n;
}

/* One command a time: "dial" turns the event loop itself and must not be entered twice. */
static bool next_command(void) {
  char* end = memchr(input, '\n', input_have);
  if (end == NULL) return false;
  char line[1024];
  size_t length = (size_t)(end - input);
  memcpy(line, input, length);
  line[length] = 0;
  input_have -= length + 1;
  memmove(input, end + 1, input_have);
  command(line);
  return true;
}

static void turn(int wait_ms) {
  static struct epoll_event events[EVENTS];
  int n = epoll_wait(plan.epoll, events, EVENTS, wait_ms);
  for (int i = 0; i < n; i++) {
    uint32_t token = events[i].data.u32;
    if (token == STDIN_TOKEN)
      read_commands();
    else
      client_event(&clients[token], &plan, token, events[i].events);
  }
}

static void parse(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (strcmp(name, "--port") == 0)
      opt.port = atoi(value);
    else if (strcmp(name, "--clients") == 0)
      opt.clients = atoi(value);
    else if (strcmp(name, "--sample") == 0)
      opt.sample = atoi(value);
    else if (strcmp(name, "--stall") == 0)
      opt.stall = atoi(value);
    else if (strcmp(name, "--stall-rcvbuf") == 0)
      opt.stall_rcvbuf = atoi(value);
    else if (strcmp(name, "--forget-stalled") == 0)
      opt.forget_stalled = atoi(value);
    else if (strcmp(name, "--window") == 0)
      opt.window = atoi(value);
    else if (strcmp(name, "--pace") == 0)
      opt.pace = atoi(value);
    else if (strcmp(name, "--timeout") == 0)
      opt.timeout = atoi(value);
    else if (strcmp(name, "--between") == 0)
      opt.between = atoi(value);
    else if (strcmp(name, "--gop") == 0)
      opt.gop = atoi(value);
    else if (strcmp(name, "--get") == 0)
      opt.get = value;
    else {
      fprintf(stderr, "load: unknown option %s\n", name);
      exit(2);
    }
  }
  if (opt.port < 1 || opt.clients < 1) {
    fprintf(stderr, "usage: load --port P --clients N\n");
    exit(2);
  }
  if (opt.window < 1) opt.window = opt.clients;
}

int main(int argc, char** argv) {
  struct rlimit limit;
  parse(argc, argv);
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  verify_setup((uint32_t)opt.between);
  clients = calloc((size_t)opt.clients, sizeof *clients);
  if (clients == NULL) abort();
  for (int i = 0; i < opt.clients; i++) clients[i].fd = -1;
  plan = (struct plan){.get = opt.get,
                       .epoll = epoll_create1(EPOLL_CLOEXEC),
                       .stall_rcvbuf = opt.stall_rcvbuf,
                       .forget_stalled = opt.forget_stalled != 0,
                       .tally = &tally};
  plan.to = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)opt.port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct epoll_event e = {.events = EPOLLIN, .data.u32 = STDIN_TOKEN};
  if (epoll_ctl(plan.epoll, EPOLL_CTL_ADD, 0, &e) != 0) {
    perror("load: stdin");
    return 1;
  }
  while (!quitting) {
    while (next_command()) continue;
    if (!quitting) turn(-1);
  }
  return 0;
}
