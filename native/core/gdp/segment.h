// SEGMENT: what turns timestamps into running time, as plain numbers and as the structure that travels. Any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/gdp/header.h"
#include "core/gdp/value.h"

namespace flumen::gdp {

/// GstFormat.
enum class Format : uint8_t { kUndefined, kDefault, kBytes, kTime, kBuffers, kPercent };

std::string_view format_name(Format format);
/// "time", "GST_FORMAT_TIME" or the number.
std::optional<Format> format_of(std::string_view text);

/// Whether GStreamer knows what stands in a (GstStreamFlags) or (GstSegmentFlags): names or nicks joined by
/// "+", or a number.
bool is_stream_flags(std::string_view text);
bool is_segment_flags(std::string_view text);

struct Segment {
  std::string flags = "GST_SEGMENT_FLAG_NONE";
  double rate = 1;
  double applied_rate = 1;
  Format format = Format::kTime;
  uint64_t base = 0;  // these in the format's unit, kNoValue where there is none
  uint64_t offset = 0;
  uint64_t start = 0;
  uint64_t stop = kNoValue;
  uint64_t time = 0;
  uint64_t position = 0;
  uint64_t duration = kNoValue;
};

/// The structure of a SEGMENT event.
Structure segment_structure(const Segment& segment);

/// From the structure of a SEGMENT event, all eleven fields of which must be there. False: `why`.
bool read_segment(const Structure& event, Segment* segment, std::string* why);
/// The same from the structure inside the field.
bool read_segment_fields(const Structure& inner, Segment* segment, std::string* why);

}  // namespace flumen::gdp
