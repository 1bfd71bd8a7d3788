#include "core/container/format.h"

#include <algorithm>
#include <array>

namespace flumen::container {

namespace {

constexpr std::array<std::string_view, kFormats> kNames{"generic", "mp3",    "aac", "ogg",  "webm",
                                                        "flv",     "mpegts", "mp4", "asf",  "multipart",
                                                        "h264",    "h265",   "wav", "flac", "sse"};

struct Type {
  std::string_view type;
  Format format;
};

constexpr Type kTypes[] = {
    {"audio/mpeg", Format::kMpegAudio},
    {"audio/mp3", Format::kMpegAudio},
    {"audio/x-mpeg", Format::kMpegAudio},
    {"audio/aac", Format::kAdts},
    {"audio/aacp", Format::kAdts},
    {"audio/x-aac", Format::kAdts},
    {"application/ogg", Format::kOgg},
    {"audio/ogg", Format::kOgg},
    {"video/ogg", Format::kOgg},
    {"audio/webm", Format::kMatroska},
    {"video/webm", Format::kMatroska},
    {"audio/x-matroska", Format::kMatroska},
    {"video/x-matroska", Format::kMatroska},
    {"video/x-flv", Format::kFlv},
    {"video/flv", Format::kFlv},
    {"video/mp2t", Format::kMpegTs},
    {"video/mpegts", Format::kMpegTs},
    {"audio/mp4", Format::kMp4},
    {"video/mp4", Format::kMp4},
    {"video/iso.segment", Format::kMp4},
    {"video/quicktime", Format::kMp4},
    {"audio/x-m4a", Format::kMp4},
    {"video/x-ms-asf", Format::kAsf},
    {"video/x-ms-wmv", Format::kAsf},
    {"audio/x-ms-wma", Format::kAsf},
    {"application/vnd.ms-asf", Format::kAsf},
    {"multipart/x-mixed-replace", Format::kMultipart},
    {"video/h264", Format::kH264},
    {"video/x-h264", Format::kH264},
    {"video/h265", Format::kH265},
    {"video/x-h265", Format::kH265},
    {"audio/wav", Format::kWav},
    {"audio/wave", Format::kWav},
    {"audio/x-wav", Format::kWav},
    {"audio/vnd.wave", Format::kWav},
    {"audio/flac", Format::kFlac},
    {"audio/x-flac", Format::kFlac},
    {"text/event-stream", Format::kEvents},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_text(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Cuts off what stands before the next `separator` outside quotes.
std::string_view part_of(std::string_view& rest, char separator) {
  bool quoted = false;
  size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != separator); ++end) {
    if (rest[end] == '"') quoted = !quoted;
  }
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return part;
}

}  // namespace

std::string_view name_of(Format format) { return kNames[static_cast<size_t>(format)]; }

bool may_begin_anywhere(Format format) {
  return format == Format::kMpegAudio || format == Format::kAdts || format == Format::kMpegTs;
}

std::optional<Format> format_of_type(std::string_view content_type) {
  const std::string_view type = trimmed(part_of(content_type, ';'));
  for (const Type& known : kTypes) {
    if (same_text(known.type, type)) return known.format;
  }
  return std::nullopt;
}

std::string_view parameter_of(std::string_view content_type, std::string_view name) {
  part_of(content_type, ';');
  while (!content_type.empty()) {
    std::string_view value = part_of(content_type, ';');
    const std::string_view key = trimmed(part_of(value, '='));
    value = trimmed(value);
    if (!same_text(key, name)) continue;
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return {};
}

}  // namespace flumen::container
