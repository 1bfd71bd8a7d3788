#include "core/container/multipart.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace flumen::container {

namespace {

constexpr size_t kMostPart = 8 * kMiB;
constexpr size_t kMostPartHead = 16 * kKiB;
constexpr size_t kMostBoundaryLine = 256;  // RFC 2046 has 70
constexpr size_t kMostLineEnds = 4;        // characters of them in front of a boundary
constexpr std::string_view kDashes = "--";
constexpr const char* kNoPart = "no part begins here";

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view without_blanks(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// What a line of a part's head says of the body's length, if that is what it is about.
std::optional<size_t> length_in(std::string_view line) {
  constexpr std::string_view kName = "content-length:";
  constexpr size_t kMostDigits = 15;
  if (line.size() < kName.size()) return std::nullopt;
  if (!std::ranges::equal(line.substr(0, kName.size()), kName, {}, lowered)) return std::nullopt;
  const std::string_view digits = without_blanks(line.substr(kName.size()));
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  size_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + static_cast<size_t>(c - '0');
  }
  return value;
}

bool is_boundary_char(char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; }

// In a media type and in caps a value of other characters stands in quotes.
bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (lowered(c) >= 'a' && lowered(c) <= 'z') || c == '-' || c == '_' ||
         c == '.' || c == '+';
}

std::string quoted(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  return '"' + std::string(text) + '"';
}

FrameInfo multipart_info(uint8_t flags) {
  FrameInfo info;
  info.flags = flags;
  return info;
}

}  // namespace

Multipart::Multipart(std::string_view boundary) {
  if (std::ranges::all_of(boundary, [](char c) { return c == ' ' || is_boundary_char(c); }))
    given_ = boundary;
}

Step Multipart::next(Bytes bytes) {
  if (passing_ > 0) return pass(bytes);
  if (head_ > 0) return body(bytes);
  if (in_line_) return lost(bytes, kNoPart);
  const std::string_view text = text_of(bytes);
  size_t at = 0;
  while (at < std::min(text.size(), kMostLineEnds) && (text[at] == '\r' || text[at] == '\n')) ++at;
  const std::string_view there = text.substr(at);
  if (there.substr(0, 2) != kDashes.substr(0, there.size())) return lost(bytes, kNoPart);
  const size_t line_end = there.find('\n');
  if (line_end == std::string_view::npos) {
    if (there.size() >= kMostBoundaryLine) return lost(bytes, kNoPart);
    return Step::need(bytes.size() + 1);
  }
  const std::string_view line = without_blanks(there.substr(0, line_end));
  if (line_end >= kMostBoundaryLine || (delimiter_.empty() && !learn(line))) {
    return lost(bytes, kNoPart);
  }
  if (line == delimiter_) return part(bytes, at + line_end + 1);
  // The last boundary of all; other streams may follow.
  if (line == delimiter_ + "--") {
    return Step::frame(at + line_end + 1, multipart_info(FrameFlags::kDelta));
  }
  return lost(bytes, kNoPart);
}

// Whether a line is the boundary's. Senders differ in whether they name it with its two dashes.
bool Multipart::learn(std::string_view line) {
  const bool named = !given_.empty() && line.substr(std::min(line.size(), kDashes.size())) == given_;
  const bool dashed = given_.starts_with(kDashes) && line == given_;
  const bool any =
      given_.empty() && line.size() > kDashes.size() && std::ranges::all_of(line, is_boundary_char);
  if (!named && !dashed && !any) return false;
  delimiter_ = line;
  return true;
}

// `at`: where the part's head begins. Looks for its end, and what it says.
Step Multipart::part(Bytes bytes, size_t at) {
  const std::string_view text = text_of(bytes);
  std::optional<size_t> length;
  while (true) {
    const size_t line_end = text.find('\n', at);
    if (line_end == std::string_view::npos || line_end > kMostPartHead) {
      if (text.size() > kMostPartHead) break;
      return Step::need(bytes.size() + 1);
    }
    const std::string_view line = text.substr(at, line_end - at);
    at = line_end + 1;
    if (const std::optional<size_t> said = length_in(line)) length = said;
    if (!without_blanks(line).empty()) continue;
    if (length && *length <= kMostPart) {
      const size_t size = at + *length;
      return bytes.size() < size ? Step::need(size) : Step::frame(size, FrameInfo{});
    }
    if (length && *length <= kMostUnit) {
      passing_ = at + *length;
      return pass(bytes);
    }
    head_ = at;
    // The line end before the boundary may be that of the head, where there is no body.
    scanned_ = at - 1;
    return body(bytes);
  }
  return lost(bytes, "a part's head is too long");
}

// A body that does not say how long it is: up to the next boundary.
Step Multipart::body(Bytes bytes) {
  const std::string_view text = text_of(bytes);
  const std::string end = '\n' + delimiter_;
  const size_t found = text.find(end, scanned_);
  if (found == std::string_view::npos) {
    scanned_ = std::max(scanned_, text.size() - std::min(text.size(), end.size() - 1));
    if (scanned_ <= kMostPart) return Step::need(bytes.size() + 1);
    const size_t size = std::exchange(scanned_, 0);
    head_ = 0;
    in_line_ = true;
    return Step::frame(size, multipart_info(FrameFlags::kDelta));
  }
  const size_t before = found > head_ && text[found - 1] == '\r' ? found - 1 : found;
  const size_t size = std::max(before, std::exchange(head_, 0));
  scanned_ = 0;
  return Step::frame(size, FrameInfo{});
}

Step Multipart::pass(Bytes bytes) {
  const size_t size = std::min(passing_, bytes.size());
  passing_ -= size;
  return Step::frame(size, multipart_info(FrameFlags::kDelta));
}

// To the next line.
Step Multipart::lost(Bytes bytes, const char* why) {
  const size_t line_end = text_of(bytes).find('\n');
  in_line_ = line_end == std::string_view::npos;
  return Step::broken(in_line_ ? bytes.size() : line_end + 1, why);
}

std::string_view Multipart::boundary() const {
  return delimiter_.empty() ? given_ : std::string_view(delimiter_).substr(kDashes.size());
}

std::string Multipart::caps() const {
  if (boundary().empty()) return "multipart/x-mixed-replace";
  return "multipart/x-mixed-replace, boundary=(string)" + quoted(boundary());
}

std::string Multipart::content_type() const {
  if (boundary().empty()) return "multipart/x-mixed-replace";
  return "multipart/x-mixed-replace; boundary=" + quoted(boundary());
}

}  // namespace flumen::container
