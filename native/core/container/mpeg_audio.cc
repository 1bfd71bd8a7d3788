#include "core/container/mpeg_audio.h"

#include "core/container/bits.h"

namespace flumen::container {

namespace {

// kbit/s by layer (1 to 3) and index, for MPEG 1, and for MPEG 2 and 2.5 (ISO 11172-3 2.4.2.3, ISO 13818-3).
constexpr uint32_t kRates1[3][15] = {{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
                                     {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
                                     {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}};
constexpr uint32_t kRates2[2][15] = {{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
                                     {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}};
constexpr uint32_t kSampleRates[3] = {44'100, 48'000, 32'000};

// The two bits of the version.
constexpr uint32_t kMpeg25 = 0;
constexpr uint32_t kReserved = 1;
constexpr uint32_t kMpeg1 = 3;

// Of a header: sync, version, layer, sample rate.
constexpr uint32_t kFixed = 0xfffe0c00;

}  // namespace

AudioFrame MpegAudio::read_header(Bytes bytes) {
  const uint32_t header = be32(bytes.data());
  const uint32_t version = header >> 19 & 3;
  const uint32_t layer = 4 - (header >> 17 & 3);
  const uint32_t rate_index = header >> 12 & 15;
  const uint32_t sample_index = header >> 10 & 3;
  // Index 0 is "free format", of which no header says how long it is.
  const bool valid = header >> 21 == 0x7ff && version != kReserved && layer <= 3 && rate_index >= 1 &&
                     rate_index <= 14 && sample_index <= 2 && (header & 3) != 2;
  if (!valid) return {};
  const uint32_t rate = kSampleRates[sample_index] >> (version == kMpeg1 ? 0 : version == kMpeg25 ? 2 : 1);
  const uint32_t bits =
      1'000 * (version == kMpeg1 ? kRates1[layer - 1][rate_index] : kRates2[layer == 1 ? 0 : 1][rate_index]);
  const uint32_t padding = header >> 9 & 1;
  const uint32_t samples = layer == 1 ? 384 : layer == 3 && version != kMpeg1 ? 576 : 1'152;
  const size_t size = layer == 1 ? (12 * bits / rate + padding) * 4 : samples / 8 * bits / rate + padding;
  return {size, samples, rate, header & kFixed};
}

bool MpegAudio::is_info(Bytes frame) const {
  // Where the side information of layer III ends: Xing's, or always at 36: Fraunhofer's.
  const uint32_t header = be32(frame.data());
  const bool mpeg1 = (header >> 19 & 3) == kMpeg1;
  const bool mono = (header >> 6 & 3) == 3;
  const size_t at = kHeaderBytes + (mpeg1 ? (mono ? 17 : 32) : (mono ? 9 : 17));
  return has_text(frame, at, "Xing") || has_text(frame, at, "Info") || has_text(frame, 36, "VBRI");
}

std::string MpegAudio::caps() const {
  const uint32_t version = fixed() >> 19 & 3;
  return "audio/mpeg, mpegversion=(int)1, mpegaudioversion=(int)" +
         std::to_string(version == kMpeg1    ? 1
                        : version == kMpeg25 ? 3
                                             : 2) +
         ", layer=(int)" + std::to_string(4 - (fixed() >> 17 & 3)) + ", parsed=(boolean)true, rate=(int)" +
         std::to_string(rate());
}

}  // namespace flumen::container
