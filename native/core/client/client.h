// One receiver: an owned descriptor and a cursor into the timeline. A Client lives in a Roster slot that the
// environment's thread reserves and frees; in between it belongs to exactly one shard, on that shard's loop
// thread.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/sys/fd.h"
#include "core/timeline/block.h"
#include "core/wire/framing.h"

namespace flumen {

class Shard;

enum class ClientState : uint8_t {
  kReserved,   // slot taken, not yet with a shard
  kCaughtUp,   // has everything, sits in a flush slot
  kReady,      // has something to send, waits for its turn
  kBlocked,    // the kernel took less than offered: waits for writability
  kLingering,  // everything sent, FIN sent, waits for the peer's FIN
  kGone,       // left; its record waits to be reported
};

/// Why a client left. Numbers are the addon's wire format for lib/binding.ts.
enum class Reason : uint8_t { kNone = 0, kEnded, kClosed, kRemoved, kSlow, kTimeout, kError };

struct Client {
  static constexpr uint64_t kNoStop = ~uint64_t{0};

  // Hot: touched by every send.
  ListLink<Client> queue;  // flush slot, ready, blocked, lingering, or the outbox
  uint64_t seq = 0;        // cursor: next frame to send …
  uint32_t offset = 0;     // … and how many of its wire bytes went out already
  int fd = -1;
  ClientState state = ClientState::kReserved;
  FdKind kind = FdKind::kSocket;
  Framing framing = Framing::kRaw;
  Reason reason = Reason::kNone;
  Reason stop_reason = Reason::kNone;  // what it leaves with on reaching `stop`
  uint8_t slot = 0;
  bool caught_up_once = false;
  bool epilogue_queued = false;
  bool stalled = false;     // the stall clock runs
  bool peer_fin = false;    // the peer has sent its FIN
  uint64_t stop = kNoStop;  // leaves when the cursor arrives here
  uint64_t bytes_sent = 0;
  Nanos progress_at = 0;  // when the stall clock (re)started

  // Cold.
  ListLink<Client> lag;  // bucket of its cursor's frame while ready or blocked
  BlockRef prologue;     // private bytes that go first: response head, later an epilogue
  uint32_t prologue_offset = 0;
  int error = 0;  // errno with Reason::kError
  const char* error_operation = "";
  uint64_t start_amount = 0;  // lag it was started with, in the unit of the hard limit
  Nanos added_at = 0;
  Nanos removed_at = 0;
  Shard* shard = nullptr;
  uint32_t index = 0;    // slot number in the roster
  uint32_t sink_id = 0;  // whom its leaving is reported to
};

using ClientQueue = IntrusiveList<Client, &Client::queue>;
using LagBucket = IntrusiveList<Client, &Client::lag>;

}  // namespace flumen
