// What a stream in a container says to a sink: its units as frames, its headers and caps as the state of the
// stream. Nothing that comes stops it: what cannot be read is passed on, marked as nothing to start with, and
// told once. One for each feed of a source, on its thread; bytes come in any pieces.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/container/parser.h"
#include "core/source/frame_sink.h"
#include "core/source/intake.h"
#include "core/source/note.h"
#include "core/source/pending.h"

namespace flumen {

class ContainerStream {
 public:
  /// `content_type`: what the sender says.
  ContainerStream(FrameSink& sink, Ledger& ledger, container::Format format, std::string_view content_type);

  Intake take(BlockSlice bytes, Nanos now);
  /// There are no more bytes: kEnd or kOver.
  Intake finish(Nanos now);

  /// Whoever reports them takes them out.
  std::vector<StreamNote>& notes() { return notes_; }

 private:
  Intake cut(Nanos now);
  Intake obey(const container::Step& step, Nanos now);
  Intake append_broken(BlockSlice bytes, const char* why, Nanos now);
  Intake append(BlockSlice bytes, FrameInfo info, Nanos now);
  void describe(Nanos now);
  void give_up(const char* why, Nanos now);
  void warn(std::string_view why);

  FrameSink& sink_;
  container::Format format_;
  std::unique_ptr<container::Parser> parser_;  // null: the bytes are passed on as they come
  Pending pending_;
  size_t wanted_ = 1;

  bool described_ = false;           // the sink knows what is known
  std::optional<std::string> caps_;  // as the owner was last told
  Nanos last_time_ = kNoTime;
  uint64_t at_ = 0;  // bytes that are through
  uint64_t frames_ = 0;
  bool found_ = false;  // anything of the format
  size_t lost_ = 0;     // bytes since the parser has lost its place; 0: it knows it
  size_t warnings_ = 0;
  std::vector<StreamNote> notes_;
};

}  // namespace flumen
