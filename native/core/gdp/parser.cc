#include "core/gdp/parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/gdp/crc.h"

namespace flumen::gdp {

namespace {

// The first block for a payload that comes in several. It doubles from there.
constexpr size_t kFirstBlock = 256 * kKiB;

}  // namespace

void Parser::feed(BlockSlice piece) {
  FLUMEN_CHECK(left() == 0);
  piece_ = std::move(piece);
  used_ = 0;
}

void Parser::feed_copy(std::span<const uint8_t> bytes) { feed(writer_.copy(bytes)); }

Parser::Step Parser::next(Packet* packet) {
  if (error_.fault != Fault::kNone) return Step::kFailed;
  if (!in_payload_) {
    if (!take_header()) return Step::kNeedMore;
    if (!judge_header()) return Step::kFailed;
    in_payload_ = true;
  }
  if (!take_payload()) return Step::kNeedMore;
  return complete(packet) ? Step::kPacket : Step::kFailed;
}

bool Parser::finish() {
  if (error_.fault != Fault::kNone) return false;
  if (in_payload_) {
    return fail(Fault::kTruncatedPayload, "the stream ends after " + std::to_string(payload_.size) + " of " +
                                              std::to_string(header_.length) + " bytes of a payload");
  }
  if (header_have_ == 0) return true;
  return fail(Fault::kTruncatedHeader,
              "the stream ends after " + std::to_string(header_have_) + " of 62 bytes of a header");
}

bool Parser::take_header() {
  const size_t taken = std::min(kHeaderBytes - header_have_, left());
  if (taken > 0) std::memcpy(header_bytes_.data() + header_have_, piece_.data() + used_, taken);
  used_ += static_cast<uint32_t>(taken);
  header_have_ += taken;
  if (header_have_ < kHeaderBytes) return false;
  header_ = read_header(header_bytes_);
  return true;
}

bool Parser::take_payload() {
  const size_t taken = std::min<size_t>(header_.length - payload_.size, left());
  if (taken > 0) keep_part(taken);
  return payload_.size == header_.length;
}

// Puts the next `size` bytes of the piece behind the payload.
void Parser::keep_part(size_t size) {
  const uint32_t from = piece_.offset + used_;
  used_ += static_cast<uint32_t>(size);
  if (payload_.size == 0) {
    payload_ = {piece_.block, from, static_cast<uint32_t>(size)};
    payload_ours_ = false;
    return;
  }
  if (payload_.block.get() == piece_.block.get() && payload_.offset + payload_.size == from) {
    payload_.size += static_cast<uint32_t>(size);
    return;
  }
  const size_t needed = payload_.size + size;
  if (!payload_ours_ || payload_.block->capacity() < needed) {
    const size_t wanted = std::max({needed, 2 * size_t{payload_.size}, kFirstBlock});
    BlockSlice bigger{BlockRef(Block::create(ledger_, std::min<size_t>(wanted, header_.length))), 0,
                      payload_.size};
    std::memcpy(bigger.data(), payload_.data(), payload_.size);
    payload_ = std::move(bigger);
    payload_ours_ = true;
  }
  std::memcpy(payload_.data() + payload_.size, piece_.block->data() + from, size);
  payload_.size += static_cast<uint32_t>(size);
}

// The payload is there: checks it, says what it means, and makes ready for the next header.
bool Parser::complete(Packet* packet) {
  const std::span<const uint8_t> bytes =
      payload_ ? std::span<const uint8_t>(payload_.data(), payload_.size) : std::span<const uint8_t>();
  if ((header_.header_flags & kHasPayloadCrc) != 0 && !bytes.empty()) {
    const uint16_t crc = crc16(bytes);
    if (crc != header_.payload_crc) {
      return fail(Fault::kPayloadCrc, "the payload has checksum " + std::to_string(crc) +
                                          ", but its header says " + std::to_string(header_.payload_crc));
    }
  }
  packet->at = packet_at_;
  packet->number = packets_;
  packet->header = header_;
  packet->payload = std::exchange(payload_, {});
  if (packet->kind != PacketKind::kFrame) {
    packet->caps = {};
    packet->event = {};
    packet->skipped.clear();
  }
  if (header_.type == kBufferType) {
    read_frame(packet);
  } else if (header_.type == kCapsType ? !read_caps(packet) : !read_event(packet)) {
    return false;
  }
  packet_at_ += kHeaderBytes + header_.length;
  ++packets_;
  header_have_ = 0;
  in_payload_ = false;
  return true;
}

bool Parser::fail(Fault fault, std::string message) {
  error_ = {fault, packet_at_, packets_, std::move(message)};
  payload_ = {};
  piece_ = {};
  used_ = 0;
  return false;
}

}  // namespace flumen::gdp
