// What a stream of bytes can be, besides GDP: its names for people, for HTTP and for GStreamer. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace flumen::container {

/// Numbers are the addon's wire format for lib/binding.ts.
enum class Format : uint8_t {
  kGeneric = 0,  // bytes of which nothing is known
  kMpegAudio,
  kAdts,
  kOgg,
  kMatroska,
  kFlv,
  kMpegTs,
  kMp4,
  kAsf,
  kMultipart,
  kH264,
  kH265,
  kWav,
  kFlac,
  kEvents,
};
inline constexpr size_t kFormats = 15;

/// "mp3", "webm"…: as users name it.
std::string_view name_of(Format format);

/// Whether a stream that somebody has joined in the middle can be read on: a relay gets it so.
bool may_begin_anywhere(Format format);

/// What the media type of a request says, parameters and case aside (RFC 9110 §8.3); nothing when it names no
/// format, or one that says too little ("application/octet-stream").
std::optional<Format> format_of_type(std::string_view content_type);

/// The value of a media type's parameter, without its quotes; empty when it is not there.
std::string_view parameter_of(std::string_view content_type, std::string_view name);

}  // namespace flumen::container
