// Where a packetized elementary stream begins in a transport stream: its time (ISO 13818-1, 2.4.3.7), and
// whether decoding can begin with it, by what it has instead of an indicator. Any thread.
#pragma once

#include <optional>

#include "core/container/ts_tables.h"

namespace flumen::container {

/// In 90 kHz, 33 bits.
struct TsTimes {
  std::optional<uint64_t> pts;
  std::optional<uint64_t> dts;
};
/// Of the stream that begins in this packet.
TsTimes ts_times(const uint8_t* packet);
/// A packet's clock reference, without its 27 MHz part.
std::optional<uint64_t> ts_clock(const uint8_t* packet);
inline bool ts_random_access(const uint8_t* packet) {
  return (packet[3] & 0x20u) != 0 && packet[4] > 0 && (packet[5] & 0x40u) != 0;
}

enum class TsAccess : uint8_t { kUnknown, kStart, kNoStart };

/// Looks for the first picture of a stream of `codec`, payload by payload.
class TsLook {
 public:
  explicit TsLook(TsCodec codec) : codec_(codec) {}
  TsAccess take(Bytes payload);

 private:
  TsAccess unit(uint8_t type, uint8_t next);

  TsCodec codec_;
  uint64_t window_ = ~uint64_t{0};  // the last bytes
  bool configured_ = false;         // a sequence header or parameter set has come
};

}  // namespace flumen::container
