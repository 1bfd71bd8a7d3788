// Fragmented MP4, CMAF (ISO 14496-12, ISO 23000-19): what stands before the first fragment are the headers of
// the stream; a unit is a fragment, with what announces it. A start is one whose first picture needs no
// other.
#pragma once

#include "core/container/mp4_tracks.h"

namespace flumen::container {

class Mp4 final : public Parser {
 public:
  Step next(Bytes bytes) override;
  std::string caps() const override { return "video/quicktime, variant=(string)iso-fragmented"; }
  std::string content_type() const override {
    return tracks_.known() && !tracks_.has_video() ? "audio/mp4" : "video/mp4";
  }

 private:
  Step header(Bytes bytes, const Mp4Box& box);
  Step other_headers(Bytes bytes);
  Step fragment(Bytes bytes, size_t at, const Mp4Box& moof);
  FrameInfo describe(const Mp4Fragment& fragment);
  Step pass(Bytes bytes, uint64_t size, const FrameInfo& info);
  Step lost(Bytes bytes, const char* why);

  Mp4Tracks tracks_;
  bool synced_ = true;
  bool beginning_ = true;   // nothing but headers has come
  bool fragments_ = false;  // one has come
  uint64_t rest_ = 0;       // of a box that is passed on in pieces
  uint64_t next_ = 0;       // when the track goes on, where fragments do not say, in its clock
};

}  // namespace flumen::container
