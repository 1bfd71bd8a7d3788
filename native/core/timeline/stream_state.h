// What a receiver must have been given before a frame means anything: an immutable snapshot that frames and
// clients point to, so a lagging client never gets new headers before old frames. Any thread.
#pragma once

#include <atomic>
#include <utility>
#include <vector>

#include "core/timeline/block_writer.h"

namespace flumen {

class StreamState {
 public:
  /// With one reference, which the caller owns. `headers` go to every receiver, in this order, before its
  /// first frame.
  static StreamState* create(Ledger& ledger, std::vector<BlockSlice> headers);

  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  const std::vector<BlockSlice>& headers() const { return headers_; }
  /// All headers, one behind the other; empty without headers.
  const BlockSlice& header_bytes() const { return header_bytes_; }
  bool same_headers(const StreamState& other) const;

 private:
  StreamState() = default;

  std::atomic<uint32_t> refs_{1};
  std::vector<BlockSlice> headers_;
  BlockSlice header_bytes_;
};

/// Owns one reference; null: nothing is known of the stream.
class StateRef {
 public:
  StateRef() = default;
  explicit StateRef(StreamState* owned) : state_(owned) {}
  StateRef(const StateRef& other) : state_(other.state_) {
    if (state_ != nullptr) state_->retain();
  }
  StateRef(StateRef&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  StateRef& operator=(StateRef other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~StateRef() {
    if (state_ != nullptr) state_->release();
  }

  bool operator==(const StateRef& other) const { return state_ == other.state_; }
  const StreamState* operator->() const { return state_; }
  const StreamState* get() const { return state_; }
  bool has_headers() const { return state_ != nullptr && state_->header_bytes(); }

 private:
  StreamState* state_ = nullptr;
};

/// Whether a receiver that has last been given `had` must be given the headers of `has` before a frame of
/// that state. Without `resend` it keeps the headers it once got.
inline bool headers_wanted(const StateRef& had, const StateRef& has, bool resend) {
  if (!has.has_headers()) return false;
  if (!had.has_headers()) return true;
  return resend && !had->same_headers(*has.get());
}

}  // namespace flumen
