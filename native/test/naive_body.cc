#include "test/naive_body.h"

#include <cctype>
#include <cstdlib>

namespace flumen::test {

namespace {

constexpr size_t kMaxLine = 4096;
constexpr uint64_t kMaxChunk = uint64_t{1} << 30;

bool stop_at(NaiveBody& body, size_t at) {
  body.bad = true;
  body.used = at;
  return false;
}

// "size [extension] CRLF"; false when the input ends first or is wrong.
bool size_line(std::string_view wire, size_t& at, uint64_t& size, NaiveBody& body) {
  const size_t start = at;
  size = 0;
  for (; at < wire.size() && std::isxdigit(static_cast<unsigned char>(wire[at])) != 0; ++at) {
    if (at - start >= kMaxLine) return stop_at(body, at);
    const char digit[2] = {wire[at], 0};
    size = size * 16 + std::strtoul(digit, nullptr, 16);
    if (size > kMaxChunk) return stop_at(body, at);
  }
  if (at == wire.size()) return false;
  if (at - start >= kMaxLine) return stop_at(body, at);
  if (at == start || std::string_view("; \t\r").find(wire[at]) == std::string_view::npos)
    return stop_at(body, at);
  for (; at < wire.size() && wire[at] != '\r'; ++at) {
    if (at - start >= kMaxLine || wire[at] == '\n') return stop_at(body, at);
  }
  if (at == wire.size()) return false;
  if (at - start >= kMaxLine) return stop_at(body, at);
  if (++at == wire.size()) return false;
  if (wire[at] != '\n') return stop_at(body, at);
  ++at;
  return true;
}

bool crlf(std::string_view wire, size_t& at, NaiveBody& body) {
  for (const char want : {'\r', '\n'}) {
    if (at == wire.size()) return false;
    if (wire[at] != want) return stop_at(body, at);
    ++at;
  }
  return true;
}

// Lines up to an empty one; together no longer than a line may be.
bool trailer(std::string_view wire, size_t& at, NaiveBody& body) {
  size_t counted = 0;
  for (bool text = true; text;) {
    text = false;
    for (;; ++at) {
      if (at == wire.size()) return false;
      if (++counted > kMaxLine) return stop_at(body, at);
      if (wire[at] == '\r') break;
      text = true;
    }
    if (++at == wire.size()) return false;
    if (wire[at] != '\n') return stop_at(body, at);
    ++at;
  }
  return true;
}

}  // namespace

NaiveBody naive_chunked(std::string_view wire) {
  NaiveBody body;
  size_t at = 0;
  for (;;) {
    uint64_t size = 0;
    if (!size_line(wire, at, size, body)) break;
    if (size == 0) {
      body.finished = trailer(wire, at, body);
      break;
    }
    const size_t here = static_cast<size_t>(size < wire.size() - at ? size : wire.size() - at);
    body.payload += wire.substr(at, here);
    at += here;
    if (here < size || !crlf(wire, at, body)) break;
  }
  if (!body.bad) body.used = at;
  return body;
}

}  // namespace flumen::test
