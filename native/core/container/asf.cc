#include "core/container/asf.h"

#include <algorithm>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

constexpr size_t kChunkHead = 12;
/// What is looked at to know whether something begins here.
constexpr size_t kAsfProof = kAsfObjectHead;
constexpr const char* kNoPacket = "no ASF packet begins here";

// Those of simple and other indices, behind the packets of a file.
constexpr std::string_view kIndices[] = {
    {"\x90\x08\x00\x33\xb1\xe5\xcf\x11\x89\xf4\x00\xa0\xc9\x03\x49\xcb", 16},
    {"\xd3\x29\xe2\xd6\xda\x35\xd1\x11\x90\x34\x00\xa0\xc9\x03\x49\xbe", 16},
    {"\xf8\x03\xb1\xfe\xad\x12\x64\x4c\x84\x0f\x2a\x1d\x2f\x7a\xd4\x8c", 16},
    {"\xd0\x3f\xb7\x3c\x4a\x0c\x03\x48\x95\x3d\xed\xf7\xb6\x22\x8f\x0c", 16},
};

bool is_index(Bytes bytes) {
  return std::ranges::any_of(kIndices, [&](std::string_view guid) { return has_text(bytes, 0, guid); });
}

bool is_chunk(Bytes bytes) {
  if (bytes[0] != '$' ||
      std::string_view("HDEMC").find(static_cast<char>(bytes[1])) == std::string_view::npos) {
    return false;
  }
  // What has something of its own says twice how long it is.
  return (bytes[1] != 'H' && bytes[1] != 'D') ||
         (le16(&bytes[2]) >= 8 && le16(&bytes[2]) == le16(&bytes[10]));
}

FrameInfo asf_delta(uint8_t flags = 0) {
  FrameInfo info;
  info.flags = FrameFlags::kDelta | flags;
  return info;
}

}  // namespace

Step Asf::next(Bytes bytes) {
  const Step step = read(bytes);
  if (step.kind == Step::Kind::kFrame || step.kind == Step::Kind::kBroken) beginning_ = false;
  return step;
}

Step Asf::read(Bytes bytes) {
  if (rest_ > 0) return pass(bytes, rest_);
  // A chunk may be shorter than what an object begins with.
  const size_t wanted = bytes[0] == '$' ? kChunkHead : kAsfProof;
  if (bytes.size() < wanted) return Step::need(wanted);
  if (!synced_ && !may_go_on(bytes)) return lost(bytes);
  if (is_chunk(bytes) && (chunked_ || streams_.packet == 0)) return chunk(bytes);
  if (chunked_) return lost(bytes);
  if (has_text(bytes, 0, kAsfHeader)) return header(bytes);
  if (streams_.packet == 0) return lost(bytes);
  if (is_index(bytes)) return pass(bytes, std::max<uint64_t>(le64(&bytes[16]), kAsfObjectHead));
  return packet(bytes);
}

// With what the data object behind it begins with.
Step Asf::header(Bytes bytes) {
  const uint64_t size = le64(&bytes[16]);
  if (size < kAsfObjectHead || size > kMostHeaders - kAsfDataHead) return lost(bytes);
  const auto all = static_cast<size_t>(size) + kAsfDataHead;
  if (bytes.size() < all) return Step::need(all);
  const auto streams = read_asf_header(bytes.first(static_cast<size_t>(size)));
  if (!streams || !has_text(bytes, static_cast<size_t>(size), kAsfData)) return lost(bytes);
  return take_header(bytes.first(all), *streams);
}

Step Asf::chunk(Bytes bytes) {
  const size_t size = 4 + le16(&bytes[2]);
  if (bytes.size() < size) return Step::need(size);
  const Bytes inside = bytes.first(size).subspan(std::min(size, kChunkHead));
  chunked_ = true;
  synced_ = true;
  if (bytes[1] == 'H') {
    const auto streams = has_text(inside, 0, kAsfHeader) ? read_asf_header(inside) : std::nullopt;
    // A long header has several chunks.
    const bool goes_on = beginning_ && !headers_.all().empty();
    if (streams || goes_on) return take_header(bytes.first(size), streams.value_or(streams_));
    return Step::frame(size, asf_delta());
  }
  const auto read = bytes[1] == 'D' && streams_.packet > 0 ? read_asf_packet(inside, streams_) : std::nullopt;
  return Step::frame(size, read ? describe(*read) : asf_delta());
}

Step Asf::packet(Bytes bytes) {
  const size_t size = streams_.packet;
  // Who is lost wants to see another one behind it.
  const size_t wanted = synced_ ? size : size + 1;
  if (bytes.size() < wanted) return Step::need(wanted);
  const auto read = read_asf_packet(bytes.first(size), streams_);
  if (!read || (!synced_ && bytes[size] != mark_)) return lost(bytes);
  synced_ = true;
  mark_ = bytes[0];
  return Step::frame(size, describe(*read));
}

// `bytes` are all of it.
Step Asf::take_header(Bytes bytes, const AsfStreams& streams) {
  if (beginning_ && headers_.size() + bytes.size() > kMostHeaders) return lost(bytes);
  synced_ = true;
  streams_ = streams;
  if (beginning_) {
    headers_.add(bytes);
    return Step::header(bytes.size());
  }
  headers_.set({std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
  return Step::frame(bytes.size(), asf_delta(FrameFlags::kHeadersInside));
}

FrameInfo Asf::describe(const AsfPacket& packet) const {
  FrameInfo info = asf_delta();
  if (packet.key) info.flags = 0;
  info.dts = packet.sent * kMillisecond;
  if (packet.shown)
    info.pts = static_cast<Nanos>(*packet.shown - std::min<uint64_t>(streams_.preroll, *packet.shown)) *
               kMillisecond;
  return info;
}

Step Asf::pass(Bytes bytes, uint64_t size) {
  const auto there = static_cast<size_t>(std::min<uint64_t>(size, bytes.size()));
  rest_ = size - there;
  return Step::frame(there, asf_delta());
}

bool Asf::may_go_on(Bytes bytes) const {
  if (is_chunk(bytes) && (chunked_ || streams_.packet == 0)) return bytes[1] == 'H' || chunked_;
  if (chunked_) return false;
  if (has_text(bytes, 0, kAsfHeader)) return true;
  return streams_.packet > 0 && bytes[0] == mark_;
}

// To the next place where something may begin.
Step Asf::lost(Bytes bytes) {
  synced_ = false;
  size_t at = 1;
  for (; at + kAsfProof <= bytes.size(); ++at) {
    if (may_go_on(bytes.subspan(at))) break;
  }
  return Step::broken(at, kNoPacket);
}

}  // namespace flumen::container
