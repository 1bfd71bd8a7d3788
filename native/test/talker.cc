#include "test/talker.h"

namespace flumen::test {

namespace {

constexpr uint16_t kNoStatus = 1000;       // what a close without one is answered with
constexpr uint16_t kProtocolError = 1002;  // RFC 6455 §7.4.1

// What no client may send, and how many bytes of it show that.
std::string nonsense(Choices& choices, size_t& shows_at) {
  shows_at = 2;
  switch (choices.below(6)) {
    case 0:
      return std::string("\x82\x01x", 3);  // not masked
    case 1:
      return std::string("\xc2\x80mask", 6);  // a reserved bit
    case 2:
      return std::string("\x83\x80mask", 6);  // no such opcode
    case 3:
      return std::string("\x09\x80mask", 6);  // a ping in pieces
    case 4:
      return std::string("\x89\xfe\0\x7e", 4);  // a ping of 126 bytes
    default:
      shows_at = 14;
      return std::string("\x82\xff\xff\0\0\0\0\0\0\0mask", 14);  // a length with the highest bit set
  }
}

}  // namespace

std::string client_frame(uint8_t opcode, std::string_view payload, uint32_t mask) {
  std::string frame{static_cast<char>(0x80 | opcode)};
  const size_t length_bytes = payload.size() < 126 ? 0 : payload.size() <= UINT16_MAX ? 2 : 8;
  const size_t length = length_bytes == 0 ? payload.size() : length_bytes == 2 ? 126 : 127;
  frame += static_cast<char>(0x80 | length);
  for (size_t i = length_bytes; i > 0; --i) frame += static_cast<char>(payload.size() >> (8 * (i - 1)));
  for (int i = 0; i < 4; ++i) frame += static_cast<char>(mask >> (8 * i));
  for (size_t i = 0; i < payload.size(); ++i)
    frame += static_cast<char>(payload[i] ^ static_cast<char>(mask >> (8 * (i % 4))));
  return frame;
}

void Talker::think(Choices& choices) {
  if (!left().empty()) return;
  const auto mask = static_cast<uint32_t>(choices.below(uint64_t{1} << 32));
  const auto letters = [&](size_t size) { return std::string(size, static_cast<char>('a' + size % 26)); };
  for (uint64_t i = choices.between(1, 4); i > 0; --i) {
    const uint64_t what = choices.below(24);
    if (what < 12) {
      const std::string payload = letters(choices.one_in(4) ? choices.below(126) : choices.below(8));
      const std::string frame = client_frame(9, payload, mask);
      add(Means::kPing, frame, frame.size(), payload);
    } else if (what < 14) {
      const bool with_status = choices.one_in(2);
      const auto status = static_cast<uint16_t>(choices.between(1000, 4999));
      std::string payload;
      if (with_status) payload = {static_cast<char>(status >> 8), static_cast<char>(status & 0xff), 'b', 'y'};
      const std::string frame = client_frame(8, payload, mask);
      add(Means::kClose, frame, frame.size(), "", with_status ? status : kNoStatus);
    } else if (what == 14) {
      size_t shows_at = 0;
      std::string bytes = nonsense(choices, shows_at);
      add(Means::kNonsense, std::move(bytes), shows_at, "", kProtocolError);
    } else {
      // A message, in pieces or whole, or a pong that nobody asked for.
      constexpr uint8_t kOpcodes[] = {0, 1, 2, 10};
      const uint8_t opcode = kOpcodes[choices.below(4)];
      const size_t most = opcode == 10 ? 125 : choices.one_in(6) ? 100'000 : 300;
      const std::string frame = client_frame(opcode, letters(choices.below(most)), mask);
      add(Means::kNothing, frame, frame.size());
    }
  }
}

void Talker::add(Means means, std::string bytes, size_t counts_at, std::string payload, uint16_t status) {
  const uint64_t start = before_ + text_.size();
  text_ += bytes;
  if (means != Means::kNothing) unheard_.push_back({start + counts_at, means, std::move(payload), status});
}

void Talker::say(size_t bytes) {
  said_ += bytes;
  if (said_ < text_.size()) return;
  before_ += text_.size();
  text_.clear();
  said_ = 0;
}

bool Talker::next(Said& what) {
  if (unheard_.empty() || unheard_.front().at > heard_) return false;
  what = std::move(unheard_.front());
  unheard_.pop_front();
  return true;
}

}  // namespace flumen::test
