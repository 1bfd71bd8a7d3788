// One logical stream in Ogg, by what its first page says that it is: how many headers it has, what its
// granule positions mean, and where its pictures can be begun with. Owned by the parser of Ogg.
#pragma once

#include "core/container/ogg_page.h"

namespace flumen::container {

class OggStream {
 public:
  /// `begin`: the page that begins it.
  explicit OggStream(const OggPage& begin);

  uint32_t serial() const { return serial_; }
  bool is_video() const { return kind_ == Kind::kTheora || kind_ == Kind::kVp8; }
  bool is_known() const { return kind_ != Kind::kUnknown; }
  /// Of a stream that only describes the others, nothing is data.
  bool is_data() const { return kind_ != Kind::kSkeleton; }

  /// Whether a page of it, `begins()` aside, belongs to the headers, as far as the page's own header says.
  bool is_header(const OggPage& page) const;
  /// The next page of them.
  void take_header(const OggPage& page);
  /// Whether there are as many as there must be.
  bool complete() const { return !counted_ || headers_left_ == 0; }

  /// Whether decoding can start with a page of data.
  bool is_start(const OggPage& page) const;
  /// When the first packet that begins on a page is due, and how long those last that end on it: FrameInfo's
  /// pts and duration. To be asked of every page of data once, in order.
  FrameInfo time(const OggPage& page);

 private:
  enum class Kind : uint8_t { kUnknown, kVorbis, kOpus, kFlac, kSpeex, kTheora, kVp8, kSkeleton };

  void begin_opus(Bytes head);
  void begin_flac(Bytes head);
  void begin_speex(Bytes head);
  void begin_theora(Bytes head);
  void begin_vp8(Bytes head);
  void expect(size_t headers);
  int64_t count_of(int64_t granule) const;
  int64_t begin_of(const OggPage& page) const;
  Nanos time_of(int64_t count) const;

  Kind kind_ = Kind::kUnknown;
  uint32_t serial_;
  bool counted_ = false;  // headers_left_ are packets, else the most pages there may be
  size_t headers_left_;
  // `count`s are samples or pictures; `rate_` of them take `per_` seconds.
  uint32_t rate_ = 0;
  uint32_t per_ = 1;
  int64_t skipped_ = 0;  // to be left out at the beginning
  unsigned shift_ = 0;   // of Theora's granules
  int64_t first_ = 0;    // count at the end of the picture with granule 0
  int64_t count_ = -1;   // where the last page ended
};

}  // namespace flumen::container
