// ASF: a header, then data packets, all of one length. Bare, as in files, or each in a chunk as Microsoft's
// streaming over HTTP has them ("$H", "$D", "$E": MS-WMSP 2.2.3).
#pragma once

#include "core/container/asf_packet.h"

namespace flumen::container {

class Asf final : public Parser {
 public:
  Step next(Bytes bytes) override;
  std::string caps() const override { return "video/x-ms-asf"; }
  std::string content_type() const override { return "video/x-ms-asf"; }

 private:
  Step read(Bytes bytes);
  Step header(Bytes bytes);
  Step chunk(Bytes bytes);
  Step packet(Bytes bytes);
  Step take_header(Bytes bytes, const AsfStreams& streams);
  Step pass(Bytes bytes, uint64_t size);
  Step lost(Bytes bytes);
  bool may_go_on(Bytes bytes) const;
  FrameInfo describe(const AsfPacket& packet) const;

  AsfStreams streams_;  // packet 0: no header has come
  bool synced_ = true;
  bool beginning_ = true;  // nothing but headers has come
  bool chunked_ = false;
  uint8_t mark_ = 0x82;  // what packets begin with
  uint64_t rest_ = 0;    // of an object that is passed on in pieces
};

}  // namespace flumen::container
