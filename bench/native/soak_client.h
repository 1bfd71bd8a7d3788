/* One listener of the soak: dials, asks, reads or does not, and leaves in one of several ways. */
#ifndef BENCH_SOAK_CLIENT_H
#define BENCH_SOAK_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "soak_stream.h"

enum phase { NOBODY, CONNECTING, ASKING, LISTENING };
/* READS at once; SIPS half of what comes; STALLS for a while; DOOMED stalls until it is thrown out; HALF_OPEN
 * has sent its FIN and reads on until the peer's. */
enum mode { READS, SIPS, STALLS, DOOMED, HALF_OPEN, QUITTER };

struct place {
  const char* path;
  uint16_t port;
  bool titles; /* every other client asks for titles */
  uint32_t weight;
};

struct listener {
  int fd;
  enum phase phase;
  enum mode mode;
  uint64_t until_ns; /* when the phase or the mode has to be over */
  const struct place* place;
  struct soak_stream* stream;
  char* head;
  uint16_t head_have;
};

struct soak_counts {
  uint64_t dialled, joined, refused, status_404, status_503, status_other, no_answer;
  uint64_t left_fin, left_reset, left_half_open, left_quitting, left_wrong;
  uint64_t doomed_reset, ended, reset, half_open_unanswered;
  struct soak_tally tally;
};

struct crowd {
  int epoll;
  uint64_t here, under_way;
  struct soak_counts counts;
};

uint32_t soak_random(uint32_t below);
void listener_dial(struct crowd* crowd, struct listener* l, uint32_t token, const struct place* place,
                   enum mode mode);
void listener_event(struct crowd* crowd, struct listener* l, uint32_t token, uint32_t events);
/* Stops or starts reading, as `mode` has it, until `until_ns`. */
void listener_mode(struct crowd* crowd, struct listener* l, uint32_t token, enum mode mode,
                   uint64_t until_ns);
/* At most `most` bytes. */
void listener_read(struct crowd* crowd, struct listener* l, uint32_t most);
void listener_leave(struct crowd* crowd, struct listener* l, bool reset);

#endif
