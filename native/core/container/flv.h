// FLV: a file header, then tags. The header, the metadata and what configures the decoders are the headers of
// the stream; whatever of them changes later stays where it lies, for those that are there already.
#pragma once

#include <optional>

#include "core/container/flv_tag.h"

namespace flumen::container {

class Flv final : public Parser {
 public:
  Step next(Bytes bytes) override;
  std::string caps() const override { return "video/x-flv"; }
  std::string content_type() const override { return "video/x-flv"; }

 private:
  Step file_header(Bytes bytes);
  Step tag(Bytes bytes);
  Step configure(Bytes bytes, const FlvTag& tag);
  Step lost(Bytes bytes);
  FrameInfo describe(const FlvTag& tag);
  Nanos time_of(uint32_t timestamp);
  bool is_key(const FlvTag& tag, Nanos time);

  bool synced_ = false;
  bool beginning_ = true;        // nothing but headers has come
  std::vector<uint32_t> slots_;  // of the headers behind the first one
  size_t rest_ = 0;              // of a tag that is passed on in pieces
  bool promises_video_ = false;  // the file header does
  bool has_video_ = false;
  std::optional<Nanos> first_audio_;
  std::optional<uint32_t> last_timestamp_;
  int64_t unwrapped_ = 0;  // last_timestamp_, ms
};

}  // namespace flumen::container
