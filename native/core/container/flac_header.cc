#include <bit>
#include <iterator>

#include "core/container/bits.h"
#include "core/container/flac.h"

namespace flumen::container {

namespace {

// §9.1.1: two kinds of 16 behind the sync code have their number at the end of the header.
uint32_t flac_samples(unsigned code) {
  if (code == 1) return 192;
  if (code >= 2 && code <= 5) return 144u << code;
  return code >= 8 ? 1u << code : 0;
}

uint32_t flac_rate(unsigned code) {
  constexpr uint32_t kRates[] = {0,      88'200, 176'400, 192'000, 8'000,  16'000,
                                 22'050, 24'000, 32'000,  44'100,  48'000, 96'000};
  return code < std::size(kRates) ? kRates[code] : 0;
}

// Sync code, and nothing that is reserved or forbidden.
bool may_be_flac(Bytes bytes) {
  const bool sync = bytes[0] == 0xff && (bytes[1] & 0xfe) == 0xf8;
  const unsigned bits = bytes[3] >> 1 & 7u;
  return sync && bytes[2] >> 4 != 0 && (bytes[2] & 15) != 15 && bytes[3] >> 4 <= 10 && bits != 3 &&
         (bytes[3] & 1) == 0;
}

}  // namespace

FlacHeader read_flac_header(Bytes bytes) {
  constexpr size_t kFixed = 4;
  FlacHeader header;
  if (bytes.size() <= kFixed) {
    // The sync code at least tells whether it is worth waiting for.
    if (!bytes.empty() && bytes[0] != 0xff) return header;
    if (bytes.size() > 1 && (bytes[1] & 0xfe) != 0xf8) return header;
    header.need = kFixed + 1;
    return header;
  }
  if (!may_be_flac(bytes)) return header;
  // A number as UTF-8 has them, of up to 36 bits.
  const auto ones = static_cast<size_t>(std::countl_one(bytes[kFixed]));
  if (ones == 1 || ones > 7) return header;
  const size_t number_bytes = ones == 0 ? 1 : ones;
  const unsigned samples = bytes[2] >> 4;
  const unsigned rate = bytes[2] & 15u;
  const size_t samples_at = kFixed + number_bytes;
  const size_t rate_at = samples_at + (samples == 6 ? 1 : samples == 7 ? 2 : 0);
  const size_t crc_at = rate_at + (rate == 12 ? 1 : rate >= 13 ? 2 : 0);
  if (bytes.size() <= crc_at) {
    header.need = crc_at + 1;
    return header;
  }
  FlacCrc8 crc;
  crc.add(bytes.first(crc_at + 1));
  if (crc.value() != 0) return header;
  header.number = ones == 0 ? bytes[kFixed] : bytes[kFixed] & (0x7fu >> ones);
  for (size_t i = 1; i < number_bytes; ++i) header.number = header.number << 6 | (bytes[kFixed + i] & 63u);
  header.by_samples = (bytes[1] & 1) != 0;
  header.samples = samples == 6   ? bytes[samples_at] + 1u
                   : samples == 7 ? be16(bytes.data() + samples_at) + 1
                                  : flac_samples(samples);
  header.rate = rate == 12   ? bytes[rate_at] * 1'000u
                : rate == 13 ? be16(bytes.data() + rate_at)
                : rate == 14 ? be16(bytes.data() + rate_at) * 10
                             : flac_rate(rate);
  header.valid = true;
  return header;
}

}  // namespace flumen::container
