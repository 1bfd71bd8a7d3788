#include "core/container/ogg_page.h"

#include <algorithm>

#include "core/container/bits.h"
#include "core/container/crc.h"

namespace flumen::container {

namespace {

constexpr std::string_view kOggCapture = "OggS";

bool ogg_crc_holds(Bytes page) {
  constexpr size_t kAt = 22;
  constexpr size_t kBytes = 4;
  OggCrc crc;
  crc.add(page.first(kAt));
  for (size_t i = 0; i < kBytes; ++i) crc.add(0);
  crc.add(page.subspan(kAt + kBytes));
  return crc.value() == le32(page.data() + kAt);
}

}  // namespace

bool read_ogg_header(Bytes bytes, OggPage& page) {
  if (!has_text(bytes, 0, kOggCapture) || bytes[4] != 0) return false;
  page.flags = bytes[5];
  page.granule = static_cast<int64_t>(le64(bytes.data() + 6));
  page.serial = le32(bytes.data() + 14);
  return true;
}

OggLook look_for_ogg_page(Bytes bytes) {
  OggLook look;
  const size_t there = std::min(bytes.size(), kOggCapture.size());
  if (!has_text(bytes, 0, kOggCapture.substr(0, there))) {
    look.why = "no page begins here";
    return look;
  }
  look.size = OggPage::kHeaderBytes;
  if (bytes.size() < look.size) return look;
  if (!read_ogg_header(bytes, look.page)) return {false, 0, "a page of an unknown version", {}};
  const size_t segments = bytes[26];
  look.size += segments;
  if (bytes.size() < look.size) return look;
  const Bytes lacing = bytes.subspan(OggPage::kHeaderBytes, segments);
  size_t body = 0;
  for (const uint8_t part : lacing) {
    body += part;
    if (part < 255) ++look.page.packets;
  }
  look.page.first_empty = segments == 0 || lacing[0] == 0;
  look.page.body = bytes.subspan(look.size, std::min(body, bytes.size() - look.size));
  look.size += body;
  if (bytes.size() < look.size) return look;
  if (!ogg_crc_holds(bytes.first(look.size))) return {false, 0, "a page's checksum is wrong", {}};
  look.known = true;
  return look;
}

size_t next_ogg_page(Bytes bytes) {
  size_t at = 1;
  for (; at < bytes.size(); ++at) {
    const size_t there = std::min(bytes.size() - at, kOggCapture.size());
    if (has_text(bytes, at, kOggCapture.substr(0, there))) break;
  }
  return at;
}

}  // namespace flumen::container
