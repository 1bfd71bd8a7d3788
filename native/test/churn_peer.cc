#include "test/churn_peer.h"

#include <algorithm>
#include <cstdlib>

#include "test/talker.h"

namespace flumen::test {

namespace {

// The last bytes of a chunked body: a chunk of no bytes, an empty trailer.
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace

void ChurnPeer::wrong(const std::string& what) {
  if (outcome_.problem.empty()) outcome_.problem = what;
}

void ChurnPeer::take(std::string_view bytes) {
  outcome_.bytes += bytes.size();
  const size_t front = std::min(head_.size() - head_at_, bytes.size());
  if (std::string_view(head_).substr(head_at_, front) != bytes.substr(0, front))
    wrong("not its response head");
  head_at_ += front;
  bytes.remove_prefix(front);
  if (framing_ != Framing::kRaw) {
    take_framed(bytes);
  } else if (const std::string what = check_.take(bytes); !what.empty()) {
    wrong(what);
  }
}

void ChurnPeer::take_framed(std::string_view bytes) {
  while (!bytes.empty() && good()) {
    if (outcome_.finished) {
      wrong("bytes behind the end");
    } else if (left_ > 0) {
      const size_t size = std::min(left_, bytes.size());
      if (in_control_) {
        control_.append(bytes.substr(0, size));
      } else if (const std::string what = check_.take(bytes.substr(0, size)); !what.empty()) {
        wrong(what);
      }
      bytes.remove_prefix(size);
      left_ -= size;
      if (left_ == 0 && tail_ == 0) finish_piece();
    } else if (tail_ > 0) {
      if (bytes.front() != Piece::kTail[Piece::kTail.size() - tail_]) wrong("no CRLF behind a chunk");
      bytes.remove_prefix(1);
      if (--tail_ == 0) finish_piece();
    } else if (!take_head(bytes)) {
      return;
    }
  }
}

// Byte by byte, for nobody knows how long it is. False when it is not all here.
bool ChurnPeer::take_head(std::string_view& bytes) {
  while (!bytes.empty()) {
    piece_head_ += bytes.front();
    bytes.remove_prefix(1);
    if (framing_ == Framing::kChunked && piece_head_ == kLastChunk) {
      outcome_.finished = true;
      return true;
    }
    const bool control = framing_ == Framing::kWebsocket && piece_head_[0] != '\x82';
    if (control && piece_head_.size() == 2) {
      begin_control();
      return true;
    }
    const Head head = control ? Head{} : head_of(piece_head_, framing_);
    if (!head.bytes.empty()) {
      begin(head);
      return true;
    }
    if (piece_head_.size() > 10) wrong("no head of a chunk or message");
  }
  return false;
}

void ChurnPeer::begin(const Head& head) {
  piece_head_.clear();
  left_ = head.body;
  tail_ = framing_ == Framing::kChunked ? Piece::kTail.size() : 0;
}

void ChurnPeer::begin_control() {
  const auto size = static_cast<uint8_t>(piece_head_[1]);
  const bool known = piece_head_[0] == '\x8a' || piece_head_[0] == '\x88';
  if (!known || size > 125) wrong("no control frame of a server");
  in_control_ = true;
  control_.clear();
  left_ = size;
  if (left_ == 0) finish_piece();
}

void ChurnPeer::finish_piece() {
  if (!in_control_) {
    if (!check_.at_boundary()) wrong("a chunk or message ends within a record");
    return;
  }
  in_control_ = false;
  const bool close = piece_head_[0] == '\x88';
  piece_head_.clear();
  if (close) {
    outcome_.finished = true;
    if (control_.size() == 2)
      outcome_.status =
          static_cast<uint16_t>(static_cast<uint8_t>(control_[0]) << 8 | static_cast<uint8_t>(control_[1]));
    return;
  }
  // Pongs answer the newest ping there is: some have none, none has two.
  const uint64_t number = std::strtoull(control_.c_str(), nullptr, 10);
  if (number <= outcome_.pongs || number > pings_) wrong("a pong to no ping of its own");
  outcome_.pongs = number;
}

std::string ChurnPeer::ping() { return client_frame(9, std::to_string(++pings_)); }

std::string ChurnPeer::goodbye() const {
  return client_frame(8, std::string{static_cast<char>(kStatus >> 8), static_cast<char>(kStatus & 0xff)});
}

ChurnOutcome ChurnPeer::outcome(ChurnOutcome::End end) {
  outcome_.end = reset_ && end == ChurnOutcome::End::kEof ? ChurnOutcome::End::kReset : end;
  const bool between = piece_head_.empty() && left_ == 0 && tail_ == 0;
  outcome_.whole = check_.at_boundary() && (outcome_.finished || between);
  outcome_.frames = check_.frames;
  outcome_.last = check_.last;
  outcome_.header_sets = check_.header_sets;
  outcome_.jumps = check_.jumps;
  return outcome_;
}

}  // namespace flumen::test
