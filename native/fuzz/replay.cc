// A fuzzer without libFuzzer: what it would be given, once, from the golden files and samples. Each golden
// file as it is, behind every kind of first byte that a fuzzer takes for its choices, and the payload of each
// of its packets alone; each sample of a container as if it were of every format there is.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "test/container_reading.h"
#include "test/golden.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kHeaderBytes = 62;

void give(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

size_t length_at(const std::string& bytes, size_t header) {
  size_t length = 0;
  for (size_t i = header + 6; i < header + 10; ++i) length = length << 8 | static_cast<uint8_t>(bytes[i]);
  return length;
}

size_t give_samples() {
  size_t inputs = 0;
  for (const std::string& name : flumen::test::container_sample_names()) {
    const std::string bytes = flumen::test::container_sample(name);
    for (size_t format = 0; format < flumen::container::kFormats; ++format, ++inputs) {
      give(std::string{static_cast<char>(format), static_cast<char>(inputs)} + bytes);
    }
  }
  return inputs;
}

}  // namespace

int main() {
  size_t inputs = give_samples();
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
  std::printf("%zu inputs\n", inputs);
  return 0;
}
