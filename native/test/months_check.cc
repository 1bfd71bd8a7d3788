// What a simulated month is held against.
#include <algorithm>
#include <cstring>

#include "test/months_life.h"

namespace flumen::test {

void MonthsLife::problem(const std::string& what) {
  if (problems_.size() < 10)
    problems_.push_back("day " + std::to_string(static_cast<double>(rig_.now - began_) / 86'400e9) + ": " +
                        what);
}

std::string MonthsLife::describe(const Listener& listener) const {
  const Client& client = *listener.client;
  return "listener " + std::to_string(listener.number) + " at frame " + std::to_string(listener.seq) + " + " +
         std::to_string(listener.at) + (listener.in_headers ? " in headers " : " of state ") +
         std::to_string(listener.told) + (listener.ever_stalled ? ", has stalled" : "") +
         (listener.placed ? "" : ", not placed") + " (the shard: " + std::to_string(client.seq) + " + " +
         std::to_string(client.offset) + " of " + std::to_string(rig_.shard->timeline().tail()) + "…" +
         std::to_string(rig_.shard->timeline().next()) + ", dropped " +
         std::to_string(client.frames_dropped) + ")";
}

const MonthsLife::Pushed* MonthsLife::pushed(uint64_t seq) const {
  const uint64_t next = rig_.stamper.next();
  return seq < next && next - seq <= pushed_.size() ? &pushed_[pushed_.size() - (next - seq)] : nullptr;
}

void MonthsLife::saw_write(int fd, std::span<const iovec> iov, int64_t result) {
  ++writes_;
  Listener* listener = by_fd_[static_cast<size_t>(fd)];
  if (listener == nullptr) return problem("a write to somebody who has left");
  size_t left = result > 0 ? static_cast<size_t>(result) : 0;
  accepted_ += left;
  if (left > 0) listener->active_at = rig_.now;
  for (const iovec& piece : iov) {
    const auto* bytes = static_cast<const uint8_t*>(piece.iov_base);
    size_t size = std::min(left, piece.iov_len);
    left -= size;
    if (listener->wire) {
      listener->wire->append(reinterpret_cast<const char*>(bytes), size);
      continue;
    }
    while (size > 0 && problems_.empty()) {
      const size_t taken = follow(*listener, bytes, size);
      if (taken == 0) return problem(describe(*listener) + ": wrong bytes");
      bytes += taken;
      size -= taken;
    }
  }
}

// Mostly they are the very bytes that were pushed. One in sixty-four is looked at all the same.
bool MonthsLife::same(const uint8_t* bytes, const uint8_t* expected, size_t size) {
  if (bytes == expected) return true;
  return std::memcmp(bytes, expected, size) == 0;
}

/// How many of the bytes are what is next for the listener; 0: none.
size_t MonthsLife::follow(Listener& listener, const uint8_t* bytes, size_t size) {
  if (listener.head_left > 0) {
    const size_t taken = std::min(size, listener.head_left);
    const char* head = kMonthsHead.data() + kMonthsHead.size() - listener.head_left;
    listener.head_left -= taken;
    return std::memcmp(bytes, head, taken) == 0 ? taken : 0;
  }
  if (listener.in_headers) return follow_headers(listener, bytes, size);
  if (listener.at == 0 && !find(listener, bytes)) return 0;
  if (listener.in_headers) return follow_headers(listener, bytes, size);
  const Pushed* frame = pushed(listener.seq);
  if (frame == nullptr) return 0;
  const size_t taken = std::min<size_t>(size, frame->size - listener.at);
  const bool here = listener.seq >= rig_.shard->timeline().tail();
  if (bytes != frame->data + listener.at && !(here && same(bytes, frame->data + listener.at, taken)))
    return 0;
  if (++checked_ % 64 == 0 && std::memcmp(bytes, content_of(listener.seq) + listener.at, taken) != 0)
    return 0;
  listener.at += taken;
  if (listener.at == frame->size) {
    listener.at = 0;
    ++listener.seq;
  }
  return taken;
}

size_t MonthsLife::follow_headers(Listener& listener, const uint8_t* bytes, size_t size) {
  const std::string& headers = headers_[listener.told];
  const size_t taken = std::min(size, headers.size() - listener.at);
  if (std::memcmp(bytes, headers.data() + listener.at, taken) != 0) return 0;
  listener.at += taken;
  listener.in_headers = listener.at < headers.size();
  if (!listener.in_headers) listener.at = 0;
  return taken;
}

/// Before a frame: headers of another state, the frame itself, or, for who has just come or has stalled, one
/// further on.
bool MonthsLife::find(Listener& listener, const uint8_t* bytes) {
  const bool may_jump = !listener.placed || listener.ever_stalled;
  // The memory of older frames is others' by now.
  const uint64_t tail = rig_.shard->timeline().tail();
  if (!may_jump && listener.seq < tail) return false;
  for (uint64_t seq = std::max(listener.seq, tail); const Pushed* frame = pushed(seq); ++seq) {
    const bool news = frame->state != listener.told;
    const std::string& headers = headers_[frame->state];
    const bool is_headers =
        news && std::memcmp(bytes, headers.data(), std::min<size_t>(headers.size(), 12)) == 0;
    if (is_headers) {
      // Which frame of this state comes is seen when it comes.
      listener.told = frame->state;
      listener.in_headers = true;
      return true;
    }
    if (!news && bytes == frame->data) {
      if (listener.placed) listener.jumped += seq - listener.seq;
      listener.seq = seq;
      listener.placed = true;
      return true;
    }
    if (!may_jump) return false;
  }
  return false;
}

void MonthsLife::check_totals() {
  const Totals& totals = rig_.shard->totals();
  if (totals.clients.load() != listeners_.size()) problem("the total of clients is wrong");
  if (totals.bytes_served.load() != accepted_) problem("the total of bytes served is wrong");
  if (totals.sends.load() != writes_) problem("the total of sends is wrong");
  const uint64_t size = rig_.shard->timeline().size();
  if (totals.frames_queued.load() != size || size > 4096 + 2000) problem("too many frames are kept");
  if (rig_.newest.bytes.load() != plan_.start.bytes + counts_.media)
    problem("the bytes of the stream are wrong");
  if (rig_.stamper.next() != first_seq_ + counts_.pushes) problem("the number of frames is wrong");
  if (rig_.stamper.time() != expected_time_) problem("the running time is wrong");
  if (!rig_.io.violations.empty()) problem(rig_.io.violations[0]);
}

/// Once a day, and thirty times at least: nothing grows, and whoever is asked says the truth.
void MonthsLife::check_day() {
  check_totals();
  const double done = static_cast<double>(rig_.now - began_) / static_cast<double>(ends_ - began_);
  const int64_t blocks = rig_.ledger.live_blocks.load() - static_cast<int64_t>(unreleased_.size());
  const int64_t bytes = rig_.ledger.live_bytes.load();
  if (done < 0.1) {
    counts_.blocks_at_first = std::max(counts_.blocks_at_first, blocks);
    counts_.bytes_at_first = std::max(counts_.bytes_at_first, bytes);
  } else if (done > 0.9) {
    counts_.blocks_at_last = std::max(counts_.blocks_at_last, blocks);
    counts_.bytes_at_last = std::max(counts_.bytes_at_last, bytes);
  }
  for (const auto& [number, listener] : listeners_) {
    const ClientReport report = rig_.shard->report(listener.client, rig_.now);
    ++counts_.reports;
    if (report.bytes_sent != rig_.io.at(listener.fd).accepted)
      problem("a report has other bytes than were sent");
    const Nanos active = std::max(listener.active_at, report.added_at);
    if (report.made_at != rig_.now || report.active_at > active ||
        report.active_at < active - 2 * kMillisecond)
      problem("a report has impossible times");
    if (!listener.ever_stalled && report.lag_bytes > 4 * kMiB) problem("a healthy listener lags");
  }
  if (rig_.shard->dump().empty()) problem("no dump");
}

void MonthsLife::check_end() {
  for (auto& [number, listener] : listeners_) {
    listener.wanted |= uint64_t{1} << static_cast<unsigned>(Reason::kEnded);
    rig_.io.at(listener.fd).capacity = size_t{1} << 50;
  }
  rig_.shard->close(rig_.now);
  rig_.settle();
  for (const auto& [number, listener] : listeners_) rig_.io.peer_fin(listener.fd);
  rig_.pass(10 * kSecond);
  const auto crossed = [](auto from, auto boundary, auto to) {
    return boundary == 0 || (from < boundary && boundary < to);
  };
  const RigStart& across = plan_.across;
  if (!crossed(plan_.start.frames, across.frames, rig_.stamper.next()) ||
      !crossed(plan_.start.bytes, across.bytes, rig_.stamper.bytes()) ||
      !crossed(plan_.start.time, across.time, rig_.stamper.time()) || !crossed(began_, across.now, ends_))
    problem("a boundary has not been crossed");
  if (!listeners_.empty()) problem("somebody never left");
  if (rig_.removals.size() != counts_.listeners) problem("not one removal for each listener");
  if (rig_.finished != 1) problem("the shard has not finished");
  check_totals();
  counts_.writes = writes_;
  counts_.accepted = accepted_;
  // What a burst of frames, or a header, makes of difference.
  if (counts_.blocks_at_last > counts_.blocks_at_first + 4) problem("more and more blocks are live");
  if (counts_.bytes_at_last > counts_.bytes_at_first + static_cast<int64_t>(512 * kKiB))
    problem("more and more bytes are live");
  for (Client* client : unreleased_) rig_.release(client);
  rig_.state = {};
  rig_.shard.reset();
  rig_.writer.reset();
  rig_.roster.reset();
  noise_.reset();
  const Ledger& ledger = rig_.ledger;
  if (ledger.live_blocks != 0 || ledger.live_bytes != 0 || ledger.live_clients != 0 || ledger.open_fds != 0)
    problem("the ledger is not empty");
}

}  // namespace flumen::test
