#include "core/container/ogg.h"

#include <algorithm>
#include <utility>

namespace flumen::container {

namespace {

constexpr size_t kMostOggStreams = 32;

OggStream* stream_of(std::vector<OggStream>& streams, uint32_t serial) {
  const auto found = std::ranges::find(streams, serial, &OggStream::serial);
  return found == streams.end() ? nullptr : &*found;
}

FrameInfo ogg_info(uint8_t flags) {
  FrameInfo info;
  info.flags = flags;
  return info;
}

}  // namespace

Step Ogg::next(Bytes bytes) {
  if (scanned_ > 0) return group(bytes);
  const OggLook look = look_for_ogg_page(bytes);
  if (look.why != nullptr) return Step::broken(next_ogg_page(bytes), look.why);
  if (!look.known) return Step::need(look.size);
  return look.page.begins() ? group(bytes) : data(look.page, look.size);
}

Step Ogg::last(Bytes bytes) {
  scanned_ = 0;
  begun_.clear();
  return Parser::last(bytes);
}

// The headers are handed on when what follows them is known to be none of them: nobody can use them before.
Step Ogg::group(Bytes bytes) {
  while (scanned_ <= kMostHeaders) {
    const Bytes rest = bytes.subspan(scanned_);
    if (rest.size() < OggPage::kHeaderBytes) return Step::need(scanned_ + OggPage::kHeaderBytes);
    OggPage page;
    if (!read_ogg_header(rest, page)) return end_group(bytes);
    OggStream* const stream = stream_of(begun_, page.serial);
    const bool ends = !page.begins() && (stream == nullptr || !stream->is_header(page));
    if (ends) return end_group(bytes);
    const OggLook look = look_for_ogg_page(rest);
    if (look.why != nullptr) return end_group(bytes);
    if (!look.known) return Step::need(scanned_ + look.size);
    if (!take_page(look.page)) return drop_group("too many streams");
    scanned_ += look.size;
  }
  return drop_group("headers are longer than 4 MiB");
}

bool Ogg::take_page(const OggPage& page) {
  OggStream* const stream = stream_of(begun_, page.serial);
  if (!page.begins()) {
    stream->take_header(page);
  } else if (stream != nullptr) {
    *stream = OggStream(page);
  } else {
    begun_.emplace_back(page);
  }
  return begun_.size() <= kMostOggStreams;
}

Step Ogg::end_group(Bytes bytes) {
  if (!std::ranges::all_of(begun_, &OggStream::complete)) return drop_group("headers are missing");
  streams_ = std::exchange(begun_, {});
  choose();
  clock_.restart();
  const bool first = headers_.all().empty();
  const size_t size = std::exchange(scanned_, 0);
  headers_.clear();
  headers_.add(bytes.first(size));
  // Later ones may be equal to those before, and must come nevertheless.
  return first ? Step::header(size)
               : Step::frame(size, ogg_info(FrameFlags::kDelta | FrameFlags::kHeadersInside));
}

// What follows is no stream that anybody could start with.
Step Ogg::drop_group(const char* why) {
  begun_.clear();
  streams_.clear();
  leader_ = nullptr;
  return Step::broken(std::exchange(scanned_, 0), why);
}

void Ogg::choose() {
  const auto found = std::ranges::find_if(streams_, &OggStream::is_video);
  leader_ = found == streams_.end() ? nullptr : &*found;
}

Step Ogg::data(const OggPage& page, size_t size) {
  OggStream* const stream = stream_of(streams_, page.serial);
  if (stream == nullptr) return Step::frame(size, ogg_info(FrameFlags::kDelta));
  FrameInfo info = stream->time(page);
  info.dts = clock_.meet(info.pts);
  const bool leads = leader_ == nullptr || leader_ == stream;
  if (!leads || !stream->is_start(page)) info.flags = FrameFlags::kDelta;
  return Step::frame(size, info);
}

std::string Ogg::content_type() const {
  if (leader_ != nullptr) return "video/ogg";
  const bool audio = std::ranges::any_of(
      streams_, [](const OggStream& stream) { return stream.is_data() && stream.is_known(); });
  return audio ? "audio/ogg" : "application/ogg";
}

}  // namespace flumen::container
