#include "core/gdp/segment.h"

#include <array>
#include <span>
#include <utility>

#include "core/gdp/number.h"

namespace flumen::gdp {

namespace {

constexpr std::array<std::string_view, 6> kFormats = {"undefined", "default", "bytes",
                                                      "time",      "buffers", "percent"};
constexpr std::array<std::string_view, 4> kStreamFlags = {"none", "sparse", "select", "unselect"};
constexpr std::array<std::string_view, 8> kSegmentFlags = {"none",
                                                           "reset",
                                                           "skip",
                                                           "trickmode",
                                                           "segment",
                                                           "trickmode-key-units",
                                                           "trickmode-forward-predicted",
                                                           "trickmode-no-audio"};

struct NumberField {
  const char* name;
  uint64_t Segment::*member;
};
constexpr std::array<NumberField, 7> kNumbers = {{{"base", &Segment::base},
                                                  {"offset", &Segment::offset},
                                                  {"start", &Segment::start},
                                                  {"stop", &Segment::stop},
                                                  {"time", &Segment::time},
                                                  {"position", &Segment::position},
                                                  {"duration", &Segment::duration}}};

// "GST_FORMAT_TIME" is "time": GStreamer's full names and its nicks.
std::string nick_of(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::string(text);
  std::string nick;
  for (const char c : text.substr(prefix.size())) {
    nick += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return nick;
}

bool are_flags(std::string_view text, std::string_view prefix, std::span<const std::string_view> known) {
  const std::optional<WholeNumber> number = read_whole(text);
  if (number) return !number->negative && number->magnitude <= 0xFFFFFFFF;
  for (;;) {
    const size_t plus = text.find('+');
    const std::string nick = nick_of(text.substr(0, plus), prefix);
    bool found = false;
    for (const std::string_view name : known) found = found || name == nick;
    if (!found) return false;
    if (plus == std::string_view::npos) return true;
    text.remove_prefix(plus + 1);
  }
}

const Value* find_named(const Structure& structure, std::string_view field, std::string_view type_name) {
  const Value* value = structure.find(field, ValueType::kNamed);
  return value != nullptr && value->type_name == type_name ? value : nullptr;
}

bool lacks(std::string_view field, std::string* why) {
  *why = "the segment has no valid field \"" + std::string(field) + "\"";
  return false;
}

}  // namespace

std::string_view format_name(Format format) { return kFormats[static_cast<size_t>(format)]; }

std::optional<Format> format_of(std::string_view text) {
  const std::optional<WholeNumber> number = read_whole(text);
  const std::string nick = nick_of(text, "GST_FORMAT_");
  for (size_t i = 0; i < kFormats.size(); ++i) {
    if (nick == kFormats[i] || (number && !number->negative && number->magnitude == i)) {
      return static_cast<Format>(i);
    }
  }
  return std::nullopt;
}

bool is_stream_flags(std::string_view text) { return are_flags(text, "GST_STREAM_FLAG_", kStreamFlags); }

bool is_segment_flags(std::string_view text) { return are_flags(text, "GST_SEGMENT_FLAG_", kSegmentFlags); }

Structure segment_structure(const Segment& segment) {
  Structure inner;
  inner.name = "segment";
  inner.set("flags", make_named("GstSegmentFlags", segment.flags));
  inner.set("rate", make_double(segment.rate));
  inner.set("applied-rate", make_double(segment.applied_rate));
  inner.set("format", make_named("GstFormat", format_name(segment.format)));
  for (const NumberField& field : kNumbers) inner.set(field.name, make_uint64(segment.*field.member));
  Structure event;
  event.name = "GstEventSegment";
  event.set("segment", make_nested(ValueType::kSegment, std::move(inner)));
  return event;
}

bool read_segment(const Structure& event, Segment* segment, std::string* why) {
  const Value* value = event.find("segment", ValueType::kSegment);
  if (value == nullptr) {
    *why = "it has no field \"segment\" of type GstSegment";
    return false;
  }
  return read_segment_fields(value->contents.front(), segment, why);
}

bool read_segment_fields(const Structure& inner, Segment* segment, std::string* why) {
  const Value* flags = find_named(inner, "flags", "GstSegmentFlags");
  if (flags == nullptr) return lacks("flags", why);
  segment->flags = flags->text;
  for (const auto& [name, member] :
       {std::pair{"rate", &Segment::rate}, {"applied-rate", &Segment::applied_rate}}) {
    const Value* rate = inner.find(name, ValueType::kDouble);
    if (rate == nullptr) return lacks(name, why);
    segment->*member = rate->real;
  }
  const Value* format = find_named(inner, "format", "GstFormat");
  const std::optional<Format> known = format != nullptr ? format_of(format->text) : std::nullopt;
  if (!known) return lacks("format", why);
  segment->format = *known;
  for (const NumberField& field : kNumbers) {
    const Value* number = inner.find(field.name, ValueType::kUInt64);
    if (number == nullptr) return lacks(field.name, why);
    segment->*field.member = number->bits();
  }
  return true;
}

}  // namespace flumen::gdp
