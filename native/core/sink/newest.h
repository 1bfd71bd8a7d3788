// How far the sequencer has come, told before a frame goes into the inboxes: what a shard has not appended
// yet lies in its inbox. Owned by the sink, written under its mutex, read by any thread. Relaxed: each figure
// is true by itself.
#pragma once

#include <atomic>
#include <cstdint>

namespace flumen {

struct Newest {
  std::atomic<uint64_t> frames{0};  // sequence number of the frame to come
  std::atomic<uint64_t> bytes{0};   // media bytes of all frames
  std::atomic<int64_t> time{0};     // running time of the newest frame
};

}  // namespace flumen
