// What a client's bytes look like on the wire.
#pragma once

#include <cstdint>

namespace flumen {

enum class Framing : uint8_t {
  kRaw,
  kChunked,    // HTTP/1.1 chunked coding, RFC 9112 §7.1: a chunk covers a run of frames
  kWebsocket,  // binary messages from a server, RFC 6455 §5: one a frame
  kIcy,        // raw with a metadata block after every so many bytes (SHOUTcast's icy-metaint)
};

/// Whether media bytes go out behind a head that announces how many there are.
inline bool announces(Framing framing) {
  return framing == Framing::kChunked || framing == Framing::kWebsocket;
}

}  // namespace flumen
