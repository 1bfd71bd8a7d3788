// What the header and the data packets of an ASF stream say (Advanced Systems Format specification 1.2).
// Any thread.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "core/container/parser.h"

namespace flumen::container {

// As they lie in the stream.
inline constexpr std::string_view kAsfHeader{
    "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", 16};
inline constexpr std::string_view kAsfData{"\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
                                           16};
inline constexpr size_t kAsfObjectHead = 24;
inline constexpr size_t kAsfDataHead = 50;

struct AsfStreams {
  size_t packet = 0;     // bytes of each
  uint64_t preroll = 0;  // ms that all presentation times are too late
  std::bitset<128> video;
};

/// Of a header object; nothing when it does not say how long packets are.
std::optional<AsfStreams> read_asf_header(Bytes header);

struct AsfPacket {
  bool key = false;               // the first object of a stream to start with that begins here is one
  std::optional<uint32_t> shown;  // when that is presented, ms, with preroll
  uint32_t sent = 0;              // ms
};

/// Nothing when it is no packet.
std::optional<AsfPacket> read_asf_packet(Bytes packet, const AsfStreams& streams);

}  // namespace flumen::container
