// Ogg (RFC 3533): several streams side by side, and others behind them ("chained"). A unit is a page. The
// pages that describe the streams, from the first one that begins a stream to the last before the data, are
// the headers; when they come again, the streams are others from there on.
#pragma once

#include "core/container/clock.h"
#include "core/container/ogg_stream.h"

namespace flumen::container {

class Ogg final : public Parser {
 public:
  Step next(Bytes bytes) override;
  Step last(Bytes bytes) override;
  std::string caps() const override { return content_type(); }
  std::string content_type() const override;

 private:
  Step group(Bytes bytes);
  Step end_group(Bytes bytes);
  Step drop_group(const char* why);
  Step data(const OggPage& page, size_t size);
  bool take_page(const OggPage& page);
  void choose();

  std::vector<OggStream> streams_;
  OggStream* leader_ = nullptr;  // if set, only its pages are starts: the first that has pictures
  Clock clock_;
  // Of headers that are being read: how far, and the streams that they begin.
  size_t scanned_ = 0;
  std::vector<OggStream> begun_;
};

}  // namespace flumen::container
