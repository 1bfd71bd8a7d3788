#include "core/container/flv_tag.h"

#include <algorithm>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

// The low nibble of a body's first byte with a four-character code, and that of its second one when several
// tracks are told apart.
constexpr uint8_t kSequenceStart = 0;
constexpr uint8_t kCodedFrames = 1;
constexpr uint8_t kCodedFramesX = 3;
constexpr uint8_t kTransportSequenceStart = 5;
constexpr uint8_t kVideoTracks = 6;
constexpr uint8_t kAudioTracks = 5;

constexpr uint8_t kKeyFrame = 1;

bool has_composition(uint32_t four_cc) {
  return four_cc == 0x68766331 || four_cc == 0x61766331;  // hvc1, avc1
}

int32_t signed24(const uint8_t* at) {
  const auto value = static_cast<int32_t>(be24(at));
  return value < 0x800000 ? value : value - 0x1000000;
}

// Several tracks in one tag are not looked into: there, only a tag of a single track tells which.
struct FourCcBody {
  uint8_t packet = 0;
  uint8_t track = 0;
  uint32_t four_cc = 0;
  size_t at = 0;  // what follows
};

FourCcBody read_four_cc_body(Bytes body, uint8_t tracks) {
  FourCcBody read;
  read.packet = body[0] & 15u;
  if (read.packet != tracks) {
    if (body.size() >= 5) read.four_cc = be32(&body[1]);
    read.at = 5;
  } else if (body.size() >= 7) {
    read.packet = body[1] >> 4 == 0 ? body[1] & 15u : tracks;
    read.four_cc = be32(&body[2]);
    read.track = body[6];
    read.at = 7;
  }
  return read;
}

void read_enhanced_video(Bytes body, FlvTag& tag) {
  const FourCcBody read = read_four_cc_body(body, kVideoTracks);
  tag.track = read.track;
  tag.configures = read.packet == kSequenceStart || read.packet == kTransportSequenceStart;
  const bool coded = read.packet == kCodedFrames || read.packet == kCodedFramesX;
  tag.key = coded && (body[0] >> 4 & 7u) == kKeyFrame && tag.track == 0;
  if (read.packet == kCodedFrames && has_composition(read.four_cc) && body.size() >= read.at + 3) {
    tag.composition = signed24(&body[read.at]);
  }
}

void read_video(Bytes body, FlvTag& tag) {
  if ((body[0] & 0x80u) != 0) return read_enhanced_video(body, tag);
  const uint8_t codec = body[0] & 15u;
  tag.key = body[0] >> 4 == kKeyFrame;
  // AVC, and HEVC where it took its neighbour's place: a type and the composition time.
  constexpr uint8_t kAvc = 7;
  constexpr uint8_t kHevc = 12;
  if ((codec != kAvc && codec != kHevc) || body.size() < 5) return;
  tag.configures = body[1] == 0;
  tag.key = tag.key && body[1] == 1;
  if (body[1] == 1) tag.composition = signed24(&body[2]);
}

void read_audio(Bytes body, FlvTag& tag) {
  constexpr uint8_t kFourCc = 9;
  constexpr uint8_t kAac = 10;
  const uint8_t codec = body[0] >> 4;
  if (codec == kAac) tag.configures = body.size() >= 2 && body[1] == 0;
  if (codec != kFourCc) return;
  const FourCcBody read = read_four_cc_body(body, kAudioTracks);
  tag.track = read.track;
  tag.configures = read.packet == kSequenceStart;
}

}  // namespace

bool plausible_flv_tag(Bytes head) {
  const uint8_t type = head[0] & 0x1fu;
  // Two reserved bits, and a stream id that is always 0.
  return (head[0] & 0xc0u) == 0 && (type == 8 || type == 9 || type == 18) && be24(&head[8]) == 0;
}

FlvTag read_flv_tag(Bytes bytes) {
  FlvTag tag;
  tag.type = static_cast<FlvTag::Type>(bytes[0] & 0x1fu);
  tag.body = be24(&bytes[1]);
  tag.timestamp = static_cast<uint32_t>(bytes[7]) << 24 | be24(&bytes[4]);
  const Bytes behind = bytes.subspan(FlvTag::kHeadBytes);
  const Bytes body = behind.first(std::min(behind.size(), std::min(tag.body, kFlvLookedAt)));
  if (body.empty()) return tag;
  // What is encrypted (the third bit) cannot be looked into.
  if ((bytes[0] & 0x20u) != 0) return tag;
  if (tag.type == FlvTag::Type::kVideo) read_video(body, tag);
  if (tag.type == FlvTag::Type::kAudio) read_audio(body, tag);
  // An AMF string's head, its length, its text.
  if (tag.type == FlvTag::Type::kScript) tag.configures = has_text(body, 1, {"\0\x0aonMetaDa", 11 - 1});
  return tag;
}

bool flv_tail_fits(const FlvTag& tag, uint32_t tail) {
  return tail == FlvTag::kHeadBytes + tag.body || tail == tag.body || tail == 0;
}

}  // namespace flumen::container
