// What can be asked about a client while it is here. A snapshot, made by the loop that owns the client.
#pragma once

#include "core/client/client.h"

namespace flumen {

struct ClientReport {
  ClientState state = ClientState::kGone;  // with kGone nothing else is set
  uint64_t bytes_sent = 0;
  uint64_t frames_dropped = 0;
  Nanos made_at = 0;
  Nanos added_at = 0;
  Nanos active_at = 0;  // when the kernel last took bytes; until then added_at
  uint64_t lag_frames = 0;
  uint64_t lag_bytes = 0;
  Nanos lag_time = 0;
  int64_t kernel_queue = -1;  // bytes that the kernel holds for it; -1: it does not say
  Nanos first_pts = kNoTime;  // of the first frame that was begun, as far as it had one
  Nanos last_pts = kNoTime;   // of the newest frame that was begun
};

}  // namespace flumen
