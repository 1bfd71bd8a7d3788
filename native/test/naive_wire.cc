#include "test/naive_wire.h"

#include <algorithm>

namespace flumen::test {

namespace {

void decode_chunks(std::string_view bytes, Decoded& out) {
  while (!bytes.empty()) {
    if (out.last_chunk) {
      out.wrong = "bytes behind the last chunk";
      return;
    }
    const size_t line = bytes.find("\r\n");
    const std::string_view digits = bytes.substr(0, line);
    if (digits.empty() || digits.find_first_not_of("0123456789abcdef\r") != digits.npos) {
      out.wrong = "no chunk size";
      return;
    }
    out.whole = line != bytes.npos;
    if (!out.whole) return;
    size_t size = 0;
    for (const char digit : digits)
      size = size * 16 + static_cast<size_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    bytes.remove_prefix(line + 2);
    const std::string_view data = bytes.substr(0, size);
    out.media += data;
    if (size > 0) out.runs.push_back(size);
    bytes.remove_prefix(data.size());
    out.whole = data.size() == size && bytes.size() >= 2;
    if (!std::string_view("\r\n").starts_with(bytes.substr(0, 2))) out.wrong = "no CRLF behind a chunk";
    if (!out.whole || !out.wrong.empty()) return;
    bytes.remove_prefix(2);
    out.last_chunk = size == 0;
  }
}

void decode_messages(std::string_view bytes, Decoded& out) {
  while (!bytes.empty()) {
    if (bytes[0] != '\x82') {
      out.wrong = "no binary message";
      return;
    }
    const size_t code = bytes.size() < 2 ? 0 : static_cast<unsigned char>(bytes[1]);
    const size_t length_bytes = code == 126 ? 2 : code == 127 ? 8 : 0;
    out.whole = bytes.size() >= 2 + length_bytes;
    if (!out.whole) return;
    size_t size = length_bytes > 0 ? 0 : code;
    for (size_t i = 0; i < length_bytes; ++i) size = size << 8 | static_cast<unsigned char>(bytes[2 + i]);
    bytes.remove_prefix(2 + length_bytes);
    const std::string_view data = bytes.substr(0, size);
    out.media += data;
    out.runs.push_back(size);
    out.whole = data.size() == size;
    bytes.remove_prefix(data.size());
  }
}

void decode_icy(std::string_view bytes, size_t interval, Decoded& out) {
  for (;;) {
    const std::string_view data = bytes.substr(0, interval);
    out.media += data;
    bytes.remove_prefix(data.size());
    if (bytes.empty()) return;
    const size_t size = static_cast<unsigned char>(bytes[0]) * size_t{16};
    out.whole = bytes.size() > size;
    if (!out.whole) return;
    std::string_view text = bytes.substr(1, size);
    if (const size_t end = text.find('\0'); end != text.npos) {
      if (text.find_first_not_of('\0', end) != text.npos) out.wrong = "a block that goes on behind a NUL";
      text = text.substr(0, end);
    }
    out.blocks.emplace_back(out.media.size(), text);
    bytes.remove_prefix(1 + size);
  }
}

}  // namespace

Decoded naive_decode(Framing framing, std::string_view bytes, size_t interval) {
  Decoded out;
  out.media.reserve(bytes.size());
  if (framing == Framing::kChunked) {
    decode_chunks(bytes, out);
  } else if (framing == Framing::kWebsocket) {
    decode_messages(bytes, out);
  } else if (framing == Framing::kIcy) {
    decode_icy(bytes, interval, out);
  } else {
    out.media = bytes;
  }
  return out;
}

}  // namespace flumen::test
