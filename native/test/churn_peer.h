// One receiver in the churn: takes the framing off as bytes come, and holds the body against what it should
// be. Belongs to the crowd's thread.
#pragma once

#include <string>
#include <string_view>

#include "test/churn_stream.h"
#include "test/model_wire.h"

namespace flumen::test {

/// What became of a receiver.
struct ChurnOutcome {
  enum class End : uint8_t { kNone, kEof, kReset, kHungUp };
  End end = End::kNone;
  bool whole = false;     // nothing was begun and not completed
  bool finished = false;  // the last chunk, or a close frame
  bool goodbye = false;   // it sent a close frame
  uint16_t status = 0;    // of the close frame that came
  uint64_t bytes = 0, frames = 0, last = 0, header_sets = 0, jumps = 0, pongs = 0;
  std::string problem;
};

class ChurnPeer {
 public:
  static constexpr uint16_t kStatus = 4321;  // of its own close frame

  /// Takes over `fd`. `head` comes first, outside of the framing.
  ChurnPeer(int fd, uint32_t id, Framing framing, std::string head, const ChurnRules& rules)
      : fd_(fd), id_(id), framing_(framing), head_(std::move(head)), check_(rules) {}

  int fd() const { return fd_; }
  uint32_t id() const { return id_; }
  Framing framing() const { return framing_; }

  /// More bytes came.
  void take(std::string_view bytes);
  /// What it says next when it pings, or leaves as one should.
  std::string ping();
  std::string goodbye() const;
  void said_goodbye() { outcome_.goodbye = true; }
  /// The connection was reset, and reading will not say so.
  void heard_reset() { reset_ = true; }
  ChurnOutcome outcome(ChurnOutcome::End end);
  bool good() const { return outcome_.problem.empty(); }

 private:
  void take_framed(std::string_view bytes);
  bool take_head(std::string_view& bytes);
  void begin(const Head& head);
  void begin_control();
  void finish_piece();
  void wrong(const std::string& what);

  int fd_;
  uint32_t id_;
  Framing framing_;
  std::string head_;
  size_t head_at_ = 0;
  ChurnCheck check_;
  std::string piece_head_;  // of a chunk or message, as far as it is here
  size_t left_ = 0;         // of its body
  size_t tail_ = 0;         // bytes behind it
  bool in_control_ = false;
  std::string control_;  // payload of a control frame
  uint64_t pings_ = 0;   // sent
  bool reset_ = false;
  ChurnOutcome outcome_;
};

}  // namespace flumen::test
