// What a GDP receiver is sent around the frames' bytes: packet headers, and the sticky events and stream
// headers of a state. Made once and shared by all receivers. Any thread.
#pragma once

#include "core/gdp/encoder.h"
#include "core/timeline/frame.h"

namespace flumen {

/// A packet of an event that stands in front of a frame; `text` as GStreamer prints its structure, empty: it
/// has none.
std::string event_packet(const gdp::EventKind& kind, std::string_view text, gdp::Checksums checksums);

/// What stands in front of `frame`: the packets of events that are there, and its own header.
BlockSlice frame_packet(const Frame& frame, gdp::Checksums checksums, BlockWriter& writer);

/// The packets of a state with these texts and headers. Where a text is empty there stands what a receiver
/// cannot do without: a stream-start, caps that promise nothing, a segment in time.
StickyPackets sticky_packets(const StateTexts& texts, const std::vector<BlockSlice>& headers,
                             gdp::Checksums checksums, Ledger& ledger);

/// What one receiver was last given.
struct GdpReceiver {
  std::array<BlockSlice, StickyPackets::kParts> had;

  bool informed() const { return static_cast<bool>(had[0]); }

  /// What it must be given before a frame of that state: the parts that differ from what it had; it has them
  /// then. Without `resend` the caps and headers it once got are kept; with `inside` the frame brings the
  /// headers itself.
  BlockSlice take_due(const StickyPackets& now, bool resend, bool inside, Ledger& ledger);
};

}  // namespace flumen
