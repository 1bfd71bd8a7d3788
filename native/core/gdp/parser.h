// Cuts a byte stream into GDP packets, wherever the pieces it comes in are cut. A payload that lies within
// one piece, or in neighbouring pieces of one block, is shared and not copied. Everything is judged as soon
// as the 62 bytes of a header are there, and memory grows with what has come, never with what was announced.
// Single-threaded; one parser per stream.
#pragma once

#include <span>

#include "core/gdp/fault.h"
#include "core/gdp/packet.h"
#include "core/timeline/block_writer.h"

namespace flumen::gdp {

/// The longest payloads that are taken, in bytes.
struct ParserLimits {
  uint32_t frame = 16 * kMiB;
  uint32_t caps = 4 * kMiB;
  uint32_t event = 1 * kMiB;
};

class Parser {
 public:
  enum class Step : uint8_t { kPacket, kNeedMore, kFailed };

  explicit Parser(Ledger& ledger, ParserLimits limits = {})
      : ledger_(ledger), limits_(limits), writer_(ledger) {}

  /// The next bytes of the stream. What was fed before must have been used up: next() said kNeedMore.
  void feed(BlockSlice piece);
  void feed_copy(std::span<const uint8_t> bytes);

  /// Fills `packet` with the next packet. After kFailed, error() says why, for good.
  Step next(Packet* packet);

  /// There will be no more bytes. False: the stream is torn or had failed, see error().
  bool finish();

  const StreamError& error() const { return error_; }
  /// Bytes and packets that are complete so far.
  uint64_t offset() const { return packet_at_; }
  uint64_t packets() const { return packets_; }

 private:
  /// Which generation of GStreamer writes: it decides what the flags of buffers mean.
  enum class Dialect : uint8_t { kUnknown, kToday, kLegacy };

  bool take_header();
  bool take_payload();
  void keep_part(size_t size);
  bool judge_header();
  bool judge_version();
  bool judge_place();
  bool judge_length();
  bool complete(Packet* packet);
  void read_frame(Packet* packet) const;
  bool read_caps(Packet* packet);
  bool read_event(Packet* packet);
  bool read_text_event(Packet* packet);
  void notice_dialect(const EventKind* today, const EventKind* legacy);
  bool legacy() const;
  bool fail(Fault fault, std::string message);
  size_t left() const { return piece_.size - used_; }

  Ledger& ledger_;
  ParserLimits limits_;
  BlockWriter writer_;  // for feed_copy
  BlockSlice piece_;    // being read
  uint32_t used_ = 0;   // of piece_

  HeaderBytes header_bytes_{};
  size_t header_have_ = 0;
  Header header_;
  bool in_payload_ = false;
  BlockSlice payload_;         // as much of it as has come
  bool payload_ours_ = false;  // in a block that nobody else knows yet, so more can be put behind it

  uint64_t packet_at_ = 0;
  uint64_t packets_ = 0;
  Dialect dialect_ = Dialect::kUnknown;
  bool has_caps_ = false;
  bool ended_ = false;  // EOS has come
  StreamError error_;
};

}  // namespace flumen::gdp
