// What a WebSocket client sends (RFC 6455 §5): pings want a pong, a close wants a close; messages are
// collected or discarded. Any cut of bytes, bounded: a control frame has at most 125 bytes, a message
// `message_max`. Belongs to one client.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace flumen {

class WebsocketInput {
 public:
  static constexpr size_t kControlMax = 125;

  /// `message_max`: longest message that is collected, a longer one breaks the protocol (1009); 0: all are
  /// discarded.
  explicit WebsocketInput(size_t message_max = 0) : message_max_(message_max) {}

  /// Takes what was read. False: the client broke the protocol and is to be closed.
  bool feed(std::span<const uint8_t> bytes);

  /// The payloads of the messages that have become whole, in order, fragments joined.
  std::vector<std::vector<uint8_t>> take_messages();
  /// The answer to the newest ping that has none yet (RFC 6455 §5.5.3), as a whole frame; empty without one.
  std::vector<uint8_t> take_pong();
  bool has_pong() const { return !pong_.empty(); }
  /// The client has sent a close frame, or broken the protocol.
  bool closing() const { return closing_; }
  /// Our close frame, with the client's own status code, or 1002 for a broken protocol, 1009 for too long a
  /// message, or 1000.
  std::vector<uint8_t> close_frame() const;

 private:
  uint16_t begin(uint8_t byte);
  uint16_t begin_data();
  void finish_frame();

  std::array<uint8_t, 14> head_;
  size_t head_size_ = 0;
  size_t head_wanted_ = 2;
  uint64_t payload_left_ = 0;
  uint64_t payload_at_ = 0;
  std::array<uint8_t, kControlMax> control_;
  std::vector<uint8_t> pong_;
  size_t message_max_;
  bool in_message_ = false;  // its last fragment is still to come
  std::vector<uint8_t> message_;
  std::vector<std::vector<uint8_t>> messages_;
  bool closing_ = false;
  uint16_t status_ = 1000;
};

}  // namespace flumen
