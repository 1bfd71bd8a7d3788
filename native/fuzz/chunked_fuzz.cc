// The chunked decoder, fed in pieces cut anywhere, against one that sees everything at once. The first byte
// of the input seeds the cuts; the rest is the wire.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/source/body.h"
#include "test/choices.h"
#include "test/naive_body.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  flumen::test::Choices cuts(data[0]);
  const std::string wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  const flumen::test::NaiveBody expected = flumen::test::naive_chunked(wire);

  flumen::BodyDecoder decoder(flumen::BodyFraming::kChunked, 0);
  std::string payload;
  bool finished = false;
  bool bad = false;
  for (size_t at = 0; at < wire.size() && !finished && !bad;) {
    const size_t piece = std::min<size_t>(cuts.between(1, 1 + data[0]), wire.size() - at);
    std::vector<uint8_t> bytes(wire.begin() + static_cast<long>(at),
                               wire.begin() + static_cast<long>(at + piece));
    const flumen::BodyDecoder::Step step = decoder.decode(bytes);
    payload.append(reinterpret_cast<const char*>(bytes.data()), step.payload);
    finished = step.finished;
    bad = step.error != nullptr;
    at += piece;
  }
  if (payload != expected.payload || finished != expected.finished || bad != expected.bad) std::abort();
  if (decoder.body_offset() != expected.used || decoder.may_end() != finished) std::abort();
  return 0;
}
