#include "core/gdp/text.h"

#include <algorithm>

namespace flumen::gdp {

namespace {

bool is_octal(char c) { return c >= '0' && c <= '7'; }

}  // namespace

bool is_plain_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_plain);
}

bool is_structure_name(std::string_view name) { return is_plain_text(name) && is_letter(name.front()); }

bool is_media_type(std::string_view name) {
  return is_structure_name(name) && name != "ANY" && name != "EMPTY" && name != "NONE";
}

std::string quoted(std::string_view text, bool always) {
  // NULL without quotes is no string at all.
  if (!always && is_plain_text(text) && text != "NULL") return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    const unsigned byte = static_cast<unsigned char>(c);
    if (is_plain(c)) {
      out += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      out += '\\';
      for (int shift = 6; shift >= 0; shift -= 3) out += static_cast<char>('0' + ((byte >> shift) & 7));
    } else {
      out += '\\';
      out += c;
    }
  }
  out += '"';
  return out;
}

size_t unquote(std::string_view text, std::string* out) {
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] != '\\') {
      *out += text[at];
      continue;
    }
    if (++at == text.size()) break;
    if (at + 2 < text.size() && text[at] >= '0' && text[at] <= '3' && is_octal(text[at + 1]) &&
        is_octal(text[at + 2])) {
      *out += static_cast<char>((text[at] - '0') * 64 + (text[at + 1] - '0') * 8 + (text[at + 2] - '0'));
      at += 2;
    } else {
      *out += text[at];
    }
  }
  return std::string_view::npos;
}

}  // namespace flumen::gdp
