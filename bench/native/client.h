/* One connection of the load client: connect, optionally GET, then read for ever. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "verify.h"

enum phase { IDLE, CONNECTING, WAITING_HEAD, READING, CLOSED, FAILED };

struct client {
  int fd;
  enum phase phase;
  bool stalled;          /* never reads once connected (and, with GET, answered) */
  struct stream* stream; /* only for sampled clients */
  uint64_t dialled_ns, first_byte_ns, open_ns;
  uint64_t bytes;         /* body bytes read since the last mark */
  uint32_t segments_base; /* data segments the kernel had received at the last mark */
  int status;             /* HTTP status, 0 before */
  int error;              /* errno of the failure */
  bool chunked;
  uint8_t chunk_state;
  uint64_t chunk_left;
  uint16_t head_have;
  char* head; /* response head while it is incomplete */
};

struct plan {
  struct sockaddr_in to;
  const char* get; /* path, or NULL for a bare connection */
  int epoll;
  int stall_rcvbuf;    /* SO_RCVBUF of stalled clients in bytes; 0: the system's */
  bool forget_stalled; /* not even told of a reset: the fd stays until client_drop */
  struct tally* tally;
};

void client_dial(struct client* c, const struct plan* p, uint32_t token);
/* Something happened to the fd. */
void client_event(struct client* c, const struct plan* p, uint32_t token, uint32_t events);
void client_drop(struct client* c, bool reset);
/* Takes the chunk framing out of `data` in place; returns the length of what is left. */
uint32_t client_dechunk(struct client* c, uint8_t* data, uint32_t length);

#endif
