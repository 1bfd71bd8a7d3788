// The GDP parser, fed in pieces cut anywhere, against itself fed at once: the same packets, the same end, and
// never more memory than a fixed multiple of what came. The first byte seeds the cuts; the rest is the wire.
#include <cstdlib>
#include <string>

#include "core/gdp/recognise.h"
#include "test/choices.h"
#include "test/gdp_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flumen::test;
  if (size == 0) return 0;
  Choices cuts(data[0]);
  // Half the time behind a good start, so that the rest is not refused for want of one.
  const bool started = data[0] % 2 == 1;
  const std::string tail(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string wire = started ? gdp_start() + tail : tail;
  const GdpReading whole = read_gdp_at_once(wire);
  const auto piece = [&](size_t) { return cuts.between(1, 1 + data[0]); };
  if (!(read_gdp(wire, piece, data[0] % 4 < 2) == whole)) std::abort();
  if (whole.ok && whole.offset != wire.size()) std::abort();

  GdpReader reader(true, {});
  reader.feed({reinterpret_cast<const uint8_t*>(wire.data()), wire.size()});
  constexpr int64_t kSlack = 300 * 1024;
  if (reader.peak_bytes() > kSlack + static_cast<int64_t>(4 * wire.size())) std::abort();
  (void)flumen::gdp::recognise({data, size});
  return 0;
}
