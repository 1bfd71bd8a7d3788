#include "verify.h"

#include <stddef.h>

static uint8_t pattern[PATTERN_BYTES];
static uint32_t container_max;

void verify_setup(uint32_t between) {
  pattern_fill(pattern);
  container_max = between;
}

/* Length of the frame at `at`, 0 when these bytes cannot begin a frame. */
static uint32_t frame_size(const uint8_t* at) {
  struct frame_head head;
  memcpy(&head, at, sizeof head);
  if (memcmp(head.magic, FRAME_MAGIC, 8) != 0) return 0;
  return head.size >= FRAME_MIN && head.size <= FRAME_MAX ? head.size : 0;
}

static void check(struct stream* s, const uint8_t* at, uint64_t now, struct tally* t) {
  struct frame_head head;
  memcpy(&head, at, sizeof head);
  if (memcmp(at + FRAME_HEAD, pattern + pattern_at(head.run, head.seq, head.size), head.size - FRAME_HEAD) !=
      0)
    t->bad++;
  bool same_run = s->seen && head.run == s->run;
  if (same_run && head.seq != s->next) {
    t->gaps++;
    if (head.seq > s->next) t->missing += head.seq - s->next;
  }
  if (!s->seen) s->first = head.seq;
  s->run = head.run;
  s->seen = true;
  s->next = head.seq + 1;
  t->frames++;
  t->bytes += head.size;
  hist_add(&t->latency, now > head.sent_ns ? now - head.sent_ns : 0);
}

/* Moves to the first magic of a stream joined in the middle of a frame. Returns the bytes passed over. */
static uint32_t seek_magic(const uint8_t* at, uint32_t length) {
  for (uint32_t i = 0; i + 8 <= length; i++) {
    if (memcmp(at + i, FRAME_MAGIC, 8) == 0) return i;
  }
  return length < 8 ? 0 : length - 7;
}

bool verify_feed(struct stream* s, uint8_t* data, uint32_t length, uint64_t now, struct tally* t) {
  uint8_t* at = data - s->have;
  uint32_t left = length + s->have;
  memcpy(at, s->carry, s->have);
  while (left >= FRAME_HEAD) {
    if (!s->synced) {
      uint32_t passed = seek_magic(at, left);
      at += passed;
      left -= passed;
      s->skipped += passed;
      t->skipped += passed;
      if (s->skipped > FRAME_MAX) return false;
      if (left < FRAME_HEAD) break;
    }
    if (container_max > 0) {
      uint32_t passed = seek_magic(at, left);
      at += passed;
      left -= passed;
      s->between += passed;
      if (s->between > container_max) {
        t->bad++;
        return false;
      }
      if (left < FRAME_HEAD) break;
    }
    uint32_t size = frame_size(at);
    if (size == 0) {
      t->bad++;
      return false;
    }
    s->synced = true;
    if (left < size) break;
    check(s, at, now, t);
    s->between = 0;
    at += size;
    left -= size;
  }
  s->have = left;
  memcpy(s->carry, at, left);
  return true;
}
