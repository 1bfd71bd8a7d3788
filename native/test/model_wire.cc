#include "test/model_wire.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace flumen::test {

std::string Offer::peek(size_t size) const {
  std::string bytes;
  size_t from = at_;
  for (const iovec& piece : iov_) {
    const size_t count = std::min(size - bytes.size(), piece.iov_len - from);
    bytes.append(static_cast<const char*>(piece.iov_base) + from, count);
    from = 0;
    if (bytes.size() == size) break;
  }
  return bytes;
}

bool Offer::next_is(std::string_view want) {
  bool same = true;
  left_ -= want.size();
  while (!want.empty()) {
    const iovec& piece = iov_.front();
    const size_t count = std::min(want.size(), piece.iov_len - at_);
    same = same && std::memcmp(static_cast<const char*>(piece.iov_base) + at_, want.data(), count) == 0;
    want.remove_prefix(count);
    at_ += count;
    if (at_ == piece.iov_len) {
      iov_ = iov_.subspan(1);
      at_ = 0;
    }
  }
  return same;
}

Head chunk_head(std::string_view bytes) {
  Head head;
  size_t digits = 0;
  for (; digits < bytes.size() && std::isxdigit(static_cast<unsigned char>(bytes[digits])) != 0; ++digits) {
    const char digit = static_cast<char>(std::tolower(bytes[digits]));
    head.body = head.body * 16 + static_cast<size_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  if (digits == 0 || digits > 8 || head.body == 0 || bytes.substr(digits, 2) != "\r\n") return {};
  head.bytes = bytes.substr(0, digits + 2);
  return head;
}

Head message_head(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != '\x82') return {};
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(bytes[at]); };
  if (byte(1) < 126) return {std::string(bytes.substr(0, 2)), byte(1)};
  if (byte(1) > 127) return {};
  const size_t size = byte(1) == 126 ? 4 : 10;
  if (bytes.size() < size) return {};
  Head head{std::string(bytes.substr(0, size)), 0};
  for (size_t at = 2; at < size; ++at) head.body = head.body << 8 | byte(at);
  if (head.body <= (size == 4 ? 125U : 65'535U)) return {};
  return head;
}

Head head_of(std::string_view bytes, Framing framing) {
  return framing == Framing::kChunked ? chunk_head(bytes) : message_head(bytes);
}

std::string control_frame(uint8_t opcode, std::string_view payload) {
  std::string frame{static_cast<char>(0x80 | opcode), static_cast<char>(payload.size())};
  return frame.append(payload);
}

}  // namespace flumen::test
