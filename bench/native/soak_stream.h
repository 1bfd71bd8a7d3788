/* The soak's stream and its check. It is MP3 as far as anybody looks: units of 384 bytes (MPEG 1 layer III,
 * 128 kbit/s, 48 kHz, 24 ms), each a frame header and then a frame of frame.h. `run` counts the connections
 * of the source, `seq` the units of one. A unit whose run has its highest bit set is a stream header; its
 * other bits count the changes. */
#ifndef BENCH_SOAK_STREAM_H
#define BENCH_SOAK_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#define UNIT_BYTES 384u
#define UNIT_HEADER_RUN 0x80000000u

/* What all clients together have been given. The second line has to stay 0. */
struct soak_tally {
  uint64_t units, bytes, headers, titles, gaps, missing, runs;
  uint64_t wrong_bytes, torn, reordered, unexplained, bad_framing;
};

enum framing { RAW, ICY, CHUNKED };

/* One client's place in its body and in the stream. */
struct soak_stream {
  enum framing framing;
  uint8_t state;     /* of the framing, see soak_stream.c */
  bool lagged;       /* it has not always read: units may be missing */
  bool seen;         /* a unit has come */
  bool over;         /* the last chunk has come */
  uint16_t have;     /* bytes of the unit begun */
  uint32_t left;     /* bytes until the framing has something to say */
  uint32_t interval; /* of ICY */
  uint32_t run, header_run;
  uint64_t next;
  uint8_t carry[UNIT_BYTES];
};

void soak_setup(void);
void soak_begin(struct soak_stream* s, enum framing framing, uint32_t interval);
/* False when the stream is wrong: it has been counted and told on stderr. */
bool soak_feed(struct soak_stream* s, const uint8_t* data, uint32_t length, struct soak_tally* t);
/* The peer has ended in order: false (and counted) when that was within a unit, a chunk or a piece of
 * metadata, or without the last chunk; a client that has hung up itself is not sent that one. */
bool soak_end(struct soak_stream* s, bool hung_up, struct soak_tally* t);

#endif
