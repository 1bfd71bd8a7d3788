#include "core/container/adts.h"

#include <iterator>

#include "core/container/bits.h"

namespace flumen::container {

AudioFrame Adts::read_header(Bytes bytes) {
  constexpr uint32_t kRates[] = {96'000, 88'200, 64'000, 48'000, 44'100, 32'000, 24'000,
                                 22'050, 16'000, 12'000, 11'025, 8'000,  7'350};
  constexpr uint32_t kSamples = 1'024;
  // Twelve bits of sync, and two for a layer that is none.
  if ((be16(bytes.data()) & 0xfff6) != 0xfff0) return {};
  const size_t rate = bytes[2] >> 2 & 15u;
  const size_t size = (bytes[3] & 3u) << 11 | static_cast<size_t>(bytes[4]) << 3 | bytes[5] >> 5;
  if (rate >= std::size(kRates) || size < kHeaderBytes) return {};
  const uint32_t blocks = (bytes[6] & 3u) + 1;
  // Version, profile, rate and channels stay; the private bit between them may not.
  const uint32_t fixed = (be32(bytes.data()) & 0xfffefdc0) >> 6;
  return {size, blocks * kSamples, kRates[rate], fixed};
}

std::string Adts::caps() const {
  return "audio/mpeg, mpegversion=(int)4, stream-format=(string)adts, framed=(boolean)true, rate=(int)" +
         std::to_string(rate());
}

}  // namespace flumen::container
