/* Checks the byte stream of one sampled client against the frame format and times each frame. */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "hist.h"

/* Room before received bytes in the caller's buffer, for the torn frame of the receive before. */
#define VERIFY_ROOM FRAME_MAX

struct stream {
  uint8_t carry[FRAME_MAX];
  uint32_t have; /* bytes of the frame begun */
  bool synced;   /* a frame's beginning has been found */
  bool seen;     /* a frame of `run` has been read: its successor is known */
  uint32_t run;
  uint64_t next;
  uint64_t first;   /* sequence number of its very first frame */
  uint32_t between; /* bytes passed over since the last frame */
  uint64_t skipped; /* bytes before the first whole frame: a listener may come in the middle of one */
};

/* What one round adds up over all sampled clients. */
struct tally {
  uint64_t frames, bytes, bad, gaps, missing, skipped;
  struct hist latency;
};

/* `data` has VERIFY_ROOM writable bytes in front of it. Returns false when the stream is broken beyond
 * repair. */
bool verify_feed(struct stream* s, uint8_t* data, uint32_t length, uint64_t now, struct tally* t);

/* `between`: how many bytes of a container may lie before a frame; 0: frames lie back to back. */
void verify_setup(uint32_t between);

#endif
