// Bytes of a stream in, frames of a sink out: as they are, or out of GDP, or whichever of the two the first
// bytes say. Owned by a source, on its thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/source/gdp_stream.h"

namespace flumen {

/// Numbers are the addon's wire format for lib/binding.ts.
enum class StreamFormat : uint8_t { kRaw, kGdp, kAuto };

class StreamReader {
 public:
  StreamReader(FrameSink& sink, Ledger& ledger) : sink_(sink), ledger_(ledger) {}

  /// Another stream begins.
  void start(StreamFormat format);
  Intake take(BlockSlice bytes, Nanos now);
  /// There are no more bytes: kEnd, kOver or kFailed.
  Intake finish(Nanos now);
  /// Lets go of all memory.
  void stop() { start(StreamFormat::kRaw); }

  /// After kFailed: only GDP can be broken.
  const gdp::StreamError& error() const { return gdp_->error(); }
  /// Events that were passed over since the last time.
  std::vector<SkippedEvent> take_skipped();

 private:
  Intake sniff(BlockSlice bytes, Nanos now);
  Intake decide(StreamFormat format, Nanos now);

  FrameSink& sink_;
  Ledger& ledger_;
  StreamFormat format_ = StreamFormat::kRaw;
  std::optional<GdpStream> gdp_;
  // With kAuto: what has come, until it is enough to tell.
  std::string start_;
  std::vector<BlockSlice> waiting_;
};

}  // namespace flumen
