// When a shard can be left asleep: whoever is here waits for a flush slot, and nothing else would be done
// about a frame before that is due.
#include "core/sink/shard.h"

namespace flumen {

// A client that is behind, or waits for a frame, has limits and rules that are judged when the frame comes;
// so does a producer that waits for clients.
Patience Shard::patience_at(Nanos now) const {
  if (place_.pace != nullptr || !blocked_.empty() || !waiting_.empty() || deadline() <= now)
    return Patience();
  const uint64_t bytes = schedule_.patience(timeline_, now);
  // Of the caps, the sink's own is looked at in a turn; the environment's wakes by itself.
  if (bytes_held() + bytes + Patience::kFrames * kBytesPerFrame > cap()) return Patience();
  return Patience(bytes);
}

}  // namespace flumen
