#include "core/gdp/sendable.h"

#include <algorithm>
#include <array>

#include "core/gdp/scalar.h"
#include "core/gdp/text.h"

namespace flumen::gdp {

namespace {

// The length of the character that `text` begins with, 0 when it is no UTF-8.
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

bool is_utf8_text(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0 || text.front() == '\0') return false;
    text.remove_prefix(length);
  }
  return true;
}

int number_at(std::string_view text, size_t at, size_t digits) {
  int number = 0;
  for (size_t i = at; i < at + digits; ++i) number = number * 10 + (text[i] - '0');
  return number;
}

// Whether `text` begins with what `shape` says, where d stands for any digit.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
  }
  return true;
}

// "2026-11-25": a day of the calendar.
bool is_date(std::string_view text) {
  if (text.size() != 10 || !has_shape(text, "dddd-dd-dd")) return false;
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  const int day = number_at(text, 8, 2);
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// A year, a month, a day, or a day and a time, with its offset from UTC behind it.
bool is_datetime(std::string_view text) {
  if (text.size() == 4) return has_shape(text, "dddd") && text != "0000";
  if (text.size() == 7) return is_date(std::string(text) + "-01");
  if (!is_date(text.substr(0, 10))) return false;
  if (text.size() == 10) return true;
  std::string_view time = text.substr(10);
  const auto take = [&](std::string_view shape) {
    if (!has_shape(time, shape)) return false;
    time.remove_prefix(shape.size());
    return true;
  };
  if (!has_shape(time, "Tdd:dd") || number_at(time, 1, 2) > 23 || number_at(time, 4, 2) > 59) return false;
  take("Tdd:dd");
  if (has_shape(time, ":dd") && number_at(time, 1, 2) > 59) return false;
  if (take(":dd") && !take(".dddddd")) take(".ddd");
  if (take("Z")) return time.empty();
  return (take("+dd") || take("-dd")) && (time.empty() || (take("dd") && time.empty()));
}

// "0:ffffffff", with the names of flags behind it.
bool is_flags_set(std::string_view text) {
  Value value;
  std::string why;
  return read_scalar(ValueType::kFlagSet, text, &value, &why);
}

bool is_sendable_name(const Value& value) {
  if (value.null || !is_plain_text(value.text)) return false;
  if (value.type_name == "GstFormat") return format_of(value.text).has_value();
  if (value.type_name == "GstStreamFlags") return is_stream_flags(value.text);
  if (value.type_name == "GstSegmentFlags") return is_segment_flags(value.text);
  if (value.type_name == "date" || value.type_name == "GDate") return is_date(value.text);
  if (value.type_name == "datetime" || value.type_name == "GstDateTime") return is_datetime(value.text);
  // The one set of flags that the core of GStreamer knows by itself: it stands in the caps of encoders.
  return value.type_name == "GstVideoMultiviewFlagsSet" && is_flags_set(value.text);
}

bool judge_structure(const Structure& structure, std::string* why);

bool judge_value(const Value& value, std::string* why) {
  Segment segment;
  switch (value.type) {
    case ValueType::kSegment:
      return read_segment_fields(value.contents.front(), &segment, why);
    case ValueType::kTagList:
      *why = "a list of tags must be called taglist";
      if (value.contents.front().name != "taglist") return false;
      break;
    case ValueType::kBuffer:
      *why = "a buffer is empty, which cannot be read back";
      return !value.text.empty();
    case ValueType::kString:
      *why = "a string is not UTF-8, or has a NUL";
      return value.null || is_utf8_text(value.text);
    case ValueType::kNamed:
      *why = "a receiver may not know " + value.type_name + " " + (value.null ? "NULL" : value.text);
      return is_sendable_name(value);
    default:
      break;
  }
  const auto usable = [why](const Value& item) { return judge_value(item, why); };
  const auto writable = [why](const Structure& nested) { return judge_structure(nested, why); };
  return std::all_of(value.items.begin(), value.items.end(), usable) &&
         std::all_of(value.contents.begin(), value.contents.end(), writable);
}

bool judge_structure(const Structure& structure, std::string* why) {
  if (!is_structure_name(structure.name)) {
    *why = "a structure cannot be called \"" + structure.name + "\"";
    return false;
  }
  for (const Field& field : structure.fields) {
    if (!is_plain_text(field.name)) {
      *why = "a field cannot be called \"" + field.name + "\"";
      return false;
    }
    if (judge_value(field.value, why)) continue;
    *why = "field \"" + field.name + "\": " + *why;
    return false;
  }
  return std::all_of(structure.features.begin(), structure.features.end(), is_plain_text);
}

// Only what travels downstream has a receiver, and of some events nothing is left but a name.
const char* why_never(EventNumber number, bool downstream) {
  if (number == EventNumber::kCaps) return "caps are a packet of their own";
  if (!downstream) return "it travels upstream only";
  for (const EventNumber object :
       {EventNumber::kStreamCollection, EventNumber::kSinkMessage, EventNumber::kToc}) {
    if (number == object) return "what it carries is an object of the sender's process";
  }
  return nullptr;
}

}  // namespace

bool is_sendable(const Caps& caps, std::string* why) {
  *why = "caps must be fixed: one structure, no ranges, no lists of choices";
  if (!caps.is_fixed()) return false;
  const Structure& only = caps.structures.front();
  *why = "caps cannot be called \"" + only.name + "\"";
  return is_media_type(only.name) && judge_structure(only, why);
}

bool is_sendable(const Event& event, std::string* why) {
  if (const char* never = why_never(event.kind->number, event.kind->downstream())) {
    *why = never;
    return false;
  }
  if (!is_complete(event, why)) return false;
  const bool bare = event.kind->number == EventNumber::kFlushStart || event.kind->number == EventNumber::kEos;
  if (!event.structure) {
    *why = "it has no structure";
    return bare;
  }
  return judge_structure(*event.structure, why);
}

void strip_unsendable(Structure* structure) {
  std::erase_if(structure->fields, [](Field& field) {
    for (Structure& nested : field.value.contents) strip_unsendable(&nested);
    std::string why;
    return !judge_value(field.value, &why);
  });
}

}  // namespace flumen::gdp
