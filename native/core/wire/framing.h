// What a client's bytes look like on the wire.
#pragma once

#include <cstdint>

namespace flumen {

enum class Framing : uint8_t {
  kRaw,
  kChunked,    // HTTP/1.1 chunked coding, RFC 9112 §7.1
  kWebsocket,  // binary messages from a server, RFC 6455 §5
};

}  // namespace flumen
