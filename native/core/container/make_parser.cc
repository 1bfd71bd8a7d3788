#include "core/container/adts.h"
#include "core/container/flv.h"
#include "core/container/matroska.h"
#include "core/container/mpeg_audio.h"
#include "core/container/ogg.h"
#include "core/container/parser.h"

namespace flumen::container {

std::unique_ptr<Parser> make_parser(Format format, std::string_view) {
  switch (format) {
    case Format::kMpegAudio:
      return std::make_unique<MpegAudio>();
    case Format::kAdts:
      return std::make_unique<Adts>();
    case Format::kOgg:
      return std::make_unique<Ogg>();
    case Format::kMatroska:
      return std::make_unique<Matroska>();
    case Format::kFlv:
      return std::make_unique<Flv>();
    default:
      return nullptr;
  }
}

}  // namespace flumen::container
