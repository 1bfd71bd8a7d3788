// Cuts a stream of one format into units: what a receiver can be given whole, with its time and flags, and
// the headers that a newcomer must have first. A parser sees the bytes in front of it and says what they are;
// it holds none of them but the headers. Its answers do not depend on how the stream comes in pieces, except
// where a unit may end anywhere. Single-threaded; one parser per stream.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/container/format.h"
#include "core/timeline/frame.h"

namespace flumen::container {

using Bytes = std::span<const uint8_t>;

/// No unit is longer, and no parser asks for more.
inline constexpr size_t kMostUnit = 16 * kMiB;
/// What the headers of a stream may have, all together.
inline constexpr size_t kMostHeaders = 4 * kMiB;

/// What stands at the front.
struct Step {
  enum class Kind : uint8_t {
    kNeed,    // cannot be told before `size` bytes are there, more than now
    kFrame,   // `size` bytes are a unit with `info`
    kHeader,  // `size` bytes are part of the headers(), and come to receivers as such
    kBroken,  // `size` bytes belong to no unit; `why`. The parser has lost its place and looks for it behind
              // them
  };

  Kind kind = Kind::kNeed;
  size_t size = 0;
  FrameInfo info;
  const char* why = nullptr;

  static Step need(size_t size) { return {Kind::kNeed, size, {}, nullptr}; }
  static Step frame(size_t size, const FrameInfo& info) { return {Kind::kFrame, size, info, nullptr}; }
  static Step header(size_t size) { return {Kind::kHeader, size, {}, nullptr}; }
  static Step broken(size_t size, const char* why) { return {Kind::kBroken, size, {}, why}; }
};

/// The headers of a stream as they are now.
class Headers {
 public:
  /// One behind those that are there. Whoever adds has seen to it that they stay under kMostHeaders.
  void add(Bytes header) {
    size_ += header.size();
    all_.emplace_back(reinterpret_cast<const char*>(header.data()), header.size());
    changed_ = true;
  }
  /// Others in their place.
  void set(std::vector<std::string> all) {
    if (all == all_) return;
    size_ = 0;
    for (const std::string& header : all) size_ += header.size();
    all_ = std::move(all);
    changed_ = true;
  }
  void clear() { set({}); }

  const std::vector<std::string>& all() const { return all_; }
  size_t size() const { return size_; }
  /// Whether they are others than when it was last asked.
  bool take_changed() { return std::exchange(changed_, false); }

 private:
  std::vector<std::string> all_;
  size_t size_ = 0;
  bool changed_ = false;
};

class Parser {
 public:
  virtual ~Parser() = default;

  /// What stands at the front of `bytes`, which go on in the stream; never empty. Until it is a step other
  /// than kNeed, the next call has the same bytes and more.
  virtual Step next(Bytes bytes) = 0;

  /// What the last `bytes` are, not enough for next(): by default torn, nothing to start with.
  virtual Step last(Bytes bytes) {
    FrameInfo info;
    info.flags = FrameFlags::kDelta;
    return Step::frame(bytes.size(), info);
  }

  /// What the stream is, as GStreamer's caps have it and as HTTP has it. Asked whenever frames begin or the
  /// headers have changed.
  virtual std::string caps() const = 0;
  virtual std::string content_type() const = 0;

  Headers& headers() { return headers_; }

 protected:
  Headers headers_;
};

/// `content_type`: what the sender says, for what cannot be seen in the bytes. Null for kGeneric.
std::unique_ptr<Parser> make_parser(Format format, std::string_view content_type);

}  // namespace flumen::container
