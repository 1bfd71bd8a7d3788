#include "core/container/ts_start.h"

#include "core/container/bits.h"

namespace flumen::container {

namespace {

constexpr size_t kPesHead = 9;
constexpr size_t kTimeBytes = 5;

uint64_t time_at(const uint8_t* at) {
  return (at[0] >> 1 & uint64_t{7}) << 30 | uint64_t{be16(at + 1) >> 1} << 15 | be16(at + 3) >> 1;
}

// A slice of intra prediction only: its first macroblock is the first, its type is I (ITU-T H.264, 7.3.3).
bool intra_slice(uint8_t byte) { return byte == 0x88 || byte >> 4 == 0xb; }

}  // namespace

TsTimes ts_times(const uint8_t* packet) {
  const size_t at = ts_payload_at(packet);
  if (at + kPesHead + kTimeBytes > kTsPacket) return {};
  const uint8_t* pes = packet + at;
  const bool has_times = be24(pes) == 1 && (pes[6] & 0xc0u) == 0x80 && (pes[7] & 0x80u) != 0;
  if (!has_times) return {};
  TsTimes times;
  times.pts = time_at(pes + kPesHead);
  times.dts = times.pts;
  const bool both = (pes[7] & 0x40u) != 0 && at + kPesHead + 2 * kTimeBytes <= kTsPacket;
  if (both) times.dts = time_at(pes + kPesHead + kTimeBytes);
  return times;
}

std::optional<uint64_t> ts_clock(const uint8_t* packet) {
  const bool there = (packet[3] & 0x20u) != 0 && packet[4] >= 7 && (packet[5] & 0x10u) != 0;
  if (!there) return std::nullopt;
  return uint64_t{be32(packet + 6)} << 1 | packet[10] >> 7;
}

TsAccess TsLook::take(Bytes payload) {
  for (const uint8_t byte : payload) {
    window_ = window_ << 8 | byte;
    // Start code, type, and the byte behind it.
    if ((window_ >> 16 & 0xff'ffff) != 1) continue;
    const TsAccess said = unit(static_cast<uint8_t>(window_ >> 8), static_cast<uint8_t>(window_));
    if (said != TsAccess::kUnknown) return said;
  }
  return TsAccess::kUnknown;
}

TsAccess TsLook::unit(uint8_t type, uint8_t next) {
  const auto start_if = [](bool start) { return start ? TsAccess::kStart : TsAccess::kNoStart; };
  switch (codec_) {
    case TsCodec::kH264:
      type &= 0x1f;
      if (type == 7) configured_ = true;
      if (type == 5) return TsAccess::kStart;
      return type >= 1 && type <= 4 ? start_if(configured_ && intra_slice(next)) : TsAccess::kUnknown;
    case TsCodec::kH265:
      type = type >> 1 & 0x3f;
      return type < 32 ? start_if(type >= 16 && type <= 21) : TsAccess::kUnknown;
    case TsCodec::kMpegVideo:
      if (type == 0xb3) configured_ = true;
      return type == 0 ? start_if(configured_) : TsAccess::kUnknown;
    case TsCodec::kMpeg4:
      return type == 0xb6 ? start_if(next >> 6 == 0) : TsAccess::kUnknown;
    case TsCodec::kAudio:
      return TsAccess::kStart;
    case TsCodec::kOtherVideo:
      break;
  }
  return TsAccess::kNoStart;
}

}  // namespace flumen::container
