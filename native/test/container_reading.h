// What a sink, and clients of it, get of a stream in a container, wherever it is cut into pieces.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/source/container_stream.h"

namespace flumen::test {

struct ReadFrame {
  uint64_t at = 0;  // bytes of all frames and headers before it
  std::string bytes;
  FrameInfo info;
  size_t state = 0;  // index in `states`

  bool is_key() const { return (info.flags & (FrameFlags::kDelta | FrameFlags::kNoStart)) == 0; }
};

struct ReadState {
  std::vector<std::string> headers;
  std::string caps;

  std::string joined() const;
  bool operator==(const ReadState&) const = default;
};

struct ContainerReading {
  std::vector<ReadFrame> frames;
  std::vector<ReadState> states;   // the first one: nothing is known
  std::vector<std::string> notes;  // "at text"
  size_t most_memory = 0;          // of blocks, bytes

  /// What a client has that was there before the first byte.
  std::string from_start() const;
  /// What a client gets that starts with that frame.
  std::string from_frame(size_t index) const;
  /// The key frames, a line each: place, time, state, what is flagged besides. The same however it was cut.
  std::vector<std::string> starts() const;
  /// Of the key frames: ms, "-" where there is no time.
  std::string times() const;
};

/// `piece_at(at)`: how many bytes the piece that begins there has.
ContainerReading read_container(container::Format format, std::string_view bytes,
                                const std::function<size_t(size_t at)>& piece_at,
                                std::string_view content_type = {});
ContainerReading read_container(container::Format format, std::string_view bytes,
                                std::string_view content_type = {});

/// What is different when the stream comes in pieces of other sizes, or "": whoever was there from the start
/// must have all bytes, and the starts must be where they were.
std::string differs_when_cut(container::Format format, std::string_view bytes,
                             std::string_view content_type = {});

/// A file of test/vectors/container; empty when it is not there.
std::string container_sample(std::string_view name);
std::vector<std::string> container_sample_names();

}  // namespace flumen::test
