#include "core/wire/websocket_input.h"

#include <algorithm>
#include <utility>

namespace flumen {

namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kReserved = 0x70;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kClose = 8;
constexpr uint8_t kPing = 9;
constexpr uint16_t kProtocolError = 1002;
constexpr uint16_t kTooBig = 1009;

std::vector<uint8_t> control_frame(uint8_t opcode, std::span<const uint8_t> payload) {
  std::vector<uint8_t> frame(2 + payload.size());
  frame[0] = static_cast<uint8_t>(kFin | opcode);
  frame[1] = static_cast<uint8_t>(payload.size());
  std::ranges::copy(payload, frame.begin() + 2);
  return frame;
}

}  // namespace

bool WebsocketInput::feed(std::span<const uint8_t> bytes) {
  size_t at = 0;
  while (at < bytes.size() && !closing_) {
    if (head_size_ < head_wanted_) {
      if (const uint16_t broken = begin(bytes[at++]); broken != 0) {
        closing_ = true;
        status_ = broken;
        return false;
      }
      continue;
    }
    const bool control = (head_[0] & 8) != 0;
    const size_t run = static_cast<size_t>(std::min<uint64_t>(payload_left_, bytes.size() - at));
    for (size_t i = 0; (control || in_message_) && i < run; ++i) {
      const uint64_t place = payload_at_ + i;
      const uint8_t byte = bytes[at + i] ^ head_[head_wanted_ - 4 + (place & 3)];
      if (control) {
        control_[place] = byte;
      } else {
        message_.push_back(byte);
      }
    }
    at += run;
    payload_at_ += run;
    payload_left_ -= run;
    if (payload_left_ == 0) finish_frame();
  }
  return true;
}

// One more byte of a frame's head. The status to close with when it is none; else 0.
uint16_t WebsocketInput::begin(uint8_t byte) {
  head_[head_size_++] = byte;
  if (head_size_ == 2) {
    const uint8_t length = head_[1] & 0x7f;
    const uint8_t opcode = head_[0] & 0x0f;
    const bool control = (opcode & 8) != 0;
    // §5.1: a client masks every frame. §5.5: control frames are short and whole.
    if ((head_[1] & kMasked) == 0 || (head_[0] & kReserved) != 0) return kProtocolError;
    if ((opcode > 2 && opcode < kClose) || opcode > 10) return kProtocolError;
    if (control && (length > kControlMax || (head_[0] & kFin) == 0)) return kProtocolError;
    head_wanted_ = 6 + (length == 126 ? 2U : length == 127 ? 8U : 0U);
  }
  if (head_size_ < head_wanted_) return 0;
  const size_t length_bytes = head_wanted_ - 6;
  payload_left_ = length_bytes == 0 ? head_[1] & 0x7f : 0;
  for (size_t i = 0; i < length_bytes; ++i) payload_left_ = payload_left_ << 8 | head_[2 + i];
  payload_at_ = 0;
  if (payload_left_ >> 63 != 0) return kProtocolError;
  if ((head_[0] & 8) == 0 && message_max_ > 0) {
    if (const uint16_t broken = begin_data(); broken != 0) return broken;
  }
  if (payload_left_ == 0) finish_frame();
  return 0;
}

// §5.4: a message is one frame of opcode 1 or 2, and any number that continue it.
uint16_t WebsocketInput::begin_data() {
  const bool continues = (head_[0] & 0x0f) == 0;
  if (continues != in_message_) return kProtocolError;
  if (payload_left_ > message_max_ - message_.size()) return kTooBig;
  in_message_ = true;
  return 0;
}

void WebsocketInput::finish_frame() {
  const uint8_t opcode = head_[0] & 0x0f;
  const std::span<const uint8_t> payload(control_.data(), (opcode & 8) != 0 ? payload_at_ : 0);
  head_size_ = 0;
  head_wanted_ = 2;
  if (opcode == kPing) {
    pong_ = control_frame(10, payload);
  } else if (opcode == kClose) {
    closing_ = true;
    if (payload.size() >= 2) status_ = static_cast<uint16_t>(payload[0] << 8 | payload[1]);
  } else if (opcode <= 2 && in_message_ && (head_[0] & kFin) != 0) {
    in_message_ = false;
    messages_.push_back(std::exchange(message_, {}));
  }
}

std::vector<std::vector<uint8_t>> WebsocketInput::take_messages() { return std::exchange(messages_, {}); }

std::vector<uint8_t> WebsocketInput::take_pong() { return std::exchange(pong_, {}); }

std::vector<uint8_t> WebsocketInput::close_frame() const {
  const std::array<uint8_t, 2> status{static_cast<uint8_t>(status_ >> 8), static_cast<uint8_t>(status_)};
  return control_frame(kClose, status);
}

}  // namespace flumen
