// A page of Ogg (RFC 3533 §6): its header, and its checksum. Any thread.
#pragma once

#include "core/container/parser.h"

namespace flumen::container {

struct OggPage {
  static constexpr size_t kHeaderBytes = 27;  // what all pages have before the lacing values
  static constexpr uint8_t kContinues = 1;
  static constexpr uint8_t kBegins = 2;

  uint8_t flags = 0;
  int64_t granule = 0;  // -1: no packet ends here
  uint32_t serial = 0;
  size_t packets = 0;        // that end here
  Bytes body;                // all of it
  bool first_empty = false;  // its first packet has no bytes, or there is none

  bool continues() const { return (flags & kContinues) != 0; }
  bool begins() const { return (flags & kBegins) != 0; }
};

/// Reads as much of the header as all pages have; `bytes` has kHeaderBytes at least. False: it is none.
bool read_ogg_header(Bytes bytes, OggPage& page);

/// A page at the front of `bytes`, checksum and all. `size` is what it has, or, when `known` is false, how
/// many bytes must be there to go on; 0 and `why`: there is no page.
struct OggLook {
  bool known = false;
  size_t size = 0;
  const char* why = nullptr;
  OggPage page;
};
OggLook look_for_ogg_page(Bytes bytes);

/// Where, behind the first byte, a page may begin.
size_t next_ogg_page(Bytes bytes);

}  // namespace flumen::container
