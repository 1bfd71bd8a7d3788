#include "core/source/fd_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace flumen {

namespace {
constexpr size_t kMinimumRead = 4 * kKiB;
constexpr int kReadsPerTurn = 4;
}  // namespace

FdSource::FdSource(uint32_t id, std::shared_ptr<FrameSink> sink, Ledger& ledger, Nanos timeout,
                   StreamFormat format)
    : id_(id),
      sink_(std::move(sink)),
      timeout_(timeout),
      format_(format),
      reader_(*sink_, ledger),
      writer_(ledger) {}

void FdSource::attach(Feed feed, Io& io, SourceListener& listener, Nanos now) {
  detach();
  io_ = &io;
  listener_ = &listener;
  feed_ = std::move(feed);
  serial_ = feed_.serial;
  body_ = BodyDecoder(feed_.framing, feed_.length);
  reader_.start(format_, feed_.content_type);
  heard_at_ = now;
  if (const Result<bool> watched = watch(); !watched.ok()) {
    stop_with(watched.error());
    return;
  }
  feed_prelude(now);
  // An empty body is complete before a byte was read.
  if (attached() && feed_.framing != BodyFraming::kRaw && body_.may_end()) end_body(now);
}

Result<bool> FdSource::watch() {
  waiting_ = false;
  if (feed_.kind == FdKind::kFile) return true;
  return io_->add(feed_.fd, Watch::kSource, reinterpret_cast<uint64_t>(this) | 1);
}

void FdSource::unwatch() {
  if (feed_.kind != FdKind::kFile && !waiting_) io_->remove(feed_.fd);
}

// What became of the bytes. False when the feed is over.
bool FdSource::heed(Intake said) {
  for (StreamNote& note : reader_.take_notes()) listener_->on_note(this, std::move(note));
  switch (said) {
    case Intake::kMore:
      break;
    case Intake::kWait:
      if (!waiting_) unwatch();
      waiting_ = true;
      break;
    case Intake::kOver:
      detach();
      listener_->on_end(this);
      break;
    case Intake::kEnd:
      finish();
      break;
    case Intake::kFailed:
      stop_broken();
      break;
  }
  return attached();
}

void FdSource::resume(Nanos now) {
  if (!attached()) return;
  if (sink_->ended()) {
    heed(Intake::kOver);
  } else if (waiting_) {
    // It was not the peer who was silent.
    heard_at_ = now;
    if (const Result<bool> watched = watch(); !watched.ok()) stop_with(watched.error());
  }
}

void FdSource::feed_prelude(Nanos now) {
  const std::string prelude = std::move(feed_.prelude);
  feed_.prelude.clear();
  for (size_t at = 0; at < prelude.size();) {
    const size_t piece = std::min(prelude.size() - at, BlockWriter::kCapacity);
    std::memcpy(writer_.reserve(piece).data(), prelude.data() + at, piece);
    at += piece;
    if (!take(piece, now)) return;
  }
}

// Decodes `size` bytes that lie reserved in the writer. False when the feed is over.
bool FdSource::take(size_t size, Nanos now) {
  heard_at_ = now;
  const BodyDecoder::Step step = body_.decode(writer_.reserve(0).first(size));
  if (step.payload > 0) {
    bytes_read_.fetch_add(step.payload, std::memory_order_relaxed);
    if (!heed(reader_.take(writer_.commit(step.payload), now))) return false;
  }
  if (step.error != nullptr) {
    stop_with(Error{EPROTO, step.error});
    return false;
  }
  if (step.finished) end_body(now);
  return attached();
}

void FdSource::on_readable(Nanos now) {
  for (int i = 0; i < kReadsPerTurn && attached() && !waiting_; ++i) {
    const std::span<uint8_t> room = writer_.reserve(kMinimumRead);
    const int64_t got = io_->read(feed_.fd, feed_.kind, room);
    if (got == -EAGAIN) return;
    if (got < 0) {
      stop_with(Error{static_cast<int>(-got), "read"});
    } else if (got == 0 && body_.may_end()) {
      end_body(now);
    } else if (got == 0) {
      stop_with(Error{EPROTO, "body ends before its announced end"});
    } else {
      // A short read has emptied the descriptor: asking again would only bring EAGAIN.
      if (!take(static_cast<size_t>(got), now) || static_cast<size_t>(got) < room.size()) return;
    }
  }
}

// Nothing more comes, and the framing of the body is whole. The stream in it may be torn all the same.
void FdSource::end_body(Nanos now) { heed(reader_.finish(now)); }

// The clean end: the peer gets its answer, where one was prepared.
void FdSource::finish() {
  if (!feed_.epilogue.empty()) {
    const iovec iov{feed_.epilogue.data(), feed_.epilogue.size()};
    SendOp op{feed_.fd, feed_.kind, &iov, 1, 0};
    io_->submit({&op, 1});
    if (feed_.kind == FdKind::kSocket) io_->shutdown_write(feed_.fd);
  }
  detach();
  listener_->on_end(this);
}

void FdSource::stop_broken() {
  const gdp::StreamError error = reader_.error();
  detach();
  listener_->on_broken(this, error);
}

void FdSource::stop_with(Error error) {
  const uint64_t offset = body_.body_offset();
  detach();
  listener_->on_error(this, error, offset);
}

void FdSource::detach() {
  if (!attached()) return;
  unwatch();
  waiting_ = false;
  io_->close(feed_.fd, false);
  feed_ = Feed{};
  reader_.stop();
  writer_.reset();
}

void FdSource::tick(Nanos now) {
  if (eager()) on_readable(now);
  if (attached() && !waiting_ && timeout_ > 0 && heard_at_ + timeout_ <= now) {
    heard_at_ = now;
    listener_->on_timeout(this);
  }
}

Nanos FdSource::deadline() const {
  if (!attached() || waiting_) return kNever;
  if (eager()) return 0;
  return timeout_ > 0 ? heard_at_ + timeout_ : kNever;
}

}  // namespace flumen
