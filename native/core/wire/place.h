// Where a client is in its bytes, and how they are framed. Clients for whom both are the same are sent the
// same bytes. Values.
#pragma once

#include "core/wire/framing.h"

namespace flumen {

struct WirePlace {
  uint64_t seq = 0;     // the frame whose bytes are next …
  uint32_t offset = 0;  // … and how many of them are out; with GDP those of its packet included
  /// Such bytes that the begun chunk or message has announced and that are still to come; 0 between two.
  uint32_t owed = 0;
  /// ICY: body bytes until the next metadata block.
  uint32_t until_block = 0;

  bool operator==(const WirePlace&) const = default;
};

struct WireFormat {
  Framing framing = Framing::kRaw;
  uint32_t icy_interval = 0;  // ICY: body bytes between two metadata blocks
  bool title_due = false;     // ICY: the next block carries the title, for it is not the one last told
  bool gdp = false;           // the payload: each frame as a packet of the GStreamer Data Protocol

  bool operator==(const WireFormat&) const = default;
};

}  // namespace flumen
