// What add() is told about one client besides its descriptor. Made on the environment's thread, then part of
// the client's record.
#pragma once

#include <memory>
#include <span>

#include "core/client/rules.h"
#include "core/wire/framing.h"

namespace flumen {

struct ClientOptions {
  uint32_t id = 0;  // by which people know it: for dumps
  Framing framing = Framing::kRaw;
  bool gdp = false;                    // frames, caps and events as packets of the GStreamer Data Protocol
  uint32_t icy_interval = 0;           // with kIcy: body bytes between two metadata blocks
  uint32_t lead = 0;                   // so many bytes at the end of its head belong to the body
  bool resend_headers = true;          // it is given changed stream headers, too
  bool wants_input = false;            // what it sends is wanted by the environment
  std::unique_ptr<ClientRules> rules;  // its own, in place of the sink's
  Nanos deadline = kNever;             // when it has to go
  std::span<const uint8_t> prelude;    // what Node had read of it; borrowed until add() returns
};

}  // namespace flumen
