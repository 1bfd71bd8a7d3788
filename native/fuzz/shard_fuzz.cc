// The simulation's operations, decided by the fuzzer's bytes and held against the same model.
#include <cstdio>
#include <cstdlib>

#include "test/world.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  flumen::test::Choices choices(std::span<const uint8_t>(data, size));
  flumen::test::World world(choices, std::getenv("FLUMEN_TRACE") != nullptr);
  if (!world.run()) {
    for (const std::string& problem : world.problems()) std::fprintf(stderr, "%s\n", problem.c_str());
    std::abort();
  }
  return 0;
}
