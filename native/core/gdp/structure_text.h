// GStreamer's structure syntax: caps and event text read into typed values and written from them. Bounded in
// depth, number of values and fields, so that no text costs more than a fixed multiple of its size. Any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "core/gdp/value.h"

namespace flumen::gdp {

struct TextLimits {
  static constexpr size_t kDepth = 16;  // arrays, lists and structures in one another
  static constexpr size_t kStructures =
      4;  // of these structures; in quotes, each level doubles the backslashes
  static constexpr size_t kValues = 65'536;  // structures, features and values in one text
  static constexpr size_t kFields = 1'024;   // in one structure
};

/// What is wrong with a text, and where: an offset in bytes, of quoted text that of its quote.
struct TextError {
  size_t at = 0;
  std::string what;
};

/// "name, field=(type)value, …;". What follows the semicolon is not looked at. False: `error` says why, and
/// the structure is of no use.
bool parse_structure(std::string_view text, Structure* structure, TextError* error);

/// "media/type(feature), field=…; media/type …", ANY or EMPTY.
bool parse_caps(std::string_view text, Caps* caps, TextError* error);

/// One value, with or without its type: what stands behind a field's "=".
bool parse_value(std::string_view text, Value* value, TextError* error);

/// As GStreamer 1.22 writes events: nested structures in quotes, a semicolon at the end.
std::string print_structure(const Structure& structure);

/// As GStreamer 1.22 writes caps: nested structures in square brackets, no semicolon at the end.
std::string print_caps(const Caps& caps);

}  // namespace flumen::gdp
