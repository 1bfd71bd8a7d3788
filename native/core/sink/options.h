// What a sink promises its clients. Copied into every shard; the rules may be changed while it runs, and a
// client may have rules of its own.
#pragma once

#include "core/client/rules.h"
#include "core/sys/socket_care.h"
#include "core/wire/packets.h"

namespace flumen {

/// What is kept for newcomers besides what the sink's own start rule needs: the most of the three.
struct KeepRule {
  uint64_t frames = 0;
  uint64_t bytes = 0;
  Nanos time = 0;
};

/// What the producer does while the slowest client is over its soft limit. Numbers are the addon's wire
/// format for lib/binding.ts.
enum class PaceRule : uint8_t { kLive = 0, kWait };

struct SinkOptions {
  PaceRule pace = PaceRule::kLive;
  StartRule start;
  bool position_on_push =
      false;  // newcomers are placed by the next push (as multifdsink does) and not by add
  LagRule lag;
  KeepRule keep;
  Nanos stall_timeout = 30 * kSecond;  // 0: off
  Nanos idle_timeout = 0;              // 0: off
  uint64_t memory_cap = 64 * kMiB;
  Nanos flush_interval = 0;
  SocketCare socket;
  gdp::Checksums checksums;  // of the packets that GDP clients are sent
  Nanos close_timeout = 2 * kSecond;
  bool sockets_only = false;      // refuses pipes and files
  bool keep_half_closed = false;  // a client that has sent its FIN goes on listening
};

}  // namespace flumen
