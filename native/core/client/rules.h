// How far a client may lag and what happens then. A sink has such rules for all its clients; a client may
// have its own.
#pragma once

#include <optional>

#include "core/base/units.h"
#include "core/sys/socket_care.h"
#include "core/timeline/start_point.h"

namespace flumen {

/// Where the cursor of a client beyond its soft limit moves to (GStreamer's recover-policy). Numbers are the
/// addon's wire format for lib/binding.ts.
enum class RecoverPolicy : uint8_t { kNone = 0, kLatest, kSoftLimit, kKeyframe };

/// How far a client may lag. kNone as unit: no limit.
struct LagRule {
  Amount soft{};
  Amount hard{Unit::kBytes, 4 * kMiB};
  RecoverPolicy recover = RecoverPolicy::kNone;
};

/// What a client asked for itself; used instead of the sink's. What it did not ask for is the sink's.
struct ClientRules {
  std::optional<StartRule> start;
  std::optional<LagRule> lag;
  std::optional<SocketCare> socket;
};

}  // namespace flumen
