// How a client's socket is set up when a sink takes it over. Zero leaves the kernel's default in place.
#pragma once

#include <cstdint>

#include "core/base/units.h"

namespace flumen {

struct SocketCare {
  bool no_delay = true;                // TCP_NODELAY: frames are collected by flush_interval, not by Nagle
  uint32_t notsent_lowat = 16 * kKiB;  // TCP_NOTSENT_LOWAT, bytes
  uint32_t send_buffer = 0;            // SO_SNDBUF, bytes (the kernel doubles it)
  int32_t dscp = -1;                   // differentiated services code point 0..63 (RFC 2474); -1: untouched
  Nanos keep_alive = 0;    // SO_KEEPALIVE, first probe after so long without traffic (TCP_KEEPIDLE)
  Nanos user_timeout = 0;  // TCP_USER_TIMEOUT: sent bytes unacknowledged for so long end the connection
};

/// Sets what applies to `fd`: a unix socket has no TCP and no DSCP. What the kernel refuses stays as it was.
void apply(const SocketCare& care, int fd);

}  // namespace flumen
