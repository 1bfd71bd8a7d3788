// How far a client may lag and what happens then. A sink has such rules for all its clients; a client may
// have its own.
#pragma once

#include "core/base/units.h"
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

/// What a client asked for itself; used instead of the sink's.
struct ClientRules {
  StartRule start;
  LagRule lag;
};

}  // namespace flumen
