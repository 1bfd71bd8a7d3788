// Reading numbers out of bytes, most significant byte first unless the name says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace flumen::container {

inline uint32_t be16(const uint8_t* at) { return uint32_t{at[0]} << 8 | at[1]; }
inline uint32_t be24(const uint8_t* at) { return be16(at) << 8 | at[2]; }
inline uint32_t be32(const uint8_t* at) { return be24(at) << 8 | at[3]; }
inline uint64_t be64(const uint8_t* at) { return uint64_t{be32(at)} << 32 | be32(at + 4); }
inline uint32_t le16(const uint8_t* at) { return uint32_t{at[1]} << 8 | at[0]; }
inline uint32_t le32(const uint8_t* at) { return le16(at + 2) << 16 | le16(at); }
inline uint64_t le64(const uint8_t* at) { return uint64_t{le32(at + 4)} << 32 | le32(at); }

/// Whether `bytes` have `text` at `at`; false when they end before.
inline bool has_text(std::span<const uint8_t> bytes, size_t at, std::string_view text) {
  if (at > bytes.size() || bytes.size() - at < text.size()) return false;
  return std::string_view(reinterpret_cast<const char*>(bytes.data()) + at, text.size()) == text;
}

}  // namespace flumen::container
