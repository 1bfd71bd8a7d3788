#include "core/wire/wrap.h"

#include <cstdint>
#include <cstdio>

namespace flumen {

namespace {

// RFC 9112 §7.1: a chunk is its size in hex, CRLF, the bytes, CRLF.
void wrap_chunk(size_t size, Wrap& wrap) {
  wrap.head_size = static_cast<size_t>(std::snprintf(wrap.head.data(), wrap.head.size(), "%zx\r\n", size));
  wrap.tail = "\r\n";
  wrap.tail_size = 2;
}

// RFC 6455 §5.2: FIN and opcode 2 (binary); the length in 7, 16 or 64 bits, most significant byte first; from
// a server never masked.
void wrap_message(size_t size, Wrap& wrap) {
  size_t length_bytes = 0;
  wrap.head[0] = static_cast<char>(0x82);
  if (size < 126) {
    wrap.head[1] = static_cast<char>(size);
  } else {
    length_bytes = size <= UINT16_MAX ? 2 : 8;
    wrap.head[1] = static_cast<char>(length_bytes == 2 ? 126 : 127);
  }
  for (size_t i = 0; i < length_bytes; ++i) {
    wrap.head[2 + i] = static_cast<char>(static_cast<uint64_t>(size) >> (8 * (length_bytes - 1 - i)));
  }
  wrap.head_size = 2 + length_bytes;
}

}  // namespace

Wrap wrap_for(size_t size, Framing framing) {
  Wrap wrap;
  if (size == 0) return wrap;
  if (framing == Framing::kChunked) wrap_chunk(size, wrap);
  if (framing == Framing::kWebsocket) wrap_message(size, wrap);
  return wrap;
}

}  // namespace flumen
