// What add() is told about one client besides its descriptor. Made on the environment's thread, then part of
// the client's record.
#pragma once

#include <memory>

#include "core/client/rules.h"
#include "core/wire/framing.h"

namespace flumen {

struct ClientOptions {
  uint32_t id = 0;  // by which people know it: for dumps
  Framing framing = Framing::kRaw;
  bool resend_headers = true;          // it is given changed stream headers, too
  std::unique_ptr<ClientRules> rules;  // its own, in place of the sink's
};

}  // namespace flumen
