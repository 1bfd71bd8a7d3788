/* The bench's frame: what every contender sends and what the load client checks.
 *
 * Little endian. Offsets: 0 magic (8 bytes: the header of an MPEG-1 layer III frame with 128 kbit/s at 44.1
 * kHz, whose length without padding is 417 bytes, then FLUM; so frames of 417 bytes are an MP3 stream to any
 * server that looks at headers), 8 run id (u32), 12 frame size in bytes (u32), 16 sequence number from 0
 * (u64), 24 time of the push in ns on CLOCK_MONOTONIC (u64), 32.. pattern: a slice of a fixed pseudo-random
 * table whose place depends on run and sequence number, so that a byte of another frame cannot pass for the
 * right one. bench/lib/frame.mjs writes the same format. */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdint.h>
#include <string.h>
#include <time.h>

#define FRAME_MAGIC  \
  "\xFF\xFB\x90\x64" \
  "FLUM"
#define FRAME_HEAD 32u
#define FRAME_MIN 64u
#define FRAME_MAX 16384u
#define PATTERN_BYTES 65536u

static inline uint64_t now_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline void pattern_fill(uint8_t* table) {
  uint32_t x = 2463534242u;
  for (uint32_t i = 0; i < PATTERN_BYTES; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    table[i] = (uint8_t)(x >> 24);
  }
}

/* Where in the table the pattern of frame `seq` of run `run` begins. */
static inline uint32_t pattern_at(uint32_t run, uint64_t seq, uint32_t size) {
  uint32_t mixed = ((uint32_t)seq + run * 7919u) * 2654435761u;
  return (mixed >> 8) % (PATTERN_BYTES - size);
}

struct frame_head {
  uint8_t magic[8];
  uint32_t run;
  uint32_t size;
  uint64_t seq;
  uint64_t sent_ns;
};

static inline void frame_write(uint8_t* at, const uint8_t* table, uint32_t run, uint64_t seq, uint32_t size,
                               uint64_t sent_ns) {
  struct frame_head head = {.run = run, .size = size, .seq = seq, .sent_ns = sent_ns};
  memcpy(head.magic, FRAME_MAGIC, 8);
  memcpy(at, &head, FRAME_HEAD);
  memcpy(at + FRAME_HEAD, table + pattern_at(run, seq, size), size - FRAME_HEAD);
}

#endif
