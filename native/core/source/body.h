// Takes the framing off a request body, in place: raw bytes, a Content-Length, or HTTP/1.1 chunks (RFC 9112
// §7.1), fed in pieces cut anywhere. Bounded: no chunk over 1 GiB, no size line or trailer over 4 KiB.
// Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace flumen {

enum class BodyFraming : uint8_t { kRaw, kLength, kChunked };

class BodyDecoder {
 public:
  static constexpr uint64_t kMaxChunk = uint64_t{1} << 30;
  static constexpr size_t kMaxLine = 4096;

  struct Step {
    size_t payload = 0;     // bytes of the body, moved to the front of the piece
    bool finished = false;  // the body is complete; anything behind it in the piece is not part of it
    const char* error =
        nullptr;  // what is wrong with the framing, at body_offset(); nothing more can be decoded
  };

  BodyDecoder() = default;
  BodyDecoder(BodyFraming framing, uint64_t length);

  Step decode(std::span<uint8_t> piece);

  /// Wire bytes consumed so far: with an error, where it stands.
  uint64_t body_offset() const { return offset_; }
  /// True when the peer may stop here: a raw body, or a complete one.
  bool may_end() const { return framing_ == BodyFraming::kRaw || state_ == State::kDone; }

 private:
  enum class State : uint8_t {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer,
    kTrailerLf,
    kDone
  };

  Step decode_length(std::span<uint8_t> piece);
  Step decode_chunked(std::span<uint8_t> piece);
  const char* size_digit(uint8_t byte);
  const char* framing_byte(uint8_t byte);

  BodyFraming framing_ = BodyFraming::kRaw;
  State state_ = State::kSize;
  bool digits_ = false;        // the size line has at least one digit
  bool trailer_text_ = false;  // the trailer line is not empty
  uint64_t left_ = 0;          // of the body (length) or of the chunk
  size_t line_ = 0;            // bytes of the size line or trailer so far
  uint64_t offset_ = 0;
};

}  // namespace flumen
