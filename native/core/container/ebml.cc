#include "core/container/ebml.h"

#include <algorithm>
#include <bit>

namespace flumen::container {

namespace {

constexpr size_t kMostIdBytes = 4;

// By the zero bits in front; 9 when there is no number that long.
size_t ebml_bytes(uint8_t first) { return static_cast<size_t>(std::countl_zero(first)) + 1; }

}  // namespace

EbmlNumber read_ebml_number(Bytes bytes) {
  if (bytes.empty()) return {};
  const size_t size = ebml_bytes(bytes[0]);
  if (size > 8 || size > bytes.size()) return {};
  uint64_t value = bytes[0] & (0xffu >> size);
  for (size_t i = 1; i < size; ++i) value = value << 8 | bytes[i];
  return {value, size};
}

EbmlLook look_for_ebml(Bytes bytes) {
  EbmlLook look;
  if (bytes.empty()) return {1, false, {}};
  const size_t id_bytes = ebml_bytes(bytes[0]);
  if (id_bytes > kMostIdBytes) return look;
  if (bytes.size() <= id_bytes) return {id_bytes + 1, false, {}};
  const size_t size_bytes = ebml_bytes(bytes[id_bytes]);
  if (size_bytes > 8) return look;
  const size_t head = id_bytes + size_bytes;
  if (bytes.size() < head) return {head, false, {}};
  for (size_t i = 0; i < id_bytes; ++i) look.element.id = look.element.id << 8 | bytes[i];
  look.element.head = head;
  look.element.size = read_ebml_number(bytes.subspan(id_bytes)).value;
  look.element.endless = look.element.size == (uint64_t{1} << 7 * size_bytes) - 1;
  look.valid = true;
  return look;
}

bool EbmlChildren::next() {
  const EbmlLook look = look_for_ebml(rest_);
  if (!look.valid || look.element.size > rest_.size() - look.element.head) return false;
  id_ = look.element.id;
  payload_ = rest_.subspan(look.element.head, static_cast<size_t>(look.element.size));
  rest_ = rest_.subspan(look.element.head + payload_.size());
  return true;
}

uint64_t EbmlChildren::number() const {
  uint64_t value = 0;
  for (const uint8_t byte : payload_) value = value << 8 | byte;
  return value;
}

}  // namespace flumen::container
