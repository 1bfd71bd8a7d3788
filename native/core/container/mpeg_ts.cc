#include "core/container/mpeg_ts.h"

#include <algorithm>

namespace flumen::container {

namespace {

constexpr uint8_t kSyncByte = 0x47;
/// What is looked at to know whether packets begin here.
constexpr size_t kTsProof = 2 * kTsPacket + 1;
constexpr size_t kMostTsUnit = 348 * kTsPacket;
/// Tables that nothing follows are not kept for longer.
constexpr size_t kMostTsRun = 32;
/// So far a picture is looked into.
constexpr size_t kMostTsLook = 64;

bool ts_packets_begin(Bytes bytes) {
  return bytes[0] == kSyncByte && bytes[kTsPacket] == kSyncByte && bytes[2 * kTsPacket] == kSyncByte;
}

// Neither tables nor media: it may stand between them.
bool is_filling(const uint8_t* packet, uint16_t pid) {
  constexpr uint16_t kNullPid = 0x1fff;
  return pid == kNullPid || (packet[3] & 0x10u) == 0;
}

}  // namespace

Step MpegTs::next(Bytes bytes) {
  if (!synced_) {
    if (bytes.size() < kTsProof) return Step::need(kTsProof);
    if (!ts_packets_begin(bytes)) return lost(bytes);
    synced_ = true;
  }
  size_t at = scanned_;
  for (; at + kTsPacket <= bytes.size() && at < kMostTsUnit; at += kTsPacket) {
    const uint8_t* const packet = bytes.data() + at;
    if (packet[0] != kSyncByte) return at > 0 ? unit(at) : lost(bytes);
    const uint16_t pid = ts_pid(packet);
    if (pid == tables_.start().pid && ts_starts_unit(packet)) {
      if (phase_ == Phase::kMedia) return unit(at);
      scanned_ = at;
      if (!begin(bytes.subspan(at))) return Step::need(bytes.size() / kTsPacket * kTsPacket + kTsPacket);
    } else if (tables_.is_table(pid)) {
      if (!take_table(packet)) return unit(at);
    } else if (phase_ == Phase::kTables && run_ < kMostTsRun && is_filling(packet, pid)) {
      ++run_;
    } else {
      phase_ = Phase::kMedia;
    }
  }
  if (at == 0) return Step::need(kTsPacket);
  scanned_ = at;
  const bool may_start = phase_ == Phase::kTables && run_ < kMostTsRun && !ending_ && at < kMostTsUnit;
  return may_start ? Step::need(at + kTsPacket) : unit(at);
}

Step MpegTs::last(Bytes bytes) {
  ending_ = true;
  const Step step = next(bytes);
  return step.kind == Step::Kind::kNeed ? Parser::last(bytes) : step;
}

// False: it belongs to the next unit.
bool MpegTs::take_table(const uint8_t* packet) {
  if (phase_ == Phase::kMedia || run_ == kMostTsRun) return false;
  if (phase_ == Phase::kEmpty) tables_.begin_run();
  phase_ = Phase::kTables;
  ++run_;
  tables_.take(packet);
  // It may come from another multiplexer now.
  if (tables_.run_changed()) indicates_ = false;
  return true;
}

// The stream that receivers start with goes on in `bytes` with a unit of its own. False: more must be seen.
bool MpegTs::begin(Bytes bytes) {
  const uint8_t* const packet = bytes.data();
  if (tables_.start().codec != TsCodec::kAudio && ts_random_access(packet)) indicates_ = true;
  const TsAccess said = access(bytes);
  if (said == TsAccess::kUnknown) return false;
  if (phase_ == Phase::kEmpty) tables_.begin_run();
  phase_ = Phase::kMedia;
  info_.flags = said == TsAccess::kStart ? 0 : FrameFlags::kDelta;
  const TsTimes times = ts_times(packet);
  if (times.pts) {
    info_.dts = time_of(*times.dts);
    info_.pts = time_of(*times.pts);
  } else if (const auto clock = ts_clock(packet)) {
    info_.dts = time_of(*clock);
  }
  return true;
}

TsAccess MpegTs::access(Bytes bytes) const {
  const TsStart start = tables_.start();
  if (start.codec == TsCodec::kAudio || ts_random_access(bytes.data())) return TsAccess::kStart;
  if (indicates_) return TsAccess::kNoStart;
  TsLook look(start.codec);
  for (size_t i = 0; i < kMostTsLook; ++i) {
    const size_t at = i * kTsPacket;
    if (at + kTsPacket > bytes.size()) return ending_ ? TsAccess::kNoStart : TsAccess::kUnknown;
    const uint8_t* const packet = bytes.data() + at;
    if (packet[0] != kSyncByte) break;
    if (ts_pid(packet) != start.pid) continue;
    if (i > 0 && ts_starts_unit(packet)) break;
    const TsAccess said = look.take(bytes.subspan(at, kTsPacket).subspan(ts_payload_at(packet)));
    if (said != TsAccess::kUnknown) return said;
  }
  return TsAccess::kNoStart;
}

Step MpegTs::unit(size_t size) {
  FrameInfo info = info_;
  if (run_ > 0) {
    const bool whole = tables_.run_is_whole();
    // Where nothing is known that could be started with, tables are the best there is.
    if (whole && tables_.are_known() && tables_.start().pid == kTsNoPid) info.flags = 0;
    if (whole) {
      info.flags |= FrameFlags::kHeadersInside;
    } else if (tables_.run_changed()) {
      info.flags |= FrameFlags::kChangeInside;
    }
    if (tables_.run_changed()) headers_.set(tables_.packets());
  }
  phase_ = Phase::kEmpty;
  scanned_ = 0;
  run_ = 0;
  info_ = no_start();
  return Step::frame(size, info);
}

// They wrap after 26 hours, and after a jump they go on from where it led.
Nanos MpegTs::time_of(uint64_t ticks) {
  constexpr int kSpare = 64 - 33;
  if (timed_) {
    unwrapped_ += static_cast<int64_t>((ticks - last_ticks_) << kSpare) >> kSpare;
  } else {
    unwrapped_ = static_cast<int64_t>(ticks);
  }
  timed_ = true;
  last_ticks_ = ticks;
  return unwrapped_ * 100'000 / 9;
}

Step MpegTs::lost(Bytes bytes) {
  synced_ = false;
  size_t at = 1;
  for (; at + kTsProof <= bytes.size(); ++at) {
    if (ts_packets_begin(bytes.subspan(at))) break;
  }
  return Step::broken(at, "three packets in a row do not begin with 0x47");
}

}  // namespace flumen::container
