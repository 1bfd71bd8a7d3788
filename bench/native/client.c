#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 4096
#define RECEIVE_MAX (256 * 1024)

static uint8_t room[VERIFY_ROOM + RECEIVE_MAX];
static uint8_t* const received = room + VERIFY_ROOM;

static void leave(struct client* c, enum phase phase, int error) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->phase = phase;
  c->error = error;
  free(c->head);
  c->head = NULL;
}

static void watch(struct client* c, const struct plan* p, uint32_t token, int op, uint32_t events) {
  struct epoll_event e = {.events = events, .data.u32 = token};
  if (epoll_ctl(p->epoll, op, c->fd, &e) != 0) leave(c, FAILED, errno);
}

void client_dial(struct client* c, const struct plan* p, uint32_t token) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  c->dialled_ns = now_ns();
  if (c->fd < 0) {
    leave(c, FAILED, errno);
    return;
  }
  if (c->stalled && p->stall_rcvbuf > 0)
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &p->stall_rcvbuf, sizeof p->stall_rcvbuf);
  if (connect(c->fd, (const struct sockaddr*)&p->to, sizeof p->to) != 0 && errno != EINPROGRESS) {
    leave(c, FAILED, errno);
    return;
  }
  c->phase = CONNECTING;
  watch(c, p, token, EPOLL_CTL_ADD, EPOLLOUT);
}

static void opened(struct client* c, const struct plan* p, uint32_t token) {
  c->phase = READING;
  c->open_ns = now_ns();
  /* Still told of a reset: then the fd is closed, as by a process that dies. */
  if (c->stalled) watch(c, p, token, p->forget_stalled ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, 0);
}

static void connected(struct client* c, const struct plan* p, uint32_t token) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    leave(c, FAILED, error);
    return;
  }
  watch(c, p, token, EPOLL_CTL_MOD, EPOLLIN);
  if (c->fd < 0) return;
  if (p->get == NULL) {
    opened(c, p, token);
    return;
  }
  char request[512];
  int length =
      snprintf(request, sizeof request,
               "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: flumen-bench\r\nAccept: */*\r\n\r\n",
               p->get, ntohs(p->to.sin_port));
  if (send(c->fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
    leave(c, FAILED, errno);
    return;
  }
  c->phase = WAITING_HEAD;
  c->head = malloc(HEAD_MAX + 1);
  c->head_have = 0;
  if (c->head == NULL) abort();
}

/* RFC 9112 §7.1. States: 0 size line, 1 data, 2 the line end after data, 3 the last chunk was seen. */
uint32_t client_dechunk(struct client* c, uint8_t* data, uint32_t length) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < length;) {
    if (c->chunk_state == 1) {
      uint32_t take = c->chunk_left < length - i ? (uint32_t)c->chunk_left : length - i;
      memmove(data + kept, data + i, take);
      kept += take;
      i += take;
      c->chunk_left -= take;
      if (c->chunk_left == 0) c->chunk_state = 2;
      continue;
    }
    char ch = (char)data[i++];
    if (c->chunk_state == 2) {
      if (ch == '\n') {
        c->chunk_state = 0;
        c->chunk_left = 0;
      }
    } else if (c->chunk_state == 0) {
      if (ch >= '0' && ch <= '9')
        c->chunk_left = c->chunk_left * 16 + (uint64_t)(ch - '0');
      else if ((ch | 32) >= 'a' && (ch | 32) <= 'f')
        c->chunk_left = c->chunk_left * 16 + (uint64_t)((ch | 32) - 'a' + 10);
      else if (ch == '\n')
        c->chunk_state = c->chunk_left > 0 ? 1 : 3;
    }
  }
  return kept;
}

static void body(struct client* c, const struct plan* p, uint8_t* data, uint32_t length) {
  c->bytes += length;
  if (c->stream == NULL || length == 0) return;
  if (c->chunked) length = client_dechunk(c, data, length);
  if (!verify_feed(c->stream, data, length, now_ns(), p->tally)) leave(c, FAILED, EBADMSG);
}

static bool has_chunked(char* head) {
  char* line = strcasestr(head, "\r\ntransfer-encoding:");
  if (line == NULL) return false;
  char* end = strstr(line + 2, "\r\n");
  char* word = strcasestr(line, "chunked");
  return word != NULL && end != NULL && word < end;
}

static void read_head(struct client* c, const struct plan* p, uint32_t token) {
  ssize_t n = recv(c->fd, c->head + c->head_have, (size_t)(HEAD_MAX - c->head_have), 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    leave(c, FAILED, n < 0 ? errno : ECONNRESET);
    return;
  }
  if (c->head_have == 0) c->first_byte_ns = now_ns();
  c->head_have += (uint16_t)n;
  c->head[c->head_have] = 0;
  char* end = strstr(c->head, "\r\n\r\n");
  if (end == NULL) {
    if (c->head_have == HEAD_MAX) leave(c, FAILED, EMSGSIZE);
    return;
  }
  end[2] = 0;
  if (sscanf(c->head, "HTTP/1.%*d %d", &c->status) != 1 || c->status != 200) {
    leave(c, FAILED, EPROTO);
    return;
  }
  c->chunked = has_chunked(c->head);
  uint32_t rest = (uint32_t)(c->head + c->head_have - (end + 4));
  memcpy(received, end + 4, rest);
  free(c->head);
  c->head = NULL;
  opened(c, p, token);
  if (!c->stalled) body(c, p, received, rest);
}

static void read_body(struct client* c, const struct plan* p) {
  ssize_t n;
  if (c->stream != NULL)
    n = recv(c->fd, received, RECEIVE_MAX, 0);
  else
    n = recv(c->fd, received, 16 * 1024 * 1024, MSG_TRUNC); /* tcp(7): discards, copies nothing */
  if (n > 0)
    body(c, p, received, (uint32_t)n);
  else if (n == 0)
    leave(c, CLOSED, 0);
  else if (errno != EAGAIN)
    leave(c, CLOSED, errno);
}

void client_event(struct client* c, const struct plan* p, uint32_t token, uint32_t events) {
  if (c->fd < 0) return;
  if (c->phase == CONNECTING) {
    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) connected(c, p, token);
  } else if (c->phase == WAITING_HEAD) {
    read_head(c, p, token);
  } else if (c->phase == READING && c->stalled) {
    if (events & (EPOLLERR | EPOLLHUP)) leave(c, CLOSED, ECONNRESET);
  } else if (c->phase == READING) {
    read_body(c, p);
  }
}

void client_drop(struct client* c, bool reset) {
  struct linger hard = {.l_onoff = 1, .l_linger = 0};
  if (c->fd >= 0 && reset) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  leave(c, IDLE, 0);
}
