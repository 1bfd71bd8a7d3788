// The parsers of containers: whatever comes, in whatever pieces, receivers from the start have all of it, and
// the places to start with are the same. FLUMEN_FUZZ_FORMAT names the format; without it the first byte of
// the input does. The next byte seeds the cuts; the rest is the stream.
#include <cstdlib>
#include <optional>
#include <string_view>

#include "test/choices.h"
#include "test/container_reading.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace flumen;
using container::Format;

std::optional<Format> format_in_environment() {
  const char* const name = std::getenv("FLUMEN_FUZZ_FORMAT");
  if (name == nullptr) return std::nullopt;
  for (size_t i = 0; i < container::kFormats; ++i) {
    if (container::name_of(static_cast<Format>(i)) == name) return static_cast<Format>(i);
  }
  std::abort();
}

void must(bool holds) {
  if (!holds) std::abort();
}

void read(Format format, uint8_t seed, std::string_view stream) {
  const test::ContainerReading whole = test::read_container(format, stream);
  test::Choices choices(seed);
  const size_t most = choices.between(1, size_t{1} << choices.between(0, 12));
  const auto piece = [&](size_t) { return choices.between(1, most); };
  const test::ContainerReading cut = test::read_container(format, stream, piece);
  must(whole.frames.empty() || whole.from_start() == stream);
  must(whole.frames.empty() || cut.from_start() == stream);
  must(whole.starts() == cut.starts());
  const size_t bound = 256 * kKiB + 4 * stream.size();
  must(whole.most_memory <= bound && cut.most_memory <= bound);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::optional<Format> only = format_in_environment();
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < 2) return 0;
  Format format = only.value_or(Format::kGeneric);
  if (!only) {
    format = static_cast<Format>(data[0] % container::kFormats);
    input.remove_prefix(1);
  }
  read(format, static_cast<uint8_t>(input[0]), input.substr(1));
  return 0;
}
