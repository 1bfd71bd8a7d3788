#include "core/container/recognise.h"

#include <algorithm>

#include "core/container/adts.h"
#include "core/container/bits.h"
#include "core/container/mpeg_audio.h"

namespace flumen::container {

namespace {

// As much of `text` as is there stands at `at`.
Recognition text_at(Bytes start, size_t at, std::string_view text) {
  if (start.size() < at) return Recognition::kNeedMore;
  const std::string_view known = text.substr(0, start.size() - at);
  if (!has_text(start, at, known)) return Recognition::kNo;
  return known.size() == text.size() ? Recognition::kYes : Recognition::kNeedMore;
}

Recognition either(Recognition a, Recognition b) {
  if (a == Recognition::kYes || b == Recognition::kYes) return Recognition::kYes;
  return a == Recognition::kNeedMore ? a : b;
}

// Two frames one behind the other.
template <typename Frames>
Recognition audio_frames(Bytes start) {
  if (start.size() < Frames::kHeaderBytes) return Recognition::kNeedMore;
  const AudioFrame first = Frames::read_header(start);
  if (first.size == 0) return Recognition::kNo;
  if (start.size() < first.size + Frames::kHeaderBytes) return Recognition::kNeedMore;
  const AudioFrame second = Frames::read_header(start.subspan(first.size));
  return second.size > 0 && second.fixed == first.fixed ? Recognition::kYes : Recognition::kNo;
}

Recognition mpeg_audio(Bytes start) {
  return either(text_at(start, 0, "ID3"), audio_frames<MpegAudio>(start));
}

Recognition ogg(Bytes start) { return text_at(start, 0, "OggS"); }
Recognition matroska(Bytes start) { return text_at(start, 0, "\x1a\x45\xdf\xa3"); }
Recognition flv(Bytes start) { return text_at(start, 0, "FLV\x01"); }

struct Known {
  Format format;
  Recognition (*looks)(Bytes start);
};

// In this order: what is sure comes first.
constexpr Known kKnown[] = {
    {Format::kOgg, ogg},
    {Format::kMatroska, matroska},
    {Format::kFlv, flv},
    {Format::kMpegAudio, mpeg_audio},
    {Format::kAdts, audio_frames<Adts>},
};

}  // namespace

std::optional<Format> recognise(Bytes start, bool whole, std::string_view content_type) {
  start = start.first(std::min(start.size(), kMostSniffed));
  const bool enough = whole || start.size() == kMostSniffed;
  for (const Known& known : kKnown) {
    const Recognition looks = known.looks(start);
    if (looks == Recognition::kYes) return known.format;
    if (looks == Recognition::kNeedMore && !enough) return std::nullopt;
  }
  return format_of_type(content_type).value_or(Format::kGeneric);
}

}  // namespace flumen::container
