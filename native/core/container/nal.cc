#include "core/container/nal.h"

#include "core/container/bits.h"

namespace flumen::container {

namespace {

NalHead read_h264_head(const uint8_t* nal) {
  NalHead head;
  head.type = nal[0] & 0x1fu;
  const uint32_t reference = nal[0] >> 5 & 3u;
  const bool must_be_used = head.type == 5 || head.type == 7 || head.type == 8;
  const bool must_not = head.type == 6 || (head.type >= 9 && head.type <= 12);
  head.valid = (nal[0] & 0x80u) == 0 && head.type != 0 && !(must_be_used && reference == 0) &&
               !(must_not && reference != 0);
  head.picture = head.type >= 1 && head.type <= 5;
  const bool has_place = head.type <= 2 || head.type == 5;
  // Its first macroblock is number 0: a single bit.
  head.first = head.picture && has_place && (nal[1] & 0x80u) != 0;
  head.opens = (head.type >= 6 && head.type <= 9) || (head.type >= 14 && head.type <= 18);
  head.parameters = head.type == 7 || head.type == 8 || head.type == 13 || head.type == 15;
  head.entry = head.type == 5;
  // Behind that bit the type of the slice, 2 or 7.
  head.intra = head.first && (nal[1] == 0x88 || nal[1] >> 4 == 0xb);
  return head;
}

NalHead read_h265_head(const uint8_t* nal) {
  NalHead head;
  head.type = nal[0] >> 1 & 0x3fu;
  const uint32_t layer = (nal[0] & 1u) << 5 | nal[1] >> 3;
  head.valid = (nal[0] & 0x80u) == 0 && (nal[1] & 7u) != 0;
  head.picture = head.type < 32;
  head.first = head.picture && layer == 0 && (nal[2] & 0x80u) != 0;
  head.parameters = head.type >= 32 && head.type <= 34;
  const bool reserved = (head.type >= 41 && head.type <= 44) || (head.type >= 48 && head.type <= 55);
  head.opens = layer == 0 && (head.parameters || head.type == 35 || head.type == 39 || reserved);
  head.entry = head.type >= 16 && head.type <= 21;
  return head;
}

// Bits of a NAL unit, without the bytes that keep start codes out of it.
class NalBits {
 public:
  explicit NalBits(Bytes nal) : nal_(nal) {}

  uint32_t bits(uint32_t count) {
    uint32_t value = 0;
    while (count-- > 0) value = value << 1 | bit();
    return value;
  }
  void skip(uint32_t count) {
    while (count-- > 0) bit();
  }
  /// Exp-Golomb, up to 16 bits of them (9.1).
  uint32_t golomb() {
    uint32_t zeros = 0;
    while (zeros < 16 && bit() == 0) ++zeros;
    return (1u << zeros) - 1 + bits(zeros);
  }

 private:
  uint32_t bit() {
    if (left_ == 0) {
      if (at_ >= 2 && at_ < nal_.size() && nal_[at_] == 3 && nal_[at_ - 1] == 0 && nal_[at_ - 2] == 0) ++at_;
      byte_ = at_ < nal_.size() ? nal_[at_] : 0;
      ++at_;
      left_ = 8;
    }
    return byte_ >> --left_ & 1u;
  }

  Bytes nal_;
  size_t at_ = 0;
  uint32_t byte_ = 0;
  uint32_t left_ = 0;
};

uint32_t h264_parameter_id(uint8_t type, NalBits bits) {
  bits.skip(8);
  // A profile, its constraints, a level.
  if (type == 7 || type == 15) bits.skip(24);
  return bits.golomb();
}

uint32_t h265_parameter_id(uint8_t type, NalBits bits) {
  constexpr uint8_t kVideo = 32;
  constexpr uint8_t kSequence = 33;
  bits.skip(16);
  if (type == kVideo) return bits.bits(4);
  if (type != kSequence) return bits.golomb();
  bits.skip(4);
  const uint32_t layers = bits.bits(3);
  bits.skip(1);
  // profile_tier_level (7.3.3): the general one, then what of the sub-layers is there.
  bits.skip(96);
  bool profiles[8] = {};
  bool levels[8] = {};
  for (uint32_t i = 0; i < layers; ++i) {
    profiles[i] = bits.bits(1) != 0;
    levels[i] = bits.bits(1) != 0;
  }
  if (layers > 0) bits.skip(2 * (8 - layers));
  for (uint32_t i = 0; i < layers; ++i) bits.skip((profiles[i] ? 88 : 0) + (levels[i] ? 8 : 0));
  return bits.golomb();
}

}  // namespace

NalHead read_nal_head(NalCodec codec, Bytes bytes) {
  return codec == NalCodec::kH264 ? read_h264_head(&bytes[3]) : read_h265_head(&bytes[3]);
}

std::optional<size_t> find_start_code(Bytes bytes, size_t from) {
  // Most bytes are more than 1, and then none of three can be a code's last.
  while (from + 3 <= bytes.size()) {
    const uint8_t third = bytes[from + 2];
    if (third > 1) {
      from += 3;
    } else if (third == 1 && bytes[from] == 0 && bytes[from + 1] == 0) {
      return from;
    } else {
      ++from;
    }
  }
  return std::nullopt;
}

uint32_t parameter_slot(NalCodec codec, Bytes nal) {
  const bool h264 = codec == NalCodec::kH264;
  const uint8_t type = h264 ? nal[0] & 0x1f : nal[0] >> 1 & 0x3f;
  // What extends a sequence comes before the pictures' own.
  const uint32_t rank = h264 && type == 8 ? 0x20 : type;
  return rank << 20 | (h264 ? h264_parameter_id(type, NalBits(nal)) : h265_parameter_id(type, NalBits(nal)));
}

}  // namespace flumen::container
