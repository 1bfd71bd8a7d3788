// GDP streams for tests: packets made by hand, and what the parser makes of them in pieces.
#pragma once

#include <string>
#include <vector>

#include "core/gdp/event_kind.h"
#include "core/gdp/parser.h"

namespace flumen::test {

/// STREAM_START, caps and SEGMENT: what every stream of today begins with.
std::string gdp_start(const std::string& caps = "application/x-test, n=(int)1");

inline uint16_t gdp_wire_type(gdp::EventNumber number) { return gdp::event_of(number).wire_type(); }

/// Any packet, with text (and its NUL) as its payload; empty text: none.
std::string gdp_text_packet(uint16_t wire_type, const std::string& text, gdp::Header header = {});
std::string gdp_frame(const std::string& bytes, gdp::FrameMeta meta = {}, gdp::Checksums checksums = {});

/// A packet in one line of a GdpReading.
std::string gdp_line(const gdp::Packet& packet);

/// A stream as it was read: one line a packet, and the end.
struct GdpReading {
  std::vector<std::string> lines;
  gdp::StreamError error;
  bool ok = false;
  uint64_t offset = 0;

  bool operator==(const GdpReading& other) const {
    return lines == other.lines && ok == other.ok && error.fault == other.error.fault &&
           error.at == other.error.at && error.packet == other.error.packet &&
           error.message == other.error.message && offset == other.offset;
  }
};

/// `piece_at(at)` says how long the piece from byte `at` on is. With `shared` the pieces lie in shared
/// blocks of 1,000 bytes, as a source reads them; otherwise the parser copies them.
template <typename Piece>
GdpReading read_gdp(const std::string& wire, Piece piece_at, bool shared, gdp::ParserLimits limits = {});

GdpReading read_gdp_at_once(const std::string& wire, gdp::ParserLimits limits = {});

/// What `read_gdp` is made of.
class GdpReader {
 public:
  GdpReader(bool shared, gdp::ParserLimits limits) : parser_(ledger_, limits), shared_(shared) {}
  ~GdpReader();
  /// False when the stream has failed.
  bool feed(std::span<const uint8_t> bytes);
  GdpReading finish();
  int64_t live_bytes() const { return ledger_.live_bytes.load(); }
  /// The most that blocks have taken so far.
  int64_t peak_bytes() const { return peak_; }
  gdp::Parser& parser() { return parser_; }

 private:
  bool drain();

  Ledger ledger_;
  gdp::Parser parser_;
  bool shared_;
  BlockSlice block_;
  GdpReading reading_;
  gdp::Packet packet_;
  int64_t peak_ = 0;
};

template <typename Piece>
GdpReading read_gdp(const std::string& wire, Piece piece_at, bool shared, gdp::ParserLimits limits) {
  GdpReader reader(shared, limits);
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(wire.data()), wire.size());
  for (size_t at = 0; at < wire.size();) {
    const size_t size = std::min<size_t>(piece_at(at), wire.size() - at);
    if (!reader.feed(bytes.subspan(at, size))) break;
    at += size;
  }
  return reader.finish();
}

}  // namespace flumen::test
