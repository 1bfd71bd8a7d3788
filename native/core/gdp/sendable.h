// What may be written so that every real gdpdepay can read it: no objects, no types that its process may not
// know, nothing that cannot be parsed back. Any thread.
#pragma once

#include <string>

#include "core/gdp/event.h"

namespace flumen::gdp {

/// False: `why` names what it is.
bool is_sendable(const Caps& caps, std::string* why);
bool is_sendable(const Event& event, std::string* why);

/// For relays: takes away the fields that a receiver could not read (objects of the sender's process, enums
/// of newer or other libraries), so that the rest can travel. Whether there is enough left, is_sendable says.
void strip_unsendable(Structure* structure);

}  // namespace flumen::gdp
