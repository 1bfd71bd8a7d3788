#include "test/model.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace flumen::test {

namespace {

constexpr char kEpilogue[] = "0\r\n\r\n";

std::string chunk_head(uint32_t size) {
  char text[16];
  std::snprintf(text, sizeof text, "%x\r\n", size);
  return text;
}

}  // namespace

void ModelStream::append(const uint8_t* data, uint32_t size, const FrameInfo& info, Nanos arrival) {
  const bool timed = info.dts != kNoTime || info.pts != kNoTime;
  const Nanos time = info.dts != kNoTime ? info.dts : info.pts != kNoTime ? info.pts : arrival;
  Nanos running = frames_.empty() ? 0 : frames_.back().time;
  const Nanos step = time - last_;
  if (!frames_.empty() && timed == last_timed_ && step > 0 && step <= 10 * kSecond) running += step;
  last_ = time;
  last_timed_ = timed;
  frames_.push_back({data, size, bytes_, running, arrival});
  bytes_ += size;
}

uint64_t ModelStream::amount(uint64_t seq, Unit unit) const {
  if (seq >= next()) return 0;
  if (unit == Unit::kFrames) return next() - seq;
  if (unit == Unit::kBytes) return bytes_ - frames_[seq].before;
  if (unit == Unit::kTime) return static_cast<uint64_t>(frames_.back().time - frames_[seq].time);
  return 0;
}

uint64_t ModelStream::start(const SinkOptions& options, uint64_t tail) const {
  if (options.sync_method == SyncMethod::kLatest || tail >= next()) return next();
  for (uint64_t seq = next() - 1;; --seq) {
    if (amount(seq, options.burst_min.unit) >= options.burst_min.value || seq == tail) return seq;
  }
}

std::string ModelPeer::take(const ModelStream& stream, std::span<const uint8_t> bytes) {
  const auto expect = [&](const void* want, size_t size, size_t& at) -> bool {
    const size_t piece = std::min(size - at, bytes.size());
    const bool same = std::memcmp(bytes.data(), static_cast<const uint8_t*>(want) + at, piece) == 0;
    bytes = bytes.subspan(piece);
    at += piece;
    return same;
  };
  while (!bytes.empty()) {
    if (prologue_at < prologue.size()) {
      if (!expect(prologue.data(), prologue.size(), prologue_at)) return "wrong bytes in the prologue";
      continue;
    }
    skip_empty(stream);
    if (seq < std::min(stop, stream.next())) {
      const ModelFrame& frame = stream.at(seq);
      const std::string head = framing == Framing::kChunked ? chunk_head(frame.size) : "";
      const size_t tail = framing == Framing::kChunked ? 2 : 0;
      bool same = true;
      if (offset < head.size()) {
        same = expect(head.data(), head.size(), offset);
      } else if (offset < head.size() + frame.size) {
        size_t at = offset - head.size();
        same = expect(frame.data, frame.size, at);
        offset = head.size() + at;
      } else {
        size_t at = offset - head.size() - frame.size;
        same = expect("\r\n", 2, at);
        offset = head.size() + frame.size + at;
      }
      if (!same) return "wrong bytes in frame " + std::to_string(seq);
      if (offset == head.size() + frame.size + tail) {
        ++seq;
        offset = 0;
      }
    } else if (epilogue_due() && epilogue_at < sizeof kEpilogue - 1) {
      if (!expect(kEpilogue, sizeof kEpilogue - 1, epilogue_at)) return "wrong bytes in the epilogue";
    } else {
      return std::to_string(bytes.size()) + " bytes after the end, at frame " + std::to_string(seq);
    }
  }
  skip_empty(stream);
  return "";
}

void ModelPeer::wrote(size_t offered, size_t taken, Nanos now) {
  const bool is_short = taken < offered;
  if (is_short && (taken > 0 || !stalled)) stalled_since = now;
  stalled = is_short;
}

void ModelPeer::skip_empty(const ModelStream& stream) {
  while (offset == 0 && seq < std::min(stop, stream.next()) && stream.at(seq).size == 0) ++seq;
}

bool ModelPeer::caught_up(const ModelStream& stream) const {
  if (prologue_at < prologue.size() || offset > 0) return false;
  for (uint64_t at = seq; at < std::min(stop, stream.next()); ++at) {
    if (stream.at(at).size > 0) return false;
  }
  return true;
}

bool ModelPeer::complete(const ModelStream& stream) const {
  return caught_up(stream) && (!epilogue_due() || epilogue_at == sizeof kEpilogue - 1);
}

size_t ModelPeer::private_bytes() const {
  if (prologue_at < prologue.size()) return prologue.size();
  return client->epilogue_queued && epilogue_at < sizeof kEpilogue - 1 ? sizeof kEpilogue - 1 : 0;
}

}  // namespace flumen::test
