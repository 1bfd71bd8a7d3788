// A chunked body taken apart the slow way, all at once: what the incremental decoder is held against. RFC
// 9112 §7.1, with the decoder's own limits (1 GiB a chunk, 4 KiB a line).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flumen::test {

struct NaiveBody {
  std::string payload;
  bool finished = false;
  bool bad = false;
  size_t used = 0;  // bytes of the input that belong to the body; with `bad`, those before the offending one
};

NaiveBody naive_chunked(std::string_view wire);

}  // namespace flumen::test
