// Reads a descriptor on a loop thread, takes the body framing off and appends the bytes as frames, one per
// read or as the stream's format has them: no copy, no JavaScript. Deterministic like the shard: `now` and Io
// are handed in. Owned by one loop.
#pragma once

#include <memory>
#include <string>

#include "core/source/body.h"
#include "core/source/stream_reader.h"
#include "core/sys/io.h"

namespace flumen {

class FdSource;

/// Hears of operating trouble; called on the source's thread. After on_end, on_error or on_broken the
/// descriptor is closed and the source waits for the next attach. A source ends with its sink, too.
class SourceListener {
 public:
  virtual ~SourceListener() = default;
  virtual void on_end(FdSource* source) = 0;
  /// `offset` counts bytes of this body, framing included.
  virtual void on_error(FdSource* source, Error error, uint64_t offset) = 0;
  /// What came is no GDP that could be read on.
  virtual void on_broken(FdSource* source, const gdp::StreamError& error) = 0;
  /// The stream has something to say; reading goes on.
  virtual void on_note(FdSource* source, StreamNote note) = 0;
  /// Nothing came for the timeout; reading goes on.
  virtual void on_timeout(FdSource* source) = 0;
};

/// One descriptor to read, with what belongs to it.
struct Feed {
  int fd = -1;  // owned
  FdKind kind = FdKind::kSocket;
  BodyFraming framing = BodyFraming::kRaw;
  uint64_t length = 0;       // with kLength
  std::string content_type;  // what the sender says that it is; empty: nothing
  uint32_t serial = 0;   // the caller's count of attaches: an event about an earlier one can be told apart
  std::string prelude;   // bytes of the body that were read before
  std::string epilogue;  // written after a clean end of a framed body, before closing
};

class FdSource {
 public:
  FdSource(uint32_t id, std::shared_ptr<FrameSink> sink, Ledger& ledger, Nanos timeout,
           StreamFormat format = StreamFormat::kRaw);
  ~FdSource() = default;

  /// Starts reading `feed`, in place of what was read so far (closed without an event).
  void attach(Feed feed, Io& io, SourceListener& listener, Nanos now);
  /// Reads a bounded piece.
  void on_readable(Nanos now);
  void tick(Nanos now);
  Nanos deadline() const;
  /// The sink wants frames again, or has ended. Means nothing to a source that does not wait.
  void resume(Nanos now);
  /// Closes the descriptor, without an event.
  void detach();

  uint32_t id() const { return id_; }
  bool attached() const { return feed_.fd >= 0; }
  /// True when the kernel cannot announce readiness: a file is read every turn.
  bool eager() const { return attached() && !waiting_ && feed_.kind == FdKind::kFile; }
  /// Serial of the feed that is, or was last, attached.
  uint32_t serial() const { return serial_; }
  uint64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }

 private:
  Result<bool> watch();
  void unwatch();
  bool heed(Intake said);
  bool take(size_t size, Nanos now);
  void feed_prelude(Nanos now);
  void end_body(Nanos now);
  void finish();
  void stop_broken();
  void stop_with(Error error);

  uint32_t id_;
  std::shared_ptr<FrameSink> sink_;  // may outlive its place in the environment
  Nanos timeout_;
  StreamFormat format_;
  StreamReader reader_;
  BlockWriter writer_;
  Feed feed_;
  BodyDecoder body_;
  Io* io_ = nullptr;
  SourceListener* listener_ = nullptr;
  bool waiting_ = false;  // for the sink: nothing is read, so the writer is held up by the kernel
  Nanos heard_at_ = 0;
  uint32_t serial_ = 0;
  std::atomic<uint64_t> bytes_read_{0};
};

}  // namespace flumen
