#define _GNU_SOURCE
#include "soak_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"

#define HEAD_MAX 2048
#define RECEIVE_MAX (256 * 1024)
#define ANSWER_NS 20000000000u
#define DOOMED_RCVBUF 4096

static uint8_t received[RECEIVE_MAX];

uint32_t soak_random(uint32_t below) {
  static uint64_t x = 88172645463325252u;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return (uint32_t)((x >> 16) % below);
}

/* The place is free again. */
static void gone(struct crowd* crowd, struct listener* l, uint64_t* counter) {
  if (l->fd >= 0) close(l->fd);
  if (l->phase == LISTENING)
    crowd->here--;
  else if (l->phase != NOBODY)
    crowd->under_way--;
  free(l->head);
  free(l->stream);
  *l = (struct listener){.fd = -1};
  (*counter)++;
}

static void watch(struct crowd* crowd, struct listener* l, uint32_t token, int op, uint32_t events) {
  struct epoll_event e = {.events = events, .data.u32 = token};
  if (epoll_ctl(crowd->epoll, op, l->fd, &e) != 0) abort();
}

void listener_dial(struct crowd* crowd, struct listener* l, uint32_t token, const struct place* place,
                   enum mode mode) {
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(place->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  /* From several addresses: one has 28,000 ports, and those of clients that left are taken for a minute. */
  struct sockaddr_in from = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + soak_random(8))};
  int yes = 1, small = DOOMED_RCVBUF;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  *l = (struct listener){
      .fd = fd, .phase = CONNECTING, .mode = mode, .place = place, .until_ns = now_ns() + ANSWER_NS};
  crowd->counts.dialled++;
  crowd->under_way++;
  if (fd < 0) {
    gone(crowd, l, &crowd->counts.refused);
    return;
  }
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  if (mode == DOOMED) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  if (bind(fd, (const struct sockaddr*)&from, sizeof from) != 0 ||
      (connect(fd, (const struct sockaddr*)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
    gone(crowd, l, &crowd->counts.refused);
    return;
  }
  watch(crowd, l, token, EPOLL_CTL_ADD, EPOLLOUT);
}

static void ask(struct crowd* crowd, struct listener* l, uint32_t token) {
  char request[256];
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    gone(crowd, l, &crowd->counts.refused);
    return;
  }
  bool titles = l->place->titles && soak_random(2) == 0;
  int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n",
                        l->place->path, titles ? "Icy-MetaData: 1\r\n" : "");
  /* Those who leave before they are answered: in the middle of their request, or just behind it. */
  if (l->mode == QUITTER && soak_random(2) == 0) length /= 2;
  if (send(l->fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
    gone(crowd, l, &crowd->counts.no_answer);
    return;
  }
  if (l->mode == QUITTER) {
    listener_leave(crowd, l, soak_random(2) == 0);
    return;
  }
  l->phase = ASKING;
  l->head = malloc(HEAD_MAX + 1);
  if (l->head == NULL) abort();
  watch(crowd, l, token, EPOLL_CTL_MOD, EPOLLIN);
}

static void told_no(struct crowd* crowd, struct listener* l, int status) {
  struct soak_counts* c = &crowd->counts;
  gone(crowd, l, status == 404 ? &c->status_404 : status == 503 ? &c->status_503 : &c->status_other);
}

static void body(struct crowd* crowd, struct listener* l, const uint8_t* data, uint32_t length) {
  if (!soak_feed(l->stream, data, length, &crowd->counts.tally)) gone(crowd, l, &crowd->counts.left_wrong);
}

