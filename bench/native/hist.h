/* Log-linear histogram of times: 64 cells an octave of microseconds, so a quantile is right to 1.6 %. */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>
#include <string.h>

#define HIST_SUB 64u
#define HIST_CELLS (HIST_SUB * 34u)

struct hist {
  uint64_t count;
  uint64_t max_us;
  uint32_t cell[HIST_CELLS];
};

static inline void hist_clear(struct hist* h) { memset(h, 0, sizeof *h); }

static inline uint32_t hist_index(uint64_t us) {
  if (us < HIST_SUB) return (uint32_t)us;
  uint32_t octave = 63u - (uint32_t)__builtin_clzll(us) - 6u;
  uint32_t index = HIST_SUB * (octave + 1u) + (uint32_t)((us >> octave) - HIST_SUB);
  return index < HIST_CELLS ? index : HIST_CELLS - 1u;
}

/* The upper edge of a cell, in microseconds. */
static inline uint64_t hist_edge(uint32_t index) {
  if (index < HIST_SUB) return index;
  uint32_t octave = index / HIST_SUB - 1u;
  return ((uint64_t)(index % HIST_SUB + HIST_SUB + 1u) << octave) - 1u;
}

static inline void hist_add(struct hist* h, uint64_t ns) {
  uint64_t us = ns / 1000u;
  h->count++;
  if (us > h->max_us) h->max_us = us;
  h->cell[hist_index(us)]++;
}

/* Smallest value that `share` (0..1) of the samples do not exceed, in microseconds. */
static inline uint64_t hist_quantile(const struct hist* h, double share) {
  uint64_t want = (uint64_t)((double)h->count * share);
  uint64_t seen = 0;
  if (want >= h->count) return h->max_us;
  for (uint32_t i = 0; i < HIST_CELLS; i++) {
    seen += h->cell[i];
    if (seen > want) return hist_edge(i) < h->max_us ? hist_edge(i) : h->max_us;
  }
  return h->max_us;
}

#endif
