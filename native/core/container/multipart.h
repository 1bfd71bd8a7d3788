// multipart/x-mixed-replace (RFC 2046 §5.1): a unit is a part, from the line with the boundary to the end of
// the body, so that nobody waits for the next part where the part says how long it is. The line end in front
// of a boundary belongs to the part that it begins.
#pragma once

#include "core/container/parser.h"

namespace flumen::container {

class Multipart final : public Parser {
 public:
  /// `boundary`: what the sender says it is; empty: the first line says it.
  explicit Multipart(std::string_view boundary);

  Step next(Bytes bytes) override;
  std::string caps() const override;
  std::string content_type() const override;

 private:
  Step part(Bytes bytes, size_t line_end);
  Step body(Bytes bytes);
  Step pass(Bytes bytes);
  Step lost(Bytes bytes, const char* why);
  bool learn(std::string_view line);
  std::string_view boundary() const;

  std::string given_;
  std::string delimiter_;  // the boundary as its line has it; empty: it is not known yet
  // Of the part that is being read: how far its head, then its body, is looked through.
  size_t scanned_ = 0;
  size_t head_ = 0;       // bytes up to the body; 0: not known
  bool in_line_ = false;  // it goes on within a line that is none of a part's
  size_t passing_ = 0;    // bytes of a part that nobody has to have whole
};

}  // namespace flumen::container
