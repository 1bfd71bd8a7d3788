// What a GDP stream says to a sink: frames as they come, caps and the other sticky events as the state of the
// stream from the next frame on. One for each feed of a source, on its thread; bytes come in any pieces.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/gdp/parser.h"
#include "core/source/frame_sink.h"
#include "core/source/intake.h"
#include "core/source/note.h"
#include "core/source/unit_flags.h"

namespace flumen {

class GdpStream {
 public:
  GdpStream(FrameSink& sink, Ledger& ledger);

  /// kEnd: EOS has come, and what follows it is not looked at. After kFailed, error() says why.
  Intake take(BlockSlice bytes, Nanos now);
  /// There are no more bytes: kEnd, kFailed when the stream is torn, or kOver.
  Intake finish(Nanos now);

  const gdp::StreamError& error() const { return parser_.error(); }
  /// Whoever reports them takes them out.
  std::vector<StreamNote>& notes() { return notes_; }

 private:
  struct Early {
    BlockSlice bytes;
    FrameInfo info;
  };

  Intake take_packet(Nanos now);
  Intake take_frame(Nanos now);
  Intake judge(BlockSlice bytes, const FrameInfo& info, Nanos now);
  Intake release_judged(Nanos now);
  Intake release_held(Nanos now);
  Intake take_caps(Nanos now);
  Intake take_event(Nanos now);
  Intake pass_event(Nanos now);
  void note_skipped(std::string_view why);
  void start_stream();
  void set_tags();
  void set_text(StateText which, std::string text);
  bool is_early(const FrameInfo& info) const;
  bool are_headers(const std::vector<std::string>& headers) const;
  Intake release_early(Nanos now);
  Intake append(BlockSlice bytes, const FrameInfo& info, Nanos now);

  FrameSink& sink_;
  Ledger& ledger_;
  gdp::Parser parser_;
  gdp::Packet packet_;
  BlockWriter writer_;  // for frames without bytes, which the parser gives no block

  // The state that the next frame will have, as far as the sink has not been told of it.
  std::array<std::optional<std::string>, kStateTexts> texts_;
  std::optional<std::vector<std::string>> headers_;
  bool dirty_ = false;

  std::optional<UnitFlags> flags_;  // the caps say that the frames are a container
  bool headers_given_ = false;      // … with its headers
  std::deque<Early> judged_;        // frames that wait for what they are
  size_t judged_bytes_ = 0;
  std::string stream_id_;
  std::optional<gdp::Structure> stream_tags_;
  std::optional<gdp::Structure> global_tags_;

  // Muxers of WebM send their headers as frames first and only then the caps that say so. Until that can be
  // told, such frames wait, or receivers would be given the same headers twice.
  bool headers_may_come_ = false;
  std::deque<Early> early_;
  size_t early_bytes_ = 0;

  std::vector<StreamNote> notes_;
  size_t skipped_count_ = 0;
};

}  // namespace flumen
