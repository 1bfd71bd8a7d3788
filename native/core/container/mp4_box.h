// Boxes of ISO base media files (ISO 14496-12, 4.2). Any thread.
#pragma once

#include <optional>

#include "core/container/bits.h"
#include "core/container/parser.h"

namespace flumen::container {

constexpr uint32_t mp4_type(const char (&name)[5]) {
  uint32_t type = 0;
  for (int i = 0; i < 4; ++i) type = type << 8 | static_cast<uint8_t>(name[i]);
  return type;
}

struct Mp4Box {
  uint32_t type = 0;
  size_t head = 0;    // bytes before what it contains
  uint64_t size = 0;  // of all of it; kToEnd: it goes on to the end of the stream

  static constexpr uint64_t kToEnd = ~uint64_t{0};
};

/// How many bytes from the start of a box must be there to read its head; 0 when `bytes` are enough.
inline size_t mp4_head_wanted(Bytes bytes) {
  if (bytes.size() < 8) return 8;
  return be32(bytes.data()) == 1 && bytes.size() < 16 ? 16 : 0;
}

/// The box that begins with `bytes`, or nothing where its size cannot be one.
inline std::optional<Mp4Box> read_mp4_box(Bytes bytes) {
  Mp4Box box{be32(&bytes[4]), 8, be32(bytes.data())};
  if (box.size == 0) box.size = Mp4Box::kToEnd;
  if (box.size == 1) {
    box.head = 16;
    box.size = be64(&bytes[8]);
  }
  if (box.size < box.head) return std::nullopt;
  return box;
}

/// Calls `each(type, contents)` for the boxes in `contents`, as far as they are whole.
template <typename Each>
void each_mp4_box(Bytes contents, const Each& each) {
  while (mp4_head_wanted(contents) == 0) {
    std::optional<Mp4Box> box = read_mp4_box(contents);
    if (box && box->size == Mp4Box::kToEnd) box->size = contents.size();
    if (!box || box->size > contents.size()) return;
    const auto size = static_cast<size_t>(box->size);
    each(box->type, contents.subspan(box->head, size - box->head));
    contents = contents.subspan(size);
  }
}

}  // namespace flumen::container
