// Says of frames that came ready cut whether a receiver can start with them, from what is in them: muxers and
// relays do not always mark it, or mark too much. The frames' bytes are the stream of a container; its parser
// reads along. One for each stream of a source, on its thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/container/parser.h"
#include "core/gdp/value.h"
#include "core/source/pending.h"

namespace flumen {

class UnitFlags {
 public:
  enum class Verdict : uint8_t {
    kUndecided,  // the frames that follow have to say
    kKey,
    kNoKey,
    kUnknown,  // the stream is not what it was said to be
  };

  /// `headers`: what stands before the first frame.
  UnitFlags(Ledger& ledger, container::Format format, const std::vector<std::string>& headers);

  /// The bytes of the next frame; not `judged`: it gets no verdict.
  void add(const BlockSlice& frame, bool judged = true);
  /// Of the oldest frame that was to be judged and has had no verdict.
  Verdict take();

 private:
  void read_on();

  std::unique_ptr<container::Parser> parser_;  // null: it has failed
  Pending pending_;
  size_t wanted_ = 1;
  uint64_t given_ = 0;  // bytes
  uint64_t read_ = 0;   // of them, in units that are known
  struct Waiting {
    uint64_t at;
    Verdict verdict;
  };
  std::deque<Waiting> waiting_;
};

/// What the caps of frames say that their bytes are, all together; nothing for elementary streams, whose
/// frames say it themselves, and for what has no parser.
std::optional<container::Format> container_of(const gdp::Structure& caps);

}  // namespace flumen
