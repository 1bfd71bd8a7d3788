// A fuzzer without libFuzzer: what it would be given, once, from the golden files. Each as it is, behind
// every kind of first byte that a fuzzer takes for its choices, and the payload of each of its packets alone;
// or, where FLUMEN_REPLAY_SAMPLES is defined, from the samples of containers, behind the format that they
// are.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "test/golden.h"
#ifdef FLUMEN_REPLAY_SAMPLES
#include "core/container/recognise.h"
#include "test/container_reading.h"
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void give(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

#ifndef FLUMEN_REPLAY_SAMPLES
constexpr size_t kHeaderBytes = 62;

size_t length_at(const std::string& bytes, size_t header) {
  size_t length = 0;
  for (size_t i = header + 6; i < header + 10; ++i) length = length << 8 | static_cast<uint8_t>(bytes[i]);
  return length;
}
#endif

#ifdef FLUMEN_REPLAY_SAMPLES
size_t replay() {
  size_t inputs = 0;
  for (const std::string& name : flumen::test::container_sample_names()) {
    const std::string bytes = flumen::test::container_sample(name);
    const auto format = flumen::container::recognise(
        {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, true, {});
    for (const char cuts : {'\0', '\1', '\2', '\3', '\x7f', '\xff'}) {
      give(static_cast<char>(*format) + (cuts + bytes));
      ++inputs;
    }
  }
  return inputs;
}
#else
size_t replay() {
  size_t inputs = 0;
  for (const std::string& name : flumen::test::golden_names()) {
    const std::string bytes = flumen::test::golden_file(name);
    give(bytes);
    for (const char first : {'\0', '\1', '\2', '\3', '\x7f', '\xff'}) give(first + bytes);
    inputs += 7;
    for (size_t at = 0; at + kHeaderBytes <= bytes.size(); ++inputs) {
      const size_t length = std::min(length_at(bytes, at), bytes.size() - at - kHeaderBytes);
      // Without the NUL.
      give(bytes.substr(at + kHeaderBytes, length > 0 ? length - 1 : 0));
      at += kHeaderBytes + length;
    }
  }
  return inputs;
}
#endif

}  // namespace

int main() {
  std::printf("%zu inputs\n", replay());
  return 0;
}
