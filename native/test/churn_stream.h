// The stream of the churn: frames and stream headers that say themselves what they are, and the check of what
// a receiver makes of them. One thread each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/rules.h"
#include "test/choices.h"

namespace flumen::test {

/// What a record (a frame, or one entry of the stream headers) says of itself.
struct ChurnRecord {
  static constexpr uint32_t kFrame = 0x4d415246;   // FRAM
  static constexpr uint32_t kHeader = 0x44414548;  // HEAD

  uint32_t magic = kFrame;
  uint32_t size = 0;    // with this head
  uint64_t number = 0;  // of the frame; of the entry among `parts`
  uint32_t epoch = 0;   // the state of the stream that it belongs to
  uint16_t parts = 0;   // entries of that state; 0: it has no headers
  uint16_t key = 0;     // 1: a receiver can start here
};
static_assert(sizeof(ChurnRecord) == 24);

/// What a producer pushes, one after the other.
class ChurnStream {
 public:
  explicit ChurnStream(uint64_t seed) : choices_(seed) {}

  struct Push {
    std::string bytes;
    FrameInfo info;
  };

  /// The entries of the state that begins now.
  std::vector<std::string> next_headers();
  Push next_frame();
  /// One of the current entries again, as a frame: nobody may get it. Empty when there is none.
  std::string in_band_copy();
  uint64_t frames() const { return frames_; }
  Choices& choices() { return choices_; }

 private:
  Choices choices_;
  uint64_t frames_ = 0;
  uint32_t epoch_ = 0;
  std::vector<std::string> headers_;
};

/// What may come to one receiver.
struct ChurnRules {
  RecoverPolicy recover = RecoverPolicy::kNone;
  bool starts_on_key = false;
  bool resend = true;
};

/// Takes a receiver's body apart as it comes, whatever the cuts.
class ChurnCheck {
 public:
  explicit ChurnCheck(const ChurnRules& rules) : rules_(rules) {}

  /// More of the body. Empty when right, else what is wrong.
  std::string take(std::string_view bytes);
  /// Whether all records were whole so far.
  bool at_boundary() const { return pending_.empty(); }

  uint64_t frames = 0;
  uint64_t last = 0;  // number of the last frame, with frames > 0
  uint64_t header_sets = 0;
  uint64_t jumps = 0;  // gaps that recovery made

 private:
  std::string take_record(const ChurnRecord& record, std::string_view whole);
  std::string take_header(const ChurnRecord& record);
  std::string take_frame(const ChurnRecord& record);

  ChurnRules rules_;
  std::string pending_;  // the beginning of a record
  uint32_t told_ = 0;    // epoch of the headers that it has in full
  uint32_t partly_ = 0;  // epoch of headers of which entries are missing
  uint64_t entries_ = 0;
  uint32_t epoch_ = 0;  // of the last frame
};

}  // namespace flumen::test
