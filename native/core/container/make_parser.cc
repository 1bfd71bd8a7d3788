#include "core/container/adts.h"
#include "core/container/annex_b.h"
#include "core/container/asf.h"
#include "core/container/events.h"
#include "core/container/flac.h"
#include "core/container/flv.h"
#include "core/container/matroska.h"
#include "core/container/mp4.h"
#include "core/container/mpeg_audio.h"
#include "core/container/mpeg_ts.h"
#include "core/container/multipart.h"
#include "core/container/ogg.h"
#include "core/container/parser.h"
#include "core/container/wav.h"

namespace flumen::container {

std::unique_ptr<Parser> make_parser(Format format, std::string_view content_type) {
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
    case Format::kMpegTs:
      return std::make_unique<MpegTs>();
    case Format::kMp4:
      return std::make_unique<Mp4>();
    case Format::kAsf:
      return std::make_unique<Asf>();
    case Format::kFlac:
      return std::make_unique<Flac>();
    case Format::kWav:
      return std::make_unique<Wav>();
    case Format::kMultipart:
      return std::make_unique<Multipart>(parameter_of(content_type, "boundary"));
    case Format::kEvents:
      return std::make_unique<Events>();
    case Format::kH264:
      return std::make_unique<AnnexB>(NalCodec::kH264);
    case Format::kH265:
      return std::make_unique<AnnexB>(NalCodec::kH265);
    default:
      return nullptr;
  }
}

}  // namespace flumen::container
