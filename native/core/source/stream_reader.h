// Bytes of a stream in, frames of a sink out: as they are, out of GDP, or cut by the parser of a container;
// or whichever of these the first bytes say. Owned by a source, on its thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/source/container_stream.h"
#include "core/source/gdp_stream.h"

namespace flumen {

/// Numbers are the addon's wire format for lib/binding.ts: those from kContainers on are container formats,
/// from the first one that has a parser.
enum class StreamFormat : uint8_t { kRaw, kGdp, kAuto, kContainers };

class StreamReader {
 public:
  StreamReader(FrameSink& sink, Ledger& ledger) : sink_(sink), ledger_(ledger) {}

  /// Another stream begins. `content_type`: what its sender says that it is.
  void start(StreamFormat format, std::string_view content_type);
  Intake take(BlockSlice bytes, Nanos now);
  /// There are no more bytes: kEnd, kOver or kFailed.
  Intake finish(Nanos now);
  /// Lets go of all memory.
  void stop() { start(StreamFormat::kRaw, {}); }

  /// After kFailed: only GDP can be broken.
  const gdp::StreamError& error() const { return gdp_->error(); }
  /// What there was to say since the last time.
  std::vector<StreamNote> take_notes();

 private:
  struct Decision {
    StreamFormat format;
    container::Format container = container::Format::kGeneric;
  };

  std::optional<Decision> decide(bool whole) const;
  void open(StreamFormat format, container::Format container);
  Intake release(Nanos now);

  FrameSink& sink_;
  Ledger& ledger_;
  StreamFormat format_ = StreamFormat::kRaw;
  std::string content_type_;
  std::optional<GdpStream> gdp_;
  std::optional<ContainerStream> container_;
  // With kAuto: what has come, until it is enough to tell.
  std::string start_;
  std::vector<BlockSlice> waiting_;
};

}  // namespace flumen