static void begin(struct crowd* crowd, struct listener* l, uint32_t token, const char* end) {
  const char* metaint = strcasestr(l->head, "\r\nicy-metaint:");
  bool chunked = strcasestr(l->head, "\r\ntransfer-encoding: chunked") != NULL;
  char* head = l->head;
  l->head = NULL;
  l->stream = malloc(sizeof *l->stream);
  if (l->stream == NULL) abort();
  soak_begin(l->stream,
             chunked           ? CHUNKED
             : metaint != NULL ? ICY
                               : RAW,
             metaint != NULL ? (uint32_t)atoi(metaint + strlen("\r\nicy-metaint:")) : 0);
  l->phase = LISTENING;
  crowd->under_way--;
  crowd->here++;
  crowd->counts.joined++;
  enum mode mode = l->mode;
  body(crowd, l, (const uint8_t*)end + 4, (uint32_t)(head + l->head_have - (end + 4)));
  free(head);
  if (l->fd >= 0 && mode == DOOMED) listener_mode(crowd, l, token, DOOMED, UINT64_MAX);
}

static void read_head(struct crowd* crowd, struct listener* l, uint32_t token) {
  ssize_t n = recv(l->fd, l->head + l->head_have, (size_t)(HEAD_MAX - l->head_have), 0);
  int status = 0;
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    gone(crowd, l, &crowd->counts.no_answer);
    return;
  }
  l->head_have = (uint16_t)(l->head_have + n);
  l->head[l->head_have] = 0;
  char* end = memmem(l->head, l->head_have, "\r\n\r\n", 4);
  if (end == NULL) {
    if (l->head_have == HEAD_MAX) told_no(crowd, l, 0);
    return;
  }
  end[2] = 0; /* strcasestr stays within the head */
  if (sscanf(l->head, "HTTP/1.%*d %d", &status) == 1 && status == 200)
    begin(crowd, l, token, end);
  else
    told_no(crowd, l, status);
}

void listener_read(struct crowd* crowd, struct listener* l, uint32_t most) {
  ssize_t n = recv(l->fd, received, most < RECEIVE_MAX ? most : RECEIVE_MAX, 0);
  struct soak_counts* c = &crowd->counts;
  bool half_open = l->mode == HALF_OPEN;
  if (n > 0)
    body(crowd, l, received, (uint32_t)n);
  else if (n == 0)
    gone(crowd, l,
         !soak_end(l->stream, half_open, &c->tally) ? &c->left_wrong
         : half_open                                ? &c->left_half_open
                                                    : &c->ended);
  else if (errno != EAGAIN)
    gone(crowd, l, &c->reset);
}

void listener_event(struct crowd* crowd, struct listener* l, uint32_t token, uint32_t events) {
  bool unread = l->mode == STALLS || l->mode == DOOMED || l->mode == SIPS;
  if (l->phase == CONNECTING)
    ask(crowd, l, token);
  else if (l->phase == ASKING)
    read_head(crowd, l, token);
  else if (l->phase == LISTENING && !unread)
    listener_read(crowd, l, RECEIVE_MAX);
  else if (l->phase == LISTENING && (events & (EPOLLERR | EPOLLHUP)))
    gone(crowd, l, l->mode == DOOMED ? &crowd->counts.doomed_reset : &crowd->counts.reset);
}

void listener_mode(struct crowd* crowd, struct listener* l, uint32_t token, enum mode mode,
                   uint64_t until_ns) {
  l->mode = mode;
  l->until_ns = until_ns;
  if (mode != READS && mode != HALF_OPEN) l->stream->lagged = true;
  if (mode == HALF_OPEN) shutdown(l->fd, SHUT_WR);
  watch(crowd, l, token, EPOLL_CTL_MOD, mode == READS || mode == HALF_OPEN ? EPOLLIN : 0);
}

void listener_leave(struct crowd* crowd, struct listener* l, bool reset) {
  struct linger hard = {.l_onoff = 1, .l_linger = 0};
  struct soak_counts* c = &crowd->counts;
  if (l->phase == NOBODY) return;
  if (reset) setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  gone(crowd, l, l->mode == QUITTER ? &c->left_quitting : reset ? &c->left_reset : &c->left_fin);
}
