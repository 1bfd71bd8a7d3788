#include "core/container/recognise.h"

#include <algorithm>

#include "core/container/adts.h"
#include "core/container/asf_packet.h"
#include "core/container/bits.h"
#include "core/container/mpeg_audio.h"
#include "core/container/nal.h"

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
  // Eleven bits of sync: little else has to wait for a whole header.
  if (!start.empty() && start[0] != 0xff) return Recognition::kNo;
  if (start.size() > 1 && start[1] < 0xe0) return Recognition::kNo;
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

// Three packets one behind the other.
Recognition mpeg_ts(Bytes start) {
  for (const size_t at : {size_t{0}, size_t{188}, size_t{376}}) {
    if (at >= start.size()) return Recognition::kNeedMore;
    if (start[at] != 0x47) return Recognition::kNo;
  }
  return Recognition::kYes;
}

// A box that files or segments begin with, shorter than 16 MiB.
Recognition mp4(Bytes start) {
  if (!start.empty() && start[0] != 0) return Recognition::kNo;
  Recognition looks = Recognition::kNo;
  for (const std::string_view type : {"ftyp", "styp", "moov", "moof", "sidx", "prft", "emsg"}) {
    looks = either(looks, text_at(start, 4, type));
  }
  return looks;
}

// Bare, or in the first chunk of a stream over HTTP.
Recognition asf(Bytes start) {
  const Recognition chunked = text_at(start, 0, "$H");
  return either(text_at(start, 0, kAsfHeader),
                chunked == Recognition::kYes ? text_at(start, 12, kAsfHeader) : chunked);
}
Recognition flac(Bytes start) { return text_at(start, 0, "fLaC"); }
Recognition wav(Bytes start) {
  const Recognition riff = either(text_at(start, 0, "RIFF"), text_at(start, 0, "RF64"));
  if (riff == Recognition::kNo) return riff;
  return start.size() < 8 ? Recognition::kNeedMore : text_at(start, 8, "WAVE");
}

// A line that can be a boundary's, and one of a part's head.
Recognition multipart(Bytes start) {
  constexpr size_t kMostBoundary = 72;
  const size_t blank = start.size() > 1 && start[0] == '\r' && start[1] == '\n' ? 2 : 0;
  const Recognition dashes = text_at(start, blank, "--");
  if (dashes != Recognition::kYes) return dashes;
  size_t at = blank;
  while (at < start.size() && start[at] > ' ' && start[at] <= '~') ++at;
  if (at - blank > kMostBoundary + 2) return Recognition::kNo;
  if (at == start.size()) return Recognition::kNeedMore;
  const std::string_view line_end = start[at] == '\r' ? "\r\n" : "\n";
  const Recognition ends = text_at(start, at, line_end);
  if (ends != Recognition::kYes) return ends;
  at += line_end.size();
  const Recognition head = either(text_at(start, at, "Content-"), text_at(start, at, "content-"));
  return either(head, text_at(start, at, "CONTENT-"));
}

Recognition events(Bytes start) { return either(text_at(start, 0, "data:"), text_at(start, 0, "event:")); }

// NAL units from the first byte on, a sequence's parameters among them before any picture.
template <NalCodec codec>
Recognition annex_b(Bytes start) {
  if (start.size() < kNalLookedAt) {
    return std::ranges::all_of(start, [](uint8_t byte) { return byte <= 1; }) ? Recognition::kNeedMore
                                                                              : Recognition::kNo;
  }
  size_t at = start[2] == 0 ? 1 : 0;
  if (find_start_code(start.first(at + 3), at) != at) return Recognition::kNo;
  for (std::optional<size_t> next = at; next; next = find_start_code(start, at + 3)) {
    at = *next;
    if (start.size() - at < kNalLookedAt) break;
    const NalHead head = read_nal_head(codec, start.subspan(at));
    // The others of H.265 are what H.264's own look like.
    const bool likely =
        codec == NalCodec::kH264 || (head.type >= 32 && head.type <= 39 && start[at + 4] == 1);
    if (!head.valid || !head.opens || !likely) return Recognition::kNo;
    if (head.parameters) return Recognition::kYes;
  }
  return Recognition::kNeedMore;
}

struct Known {
  Format format;
  Recognition (*looks)(Bytes start);
};

// In this order: what is sure comes first.
constexpr Known kKnown[] = {
    {Format::kOgg, ogg},
    {Format::kMatroska, matroska},
    {Format::kFlv, flv},
    {Format::kMpegTs, mpeg_ts},
    {Format::kMp4, mp4},
    {Format::kAsf, asf},
    {Format::kFlac, flac},
    {Format::kWav, wav},
    {Format::kMultipart, multipart},
    {Format::kEvents, events},
    {Format::kH265, annex_b<NalCodec::kH265>},
    {Format::kH264, annex_b<NalCodec::kH264>},
    {Format::kMpegAudio, mpeg_audio},
    {Format::kAdts, audio_frames<Adts>},
};

// Nothing tells these but their sender.
bool is_told(Format format) { return format == Format::kMultipart || format == Format::kEvents; }

bool begins_somewhere(Format format, Bytes start) {
  for (const Known& known : kKnown) {
    if (known.format != format) continue;
    for (size_t at = 1; at < start.size(); ++at) {
      if (known.looks(start.subspan(at)) == Recognition::kYes) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<Format> recognise(Bytes start, bool whole, std::string_view content_type) {
  start = start.first(std::min(start.size(), kMostSniffed));
  const bool enough = whole || start.size() == kMostSniffed;
  for (const Known& known : kKnown) {
    const Recognition looks = known.looks(start);
    if (looks == Recognition::kYes) return known.format;
    if (looks == Recognition::kNeedMore && !enough) return std::nullopt;
  }
  const Format said = format_of_type(content_type).value_or(Format::kGeneric);
  if (is_told(said)) return said;
  if (!may_begin_anywhere(said)) return Format::kGeneric;
  if (begins_somewhere(said, start)) return said;
  return enough ? std::optional(Format::kGeneric) : std::nullopt;
}

}  // namespace flumen::container
