#include "soak_stream.h"

#include <stdio.h>

#include "frame.h"

static const uint8_t mp3_header[4] = {0xFF, 0xFB, 0x94, 0xC4};
static uint8_t pattern[PATTERN_BYTES];

/* States of the framings. */
enum { BODY = 0, ICY_LENGTH = 1, ICY_TEXT = 2, CHUNK_SIZE = 3, CHUNK_END = 4, CHUNK_LAST = 5 };

void soak_setup(void) { pattern_fill(pattern); }

void soak_begin(struct soak_stream* s, enum framing framing, uint32_t interval) {
  memset(s, 0, sizeof *s);
  s->framing = framing;
  s->interval = interval;
  s->left = interval;
  if (framing == CHUNKED) s->state = CHUNK_SIZE;
}

static bool wrong(uint64_t* counter, const struct soak_stream* s, const char* what) {
  (*counter)++;
  if (*counter <= 10)
    fprintf(stderr, "soak: %s (framing %d, run %u, next %lu, lagged %d)\n", what, s->framing, s->run, s->next,
            s->lagged);
  return false;
}

/* Where in the source's stream the unit stands against the one before it. */
static bool in_order(struct soak_stream* s, const struct frame_head* head, struct soak_tally* t) {
  bool new_run = s->seen && head->run > s->run;
  uint64_t expected = new_run ? 0 : s->next;
  if (s->seen && (head->run < s->run || head->seq < expected))
    return wrong(&t->reordered, s, "a unit came twice or out of order");
  if (s->seen && head->seq > expected) {
    t->gaps++;
    t->missing += head->seq - expected;
    if (!s->lagged) wrong(&t->unexplained, s, "units are missing although the client has always read");
  }
  t->runs += new_run;
  s->seen = true;
  s->run = head->run;
  s->next = head->seq + 1;
  return true;
}

static bool unit(struct soak_stream* s, const uint8_t* at, struct soak_tally* t) {
  struct frame_head head;
  uint32_t size = UNIT_BYTES - sizeof mp3_header;
  memcpy(&head, at + sizeof mp3_header, sizeof head);
  if (memcmp(at, mp3_header, sizeof mp3_header) != 0 || memcmp(head.magic, FRAME_MAGIC, 8) != 0 ||
      head.size != size)
    return wrong(&t->torn, s, "a unit does not begin where it should");
  if (memcmp(at + sizeof mp3_header + FRAME_HEAD, pattern + pattern_at(head.run, head.seq, size),
             size - FRAME_HEAD) != 0)
    return wrong(&t->wrong_bytes, s, "a unit has other bytes than it was sent with");
  t->units++;
  t->bytes += UNIT_BYTES;
  if ((head.run & UNIT_HEADER_RUN) == 0) return in_order(s, &head, t);
  t->headers++;
  if (head.run < s->header_run) return wrong(&t->reordered, s, "older stream headers came after newer ones");
  s->header_run = head.run;
  return true;
}

static bool units(struct soak_stream* s, const uint8_t* data, uint32_t length, struct soak_tally* t) {
  if (s->have > 0) {
    uint32_t take = UNIT_BYTES - s->have < length ? UNIT_BYTES - s->have : length;
    memcpy(s->carry + s->have, data, take);
    s->have = (uint16_t)(s->have + take);
    data += take;
    length -= take;
    if (s->have < UNIT_BYTES) return true;
    s->have = 0;
    if (!unit(s, s->carry, t)) return false;
  }
  for (; length >= UNIT_BYTES; data += UNIT_BYTES, length -= UNIT_BYTES)
    if (!unit(s, data, t)) return false;
  memcpy(s->carry, data, length);
  s->have = (uint16_t)length;
  return true;
}

/* One byte that belongs to the framing alone. */
static bool framing_byte(struct soak_stream* s, uint8_t byte, struct soak_tally* t) {
  int digit;
  switch (s->state) {
    case ICY_LENGTH:
      s->state = byte == 0 ? BODY : ICY_TEXT;
      s->left = byte == 0 ? s->interval : byte * 16u;
      t->titles += byte != 0;
      return true;
    case CHUNK_SIZE:
      digit = byte >= '0' && byte <= '9'                 ? byte - '0'
              : (byte | 32) >= 'a' && (byte | 32) <= 'f' ? (byte | 32) - 'a' + 10
                                                         : -1;
      if (digit >= 0) {
        s->left = s->left * 16 + (uint32_t)digit;
        return true;
      }
      if (byte == '\r') return true;
      if (byte != '\n') return wrong(&t->bad_framing, s, "a chunk's size is no number");
      s->over = s->left == 0;
      s->state = s->over ? CHUNK_LAST : BODY;
      return true;
    case CHUNK_END:
      if (byte == '\r') return true;
      s->state = CHUNK_SIZE;
      s->left = 0;
      return byte == '\n' || wrong(&t->bad_framing, s, "no line end behind a chunk");
    default:
      return byte == '\r' || byte == '\n' || wrong(&t->bad_framing, s, "something follows the last chunk");
  }
}

bool soak_feed(struct soak_stream* s, const uint8_t* data, uint32_t length, struct soak_tally* t) {
  if (s->framing == RAW) return units(s, data, length, t);
  while (length > 0) {
    uint32_t take = 1;
    bool spans = s->state == BODY || s->state == ICY_TEXT;
    if (spans) take = s->left < length ? s->left : length;
    if (s->state == BODY && !units(s, data, take, t)) return false;
    if (!spans && !framing_byte(s, *data, t)) return false;
    data += take;
    length -= take;
    if (!spans) continue;
    s->left -= take;
    if (s->left > 0) continue;
    if (s->state == ICY_TEXT) {
      s->state = BODY;
      s->left = s->interval;
    } else {
      s->state = s->framing == ICY ? ICY_LENGTH : CHUNK_END;
    }
  }
  return true;
}

bool soak_end(struct soak_stream* s, bool hung_up, struct soak_tally* t) {
  bool between = hung_up && s->state == CHUNK_SIZE && s->left == 0;
  bool whole = s->have == 0 && (s->framing != CHUNKED || s->over || between) && s->state != ICY_TEXT;
  return whole || wrong(&t->torn, s, "the end came within a unit, or without the last chunk");
}
