// libFuzzer target: a stream in a container, in any pieces. Whoever was there from the start has every byte,
// a stream starts where it started when it came whole, and what is kept stays small. FLUMEN_FUZZ_FORMAT names
// the format; without it the first byte does.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "test/choices.h"
#include "test/container_reading.h"

using namespace flumen;
using namespace flumen::test;
using container::Format;

namespace {

// A unit that is asked for twice over, and its headers.
constexpr size_t kMostKept = 2 * container::kMostUnit + 3 * container::kMostHeaders;

Format format_named(std::string_view name) {
  for (size_t i = 0; i < container::kFormats; ++i) {
    if (container::name_of(static_cast<Format>(i)) == name) return static_cast<Format>(i);
  }
  return Format::kGeneric;
}

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kChoiceBytes = 2;
  if (size <= kChoiceBytes) return 0;
  static const char* const named = std::getenv("FLUMEN_FUZZ_FORMAT");
  const auto first = static_cast<Format>(data[0] % container::kFormats);
  const Format format = named != nullptr ? format_named(named) : first;
  Choices choices(data[1]);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + kChoiceBytes, size - kChoiceBytes);
  const std::string_view type = "multipart/x-mixed-replace; boundary=b";

  const ContainerReading whole = read_container(
      format, bytes, [&](size_t) { return bytes.size(); }, type);
  must(whole.frames.empty() || whole.from_start() == bytes, "bytes differ");
  must(whole.most_memory <= kMostKept, "it keeps too much");
  // One by one only where there are not too many.
  const size_t most = choices.one_in(4) && bytes.size() < 4 * kKiB ? 1 : choices.between(2, 2'000);
  const auto piece = [&](size_t) { return choices.between(1, most); };
  const ContainerReading cut = read_container(format, bytes, piece, type);
  must(cut.frames.empty() == whole.frames.empty(), "frames or none");
  must(cut.frames.empty() || cut.from_start() == bytes, "bytes differ in pieces");
  // Bytes of which nothing is known may begin anywhere: with each piece.
  must(format == Format::kGeneric || cut.starts() == whole.starts(), "starts differ in pieces");
  return 0;
}
