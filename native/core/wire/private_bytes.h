// Wire bytes that go to one client alone: stream headers, and the rest of what has been begun when its cursor
// is moved. Shared with the timeline where nothing lies in between, else a copy.
#pragma once

#include "core/wire/gather.h"

namespace flumen {

/// `before` (may be empty), and behind it the wire bytes from `place` up to frame `stop`, all of one stream
/// state. `place` and `format` are afterwards as if they were out.
BlockSlice wire_until(const Timeline& timeline, uint64_t stop, WireFormat& format, WirePlace& place,
                      BlockSlice before, Ledger& ledger);

/// Bytes of the body that are no frame, between two frames: stream headers of `state`. `before` as above.
BlockSlice framed(const BlockSlice& bytes, const StateRef& state, WireFormat& format, WirePlace& place,
                  BlockSlice before, Ledger& ledger);

}  // namespace flumen
