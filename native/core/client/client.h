// One receiver: an owned descriptor and a cursor into the timeline. A Client lives in a Roster slot that the
// environment's thread reserves and frees; in between it belongs to exactly one shard, on that shard's loop
// thread.
#pragma once

#include <memory>

#include "core/base/intrusive_list.h"
#include "core/client/client_input.h"
#include "core/client/rules.h"
#include "core/sys/fd.h"
#include "core/timeline/stream_state.h"
#include "core/wire/packets.h"
#include "core/wire/place.h"
#include "core/wire/websocket_input.h"

namespace flumen {

class Shard;

enum class ClientState : uint8_t {
  kReserved,   // slot taken, not yet with a shard
  kCaughtUp,   // has everything, sits in a flush slot
  kReady,      // has something to send, waits for its turn
  kWaiting,    // has nothing to send until a frame comes that it may start with
  kBlocked,    // the kernel took less than offered: waits for writability
  kLingering,  // everything sent, FIN sent, waits for the peer's FIN
  kGone,       // left; its record waits to be reported
};
inline constexpr size_t kClientStates = 7;

/// What a client waits for before its cursor means anything.
enum class Await : uint8_t {
  kNothing,
  kFrame,     // the next frame: it places the client by its start rule
  kKeyframe,  // the next key frame
};

/// Why a client left. Numbers are the addon's wire format for lib/binding.ts.
enum class Reason : uint8_t { kNone = 0, kEnded, kClosed, kRemoved, kSlow, kTimeout, kError };

/// A point in time in 32 bits: steps of about a millisecond, unambiguous for 52 days.
inline uint32_t tick_of(Nanos time) { return static_cast<uint32_t>(time >> 20); }
/// The beginning of that step, not after `now`.
inline Nanos untick(uint32_t tick, Nanos now) { return ((now >> 20) - Nanos{tick_of(now) - tick}) << 20; }

/// An ICY listener: what it was told of the title.
struct IcyListener {
  uint32_t interval = 0;  // body bytes between two metadata blocks
  StateRef told;          // the state whose title it was last given

  bool title_due(const StateRef& now) const { return !(told == now) && title_of(told) != title_of(now); }
};

// Two cache lines hold all that a send touches.
struct alignas(64) Client {
  static constexpr uint64_t kNoStop = ~uint64_t{0};
  static constexpr uint32_t kNoTimer = ~uint32_t{0};

  // Hot: touched by every send.
  ListLink<Client> queue;  // flush slot, ready, blocked, lingering, or the outbox
  uint64_t seq = 0;        // cursor: next frame to send …
  uint32_t offset = 0;     // … and how many of its bytes went out already (see WirePlace)
  int fd = -1;
  ClientState state = ClientState::kReserved;
  FdKind kind = FdKind::kSocket;
  Framing framing = Framing::kRaw;
  Reason reason = Reason::kNone;
  Reason stop_reason = Reason::kNone;  // what it leaves with on reaching `stop`
  uint8_t slot = 0;
  Await await = Await::kNothing;
  bool caught_up_once = false;
  bool epilogue_queued = false;
  bool stalled = false;      // the stall clock runs
  bool peer_fin = false;     // the peer has sent its FIN
  uint32_t active_tick = 0;  // when the kernel last took bytes (tick_of)
  uint64_t stop = kNoStop;   // leaves when the cursor arrives here
  uint64_t bytes_sent = 0;
  Nanos progress_at = 0;  // when the stall clock (re)started
  StateRef stream;        // the stream state it was last given
  // Private bytes that go out before what is at the cursor: a response head, stream headers, the rest of what
  // had been begun when the cursor was moved, the rest of a piece of framing, an epilogue. What has been sent
  // is cut off the front.
  BlockSlice prologue;
  ListLink<Client> lag;  // bucket of its cursor's frame while ready or blocked; or those that await a frame
  uint32_t owed = 0;     // of the begun chunk or message (see WirePlace)
  uint32_t until_block = 0;                   // ICY (see WirePlace)
  std::unique_ptr<WebsocketInput> websocket;  // with that framing: what it sends

  std::unique_ptr<GdpReceiver> gdp;  // with that payload

  // Cold.
  std::unique_ptr<IcyListener> icy;    // with that framing
  uint32_t prologue_held = 0;          // its size at first: what it counts against the memory cap
  std::unique_ptr<ClientInput> input;  // when what it sends is wanted; null: it is discarded
  std::unique_ptr<ClientRules> rules;  // its own; null: the sink's
  ListLink<Client> ruled;              // among those with a lag rule of their own
  uint64_t recovered_at = 0;    // the newest key frame when it last recovered by key frame, + 1; 0: not since
                                // it caught up
  bool resend_headers = true;   // it is given changed headers, too
  uint64_t frames_dropped = 0;  // skipped by the recover policy
  uint64_t placed = 0;          // where its cursor was last put, by start rule or recovery
  bool begun_before = false;    // it had begun a frame by then
  Nanos first_pts = kNoTime;    // of the first frame it was sent, or will be
  Nanos last_pts = kNoTime;     // of the last frame begun when recovery moved the cursor
  ListLink<Client> newcomer;    // while its first frame is still to come
  ListLink<Client> unread;      // while more of what it sent waits to be read
  int error = 0;                // errno with Reason::kError
  const char* error_operation = "";
  // How much lay before it when it started: until it has caught up, that much lag is its due.
  uint64_t start_frames = 0;
  uint64_t start_bytes = 0;
  Nanos start_time = 0;
  Nanos added_at = 0;
  Nanos removed_at = 0;
  Nanos deadline = kNever;    // when it has to go
  uint32_t timer = kNoTimer;  // its place among the shard's timers
  bool expired = false;       // its time was over: `deadline` is the end of its grace
  Shard* shard = nullptr;
  uint32_t index = 0;    // slot number in the roster
  uint32_t sink_id = 0;  // whom its leaving is reported to
  uint32_t id = 0;       // by which people know it
  // The environment thread's own, all the time.
  uint32_t inquiries = 0;  // commands about it that the loop has not obeyed yet
  uint32_t heard = 0;      // cost of the input drained and not acknowledged to the shard yet
  bool drained = false;    // its leaving has been drained: the slot is free when no report is under way

  WirePlace place() const { return {seq, offset, owed, until_block}; }
  WireFormat format() const {
    return icy ? WireFormat{framing, icy->interval, icy->title_due(stream)}
               : WireFormat{framing, 0, false, gdp != nullptr};
  }
  /// Its bytes up to `place` are out, or will be first. `title_due`: as of then.
  void put_at(const WirePlace& place, bool title_due) {
    seq = place.seq;
    offset = place.offset;
    owed = place.owed;
    until_block = place.until_block;
    if (icy && !title_due) icy->told = stream;
  }
};

using ClientQueue = IntrusiveList<Client, &Client::queue>;
using LagBucket = IntrusiveList<Client, &Client::lag>;
using RuledClients = IntrusiveList<Client, &Client::ruled>;
using NewcomerList = IntrusiveList<Client, &Client::newcomer>;
using UnreadList = IntrusiveList<Client, &Client::unread>;

}  // namespace flumen
