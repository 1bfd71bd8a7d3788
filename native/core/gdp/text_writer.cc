// Structures and caps as text, in GStreamer's own spelling.
#include <string>

#include "core/gdp/scalar.h"
#include "core/gdp/structure_text.h"
#include "core/gdp/text.h"

namespace flumen::gdp {

namespace {

// How a structure stands in another one's text.
enum class Nesting : uint8_t { kQuotes, kBrackets };

void print_fields(const Structure& structure, Nesting nesting, std::string* out);
void print_value(const Value& value, Nesting nesting, std::string* out);

std::string structure_text(const Structure& structure, Nesting nesting) {
  std::string text = structure.name;
  print_fields(structure, nesting, &text);
  return text + ";";
}

std::string caps_text(const std::vector<Structure>& structures, Nesting nesting) {
  std::string text;
  for (const Structure& structure : structures) {
    if (!text.empty()) text += "; ";
    text += structure.name;
    for (size_t i = 0; i < structure.features.size(); ++i) {
      text += (i == 0 ? "(" : ", ") + structure.features[i];
    }
    if (!structure.features.empty()) text += ')';
    print_fields(structure, nesting, &text);
  }
  return text;
}

// GStreamer finds the end of a structure in brackets by counting them, in strings too.
bool is_balanced(const std::string& text) {
  int open = 0;
  for (const char c : text) {
    if (c == '[') ++open;
    if (c == ']' && --open < 0) return false;
  }
  return open == 0;
}

std::string nested_text(const Value& value, Nesting nesting) {
  const Nesting inside = value.type == ValueType::kTagList ? Nesting::kQuotes : nesting;
  std::string text;
  if (value.type == ValueType::kCaps) {
    text = value.contents.empty() ? value.text : caps_text(value.contents, inside);
  } else {
    text = structure_text(value.contents.front(), inside);
  }
  if (value.type == ValueType::kSegment) {
    // The real one reads a segment only as it stands, without backslashes. None has anything to escape.
    if (text.find_first_of("\"\\") == std::string::npos) return '"' + text + '"';
    return quoted(text, true);
  }
  const bool brackets =
      nesting == Nesting::kBrackets && value.type != ValueType::kTagList && is_balanced(text);
  return brackets ? '[' + text + ']' : quoted(text, false);
}

void print_typed(const Value& value, Nesting nesting, std::string* out) {
  std::string_view type = type_name_of(value);
  const bool empty = value.type == ValueType::kArray || value.type == ValueType::kList;
  if (type.empty() && empty && value.items.empty()) type = "int";
  if (!type.empty()) {
    *out += '(';
    *out += type;
    *out += ')';
  }
  print_value(value, nesting, out);
}

// Items of one type stand without it. Sequences in sequences have their own types inside, and items of
// several types each its own.
void print_items(const Value& value, Nesting nesting, std::string* out) {
  const bool typed = type_name_of(value).empty();
  for (size_t i = 0; i < value.items.size(); ++i) {
    const Value& item = value.items[i];
    if (i > 0) *out += ", ";
    const bool sequence = item.type == ValueType::kArray || item.type == ValueType::kList;
    if (sequence && !typed) {
      const bool array = item.type == ValueType::kArray;
      *out += array ? "< " : "{ ";
      for (size_t j = 0; j < item.items.size(); ++j) {
        if (j > 0) *out += ", ";
        print_typed(item.items[j], nesting, out);
      }
      *out += array ? " >" : " }";
    } else if (typed) {
      print_typed(item, nesting, out);
    } else {
      print_value(item, nesting, out);
    }
  }
}

void print_value(const Value& value, Nesting nesting, std::string* out) {
  switch (value.type) {
    case ValueType::kArray:
    case ValueType::kList:
    case ValueType::kRange: {
      const char* brackets = value.type == ValueType::kArray  ? "<>"
                             : value.type == ValueType::kList ? "{}"
                                                              : "[]";
      *out += brackets[0];
      *out += ' ';
      print_items(value, nesting, out);
      *out += ' ';
      *out += brackets[1];
      return;
    }
    case ValueType::kStructure:
    case ValueType::kTagList:
    case ValueType::kSegment:
    case ValueType::kCaps:
      *out += nested_text(value, nesting);
      return;
    default:
      *out += print_scalar(value);
  }
}

void print_fields(const Structure& structure, Nesting nesting, std::string* out) {
  for (const Field& field : structure.fields) {
    *out += ", ";
    *out += field.name;
    *out += '=';
    print_typed(field.value, nesting, out);
  }
}

}  // namespace

std::string print_structure(const Structure& structure) {
  return structure_text(structure, Nesting::kQuotes);
}

std::string print_caps(const Caps& caps) {
  if (caps.any) return "ANY";
  if (caps.structures.empty()) return "EMPTY";
  return caps_text(caps.structures, Nesting::kBrackets);
}

}  // namespace flumen::gdp
