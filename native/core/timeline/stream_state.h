// What a receiver must have been given before a frame means anything: an immutable snapshot that frames and
// clients point to, so a lagging client never gets new headers before old frames. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/timeline/block_writer.h"

namespace flumen {

/// What is known besides the headers: sticky events as GStreamer's structure text, which is only handed on
/// here (caps without their streamheader, where that is the headers), and the title as it is. Empty: nothing
/// is known. Numbers are the addon's wire format for lib/binding.ts.
enum class StateText : uint8_t { kStreamStart = 0, kCaps, kSegment, kTags, kTitle };
inline constexpr size_t kStateTexts = 5;
using StateTexts = std::array<std::string, kStateTexts>;

/// What a GDP receiver is told of a state, part by part: packets for the sticky events, by StateText up to
/// kTags, and for the headers. They lie one behind the other, so that any run of them is one slice.
struct StickyPackets {
  static constexpr size_t kHeaders = static_cast<size_t>(StateText::kTags) + 1;
  static constexpr size_t kParts = kHeaders + 1;

  BlockSlice all;
  std::array<uint32_t, kParts + 1> begin{};  // where each part begins; the last one: the end

  /// Parts `first` up to, not including, `end`; empty where there is nothing to tell.
  BlockSlice run(size_t first, size_t end) const {
    if (!all) return {};
    return {all.block, all.offset + begin[first], begin[end] - begin[first]};
  }
  BlockSlice part(size_t which) const { return run(which, which + 1); }
};

/// What a caller wants different; what is not given stays as it was.
struct StateChange {
  std::optional<std::vector<std::span<const uint8_t>>> headers;
  std::array<std::optional<std::string>, kStateTexts> texts;
};

class StreamState {
 public:
  /// With one reference, which the caller owns. `headers` go to every receiver, in this order, before its
  /// first frame. `number` counts the states of a sink, for people who read dumps.
  static StreamState* create(Ledger& ledger, std::vector<BlockSlice> headers, StateTexts texts = {},
                             uint32_t number = 0);
  /// The same headers, shared, with other texts.
  StreamState* with_texts(StateTexts texts, uint32_t number) const;

  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  const std::vector<BlockSlice>& headers() const { return headers_; }
  /// All headers, one behind the other; empty without headers.
  const BlockSlice& header_bytes() const { return header_bytes_; }
  bool same_headers(const StreamState& other) const;
  /// Empty until it is told what they are, by the state's only owner.
  const StickyPackets& packets() const { return packets_; }
  void set_packets(StickyPackets packets) { packets_ = std::move(packets); }
  const StateTexts& texts() const { return texts_; }
  const std::string& text(StateText which) const { return texts_[static_cast<size_t>(which)]; }
  const std::string& title() const { return text(StateText::kTitle); }
  /// The title as an ICY metadata block, shared by all listeners.
  std::string_view title_block() const { return title_block_; }
  uint32_t number() const { return number_; }

 private:
  StreamState(StateTexts texts, uint32_t number);

  std::atomic<uint32_t> refs_{1};
  std::vector<BlockSlice> headers_;
  BlockSlice header_bytes_;
  StateTexts texts_;
  std::string title_block_;
  StickyPackets packets_;
  uint32_t number_ = 0;
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
  StreamState* owned() { return state_; }
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

/// The state that `change` makes of `before`, numbered behind it; `before` itself when nothing is different.
StateRef changed_state(Ledger& ledger, const StateRef& before, const StateChange& change);
/// Of what is not known there is no title.
inline std::string_view title_of(const StateRef& state) {
  return state.get() == nullptr ? std::string_view() : state->title();
}

}  // namespace flumen
