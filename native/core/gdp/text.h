// The characters of GStreamer's structure syntax, and how strings are put in quotes and taken out. Any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace flumen::gdp {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// What stands without quotes: in names, numbers and simple strings.
inline bool is_plain(char c) {
  return is_digit(c) || is_letter(c) || c == '_' || c == '-' || c == '+' || c == '/' || c == ':' || c == '.';
}

/// What a structure can be called. With other names the text could not be read back.
bool is_structure_name(std::string_view name);
/// The same in caps, where three words mean something else.
bool is_media_type(std::string_view name);
bool is_plain_text(std::string_view text);

/// `text` as a string value: as it is, or in quotes with everything odd behind backslashes.
std::string quoted(std::string_view text, bool always);

/// The opposite, for text that begins with a quote. Returns the bytes consumed, quotes included; npos when
/// the closing quote is missing.
size_t unquote(std::string_view text, std::string* out);

}  // namespace flumen::gdp
