// An MPEG transport stream (ISO 13818-1): packets of 188 bytes. All of them stay in the stream; its tables
// are kept, besides, for whoever comes after them. A unit is a run of packets: it begins where a picture
// does, with the tables that stand directly before, and has of the others what is there.
#pragma once

#include "core/container/ts_start.h"

namespace flumen::container {

class MpegTs final : public Parser {
 public:
  Step next(Bytes bytes) override;
  Step last(Bytes bytes) override;
  std::string caps() const override {
    return "video/mpegts, systemstream=(boolean)true, packetsize=(int)188";
  }
  std::string content_type() const override { return "video/mp2t"; }

 private:
  // What the unit at the front has: tables only, while it can still become a start.
  enum class Phase : uint8_t { kEmpty, kTables, kMedia };

  static FrameInfo no_start() {
    FrameInfo info;
    info.flags = FrameFlags::kDelta;
    return info;
  }
  bool take_table(const uint8_t* packet);
  bool begin(Bytes bytes);
  TsAccess access(Bytes bytes) const;
  Step unit(size_t size);
  Step lost(Bytes bytes);
  Nanos time_of(uint64_t ticks);

  TsTables tables_;
  bool synced_ = false;
  bool ending_ = false;     // no more bytes come to look at
  bool indicates_ = false;  // the stream says where it can be started: nothing else is asked

  // Of the unit at the front:
  Phase phase_ = Phase::kEmpty;
  size_t scanned_ = 0;  // bytes that need not be looked at again
  size_t run_ = 0;      // packets of its tables, and between them
  FrameInfo info_ = no_start();

  bool timed_ = false;
  uint64_t last_ticks_ = 0;  // 33 bits
  int64_t unwrapped_ = 0;
};

}  // namespace flumen::container
