#include "core/source/body.h"

#include <algorithm>
#include <cstring>

namespace flumen {

BodyDecoder::BodyDecoder(BodyFraming framing, uint64_t length) : framing_(framing) {
  if (framing == BodyFraming::kLength) {
    left_ = length;
    if (length == 0) state_ = State::kDone;
  }
}

BodyDecoder::Step BodyDecoder::decode(std::span<uint8_t> piece) {
  switch (framing_) {
    case BodyFraming::kLength:
      return decode_length(piece);
    case BodyFraming::kChunked:
      return decode_chunked(piece);
    case BodyFraming::kRaw:
      break;
  }
  offset_ += piece.size();
  return {piece.size(), false, nullptr};
}

BodyDecoder::Step BodyDecoder::decode_length(std::span<uint8_t> piece) {
  const size_t taken = static_cast<size_t>(std::min<uint64_t>(left_, piece.size()));
  left_ -= taken;
  offset_ += taken;
  if (left_ == 0) state_ = State::kDone;
  return {taken, left_ == 0, nullptr};
}

BodyDecoder::Step BodyDecoder::decode_chunked(std::span<uint8_t> piece) {
  Step step;
  size_t at = 0;
  while (at < piece.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const size_t run = static_cast<size_t>(std::min<uint64_t>(left_, piece.size() - at));
      if (at != step.payload) std::memmove(piece.data() + step.payload, piece.data() + at, run);
      step.payload += run;
      at += run;
      offset_ += run;
      left_ -= run;
      if (left_ == 0) state_ = State::kDataCr;
      continue;
    }
    step.error = framing_byte(piece[at]);
    if (step.error != nullptr) return step;
    ++at;
    ++offset_;
  }
  step.finished = state_ == State::kDone;
  return step;
}

const char* BodyDecoder::size_digit(uint8_t byte) {
  uint64_t digit = 0;
  if (byte >= '0' && byte <= '9') {
    digit = byte - '0';
  } else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f') {
    digit = static_cast<uint64_t>((byte | 0x20) - 'a' + 10);
  } else {
    return "chunk size is not a hexadecimal number";
  }
  left_ = left_ * 16 + digit;
  digits_ = true;
  return left_ > kMaxChunk ? "chunk size is over 1 GiB" : nullptr;
}

// One byte that is not payload. The error, or nullptr.
const char* BodyDecoder::framing_byte(uint8_t byte) {
  const bool counted = state_ == State::kSize || state_ == State::kExtension || state_ == State::kTrailer;
  if (counted && ++line_ > kMaxLine) return "chunk size line or trailer is over 4 KiB";
  switch (state_) {
    case State::kSize:
      if (byte == '\r' && digits_) {
        state_ = State::kSizeLf;
      } else if ((byte == ';' || byte == ' ' || byte == '\t') && digits_) {
        state_ = State::kExtension;
      } else {
        return size_digit(byte);
      }
      return nullptr;
    case State::kExtension:
      if (byte == '\r') state_ = State::kSizeLf;
      if (byte == '\n') return "chunk size line ends without CR";
      return nullptr;
    case State::kSizeLf:
      if (byte != '\n') return "chunk size line has CR without LF";
      state_ = left_ > 0 ? State::kData : State::kTrailer;
      line_ = 0;
      digits_ = trailer_text_ = false;
      return nullptr;
    case State::kDataCr:
      if (byte != '\r') return "chunk is longer than its size";
      state_ = State::kDataLf;
      return nullptr;
    case State::kDataLf:
      if (byte != '\n') return "chunk ends in CR without LF";
      state_ = State::kSize;
      return nullptr;
    case State::kTrailer:
      if (byte == '\r') {
        state_ = State::kTrailerLf;
      } else {
        trailer_text_ = true;
      }
      return nullptr;
    case State::kTrailerLf:
      if (byte != '\n') return "trailer has CR without LF";
      state_ = trailer_text_ ? State::kTrailer : State::kDone;
      trailer_text_ = false;
      return nullptr;
    case State::kData:
    case State::kDone:
      break;
  }
  return nullptr;
}

}  // namespace flumen
