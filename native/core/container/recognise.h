// Tells by its first bytes what a stream is ("typefind"): they are believed before what its sender says of
// it, for ffmpeg calls everything audio/mpeg. Any thread.
#pragma once

#include <optional>

#include "core/container/parser.h"

namespace flumen::container {

/// More is not looked at.
inline constexpr size_t kMostSniffed = 8 * kKiB;

enum class Recognition : uint8_t { kNo, kNeedMore, kYes };

/// What the stream is that begins with `start`; nothing while that can still come out. `whole`: no more bytes
/// come to help. `content_type`: what the sender says; it decides between what bytes cannot tell apart, and
/// has frames looked for that do not begin at the front.
std::optional<Format> recognise(Bytes start, bool whole, std::string_view content_type);

}  // namespace flumen::container
