// What the parser says of a header as soon as it is there, before any of its payload.
#include <cstdio>

#include "core/gdp/parser.h"
#include "core/gdp/recognise.h"

namespace flumen::gdp {

namespace {

std::string first_bytes(const HeaderBytes& bytes) {
  char text[24];
  std::snprintf(text, sizeof text, "%02x %02x %02x %02x", bytes[0], bytes[1], bytes[2], bytes[3]);
  return text;
}

}  // namespace

std::string_view fault_code(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "ok";
    case Fault::kNotGdp:
      return "not-gdp";
    case Fault::kVersion:
      return "bad-version";
    case Fault::kHeaderCrc:
      return "header-crc";
    case Fault::kType:
      return "bad-type";
    case Fault::kLength:
      return "too-long";
    case Fault::kPayloadCrc:
      return "payload-crc";
    case Fault::kTruncatedHeader:
      return "truncated-header";
    case Fault::kTruncatedPayload:
      return "truncated-payload";
    case Fault::kCaps:
      return "bad-caps";
    case Fault::kNoCaps:
      return "no-caps";
    case Fault::kSegment:
      return "bad-segment";
    case Fault::kAfterEos:
      return "after-eos";
  }
  return "";
}

bool Parser::judge_header() {
  if (!judge_version()) return false;
  if ((header_.header_flags & kHasHeaderCrc) != 0) {
    const uint16_t crc = header_crc_of(header_bytes_);
    if (crc != header_.header_crc) {
      return fail(Fault::kHeaderCrc, "the header has checksum " + std::to_string(crc) + ", but says " +
                                         std::to_string(header_.header_crc));
    }
  }
  if (header_.type != kBufferType && header_.type != kCapsType && !header_.is_event()) {
    return fail(Fault::kType, "there is no payload type " + std::to_string(header_.type));
  }
  return judge_length() && judge_place();
}

bool Parser::judge_version() {
  if (header_.is_version(1, 0) || header_.is_version(0, 2)) return true;
  const std::string version = std::to_string(header_.major) + "." + std::to_string(header_.minor);
  if (packets_ == 0) {
    const Recognition found = recognise(header_bytes_);
    if (found == Recognition::kTooOld) {
      return fail(Fault::kVersion, "this is GDP of version " + version + ", older than GStreamer 0.9; " +
                                       "versions 1.0 and 0.2 can be read");
    }
    return fail(Fault::kNotGdp, "this is not GDP: it begins with the bytes " + first_bytes(header_bytes_));
  }
  return fail(Fault::kVersion, "a header has version " + version + "; versions 1.0 and 0.2 can be read. " +
                                   "A byte too many or too few before it has the same effect");
}

bool Parser::judge_length() {
  const bool frame = header_.type == kBufferType;
  const bool caps = header_.type == kCapsType;
  const uint32_t limit = frame ? limits_.frame : caps ? limits_.caps : limits_.event;
  if (header_.length > limit) {
    return fail(Fault::kLength, std::string(frame  ? "a frame"
                                            : caps ? "caps"
                                                   : "an event") +
                                    " of " + std::to_string(header_.length) + " bytes: the limit is " +
                                    std::to_string(limit));
  }
  return header_.length > 0 || !caps || fail(Fault::kCaps, "caps are empty");
}

// Whether such a packet may come here.
bool Parser::judge_place() {
  if (ended_) return fail(Fault::kAfterEos, "a packet follows the end of stream (EOS)");
  if (header_.type == kBufferType && !has_caps_) {
    return fail(Fault::kNoCaps, "a buffer comes before the first caps");
  }
  return true;
}

}  // namespace flumen::gdp
