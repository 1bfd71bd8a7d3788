// Server-sent events (text/event-stream, as the HTML standard has them): a unit is an event with the empty
// line that ends it. Lines end with LF, CR LF or CR.
#pragma once

#include "core/container/parser.h"

namespace flumen::container {

class Events final : public Parser {
 public:
  Step next(Bytes bytes) override;
  std::string caps() const override { return content_type(); }
  std::string content_type() const override { return "text/event-stream"; }

 private:
  Step end(size_t size, bool whole);

  // Of the event that is being read: how far, and where in its lines that is.
  size_t scanned_ = 0;
  bool line_begins_ = true;
  bool bare_returns_ = false;  // a line of it ended with CR and nothing else
  bool long_ = false;          // too long to be kept: its beginning is through
};

}  // namespace flumen::container
