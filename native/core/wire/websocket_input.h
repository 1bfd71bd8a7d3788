// What a WebSocket client sends (RFC 6455 §5): pings want a pong, a close wants a close; everything else is
// discarded. Any cut of bytes, bounded: a control frame has at most 125 bytes. Belongs to one client.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace flumen {

class WebsocketInput {
 public:
  static constexpr size_t kControlMax = 125;

  /// Takes what was read. False: the client broke the protocol and is to be closed.
  bool feed(std::span<const uint8_t> bytes);

  /// The answer to the newest ping that has none yet (RFC 6455 §5.5.3), as a whole frame; empty without one.
  std::vector<uint8_t> take_pong();
  bool has_pong() const { return !pong_.empty(); }
  /// The client has sent a close frame, or broken the protocol.
  bool closing() const { return closing_; }
  /// Our close frame, with the client's own status code, or 1002 for a broken protocol, or 1000.
  std::vector<uint8_t> close_frame() const;

 private:
  bool begin(uint8_t byte);
  void finish_frame();

  std::array<uint8_t, 14> head_;
  size_t head_size_ = 0;
  size_t head_wanted_ = 2;
  uint64_t payload_left_ = 0;
  uint64_t payload_at_ = 0;
  std::array<uint8_t, kControlMax> control_;
  std::vector<uint8_t> pong_;
  bool closing_ = false;
  uint16_t status_ = 1000;
};

}  // namespace flumen
