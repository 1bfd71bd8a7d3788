// Streams made of the input's choices: what the encoder accepts, the parser gives back the same.
#include <cstdlib>
#include <span>

#include "test/choices.h"
#include "test/gdp_values.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  flumen::test::Choices choices(std::span<const uint8_t>(data, size));
  const flumen::test::GdpMade made = flumen::test::make_gdp_stream(choices);
  const flumen::test::GdpReading reading = flumen::test::read_gdp_at_once(made.wire);
  if (!reading.ok || reading.lines != made.lines) std::abort();
  return 0;
}
