#include "core/gdp/value.h"

#include <algorithm>
#include <array>
#include <utility>

namespace flumen::gdp {

namespace {

struct TypeName {
  ValueType type;
  std::string_view name;
};

// The first name of a type is the one that is written; the others are GStreamer's short forms and GTypes.
constexpr std::array kTypeNames = {
    TypeName{ValueType::kInt, "int"},
    TypeName{ValueType::kInt, "i"},
    TypeName{ValueType::kInt, "gint"},
    TypeName{ValueType::kUInt, "uint"},
    TypeName{ValueType::kUInt, "u"},
    TypeName{ValueType::kUInt, "guint"},
    TypeName{ValueType::kInt64, "gint64"},
    TypeName{ValueType::kUInt64, "guint64"},
    TypeName{ValueType::kUChar, "guchar"},
    TypeName{ValueType::kLong, "glong"},
    TypeName{ValueType::kULong, "gulong"},
    TypeName{ValueType::kFloat, "float"},
    TypeName{ValueType::kFloat, "f"},
    TypeName{ValueType::kFloat, "gfloat"},
    TypeName{ValueType::kDouble, "double"},
    TypeName{ValueType::kDouble, "d"},
    TypeName{ValueType::kDouble, "gdouble"},
    TypeName{ValueType::kBoolean, "boolean"},
    TypeName{ValueType::kBoolean, "bool"},
    TypeName{ValueType::kBoolean, "b"},
    TypeName{ValueType::kBoolean, "gboolean"},
    TypeName{ValueType::kString, "string"},
    TypeName{ValueType::kString, "str"},
    TypeName{ValueType::kString, "s"},
    TypeName{ValueType::kString, "gchararray"},
    TypeName{ValueType::kFraction, "fraction"},
    TypeName{ValueType::kFraction, "GstFraction"},
    TypeName{ValueType::kBitmask, "bitmask"},
    TypeName{ValueType::kBitmask, "GstBitmask"},
    TypeName{ValueType::kBuffer, "buffer"},
    TypeName{ValueType::kBuffer, "GstBuffer"},
    TypeName{ValueType::kFlagSet, "flagset"},
    TypeName{ValueType::kFlagSet, "GstFlagSet"},
    TypeName{ValueType::kStructure, "structure"},
    TypeName{ValueType::kStructure, "GstStructure"},
    TypeName{ValueType::kTagList, "taglist"},
    TypeName{ValueType::kTagList, "GstTagList"},
    TypeName{ValueType::kSegment, "GstSegment"},
    TypeName{ValueType::kCaps, "GstCaps"},
};

Value integer(ValueType type, int64_t number) {
  Value value;
  value.type = type;
  value.number = number;
  return value;
}

Value textual(ValueType type, std::string_view text) {
  Value value;
  value.type = type;
  value.text = text;
  return value;
}

bool all_fixed(const Structure& structure);

// Tags and caps inside are not looked into; GStreamer does not either.
bool fixed(const Value& value) {
  switch (value.type) {
    case ValueType::kList:
    case ValueType::kRange:
      return false;
    case ValueType::kArray:
      return std::all_of(value.items.begin(), value.items.end(), fixed);
    case ValueType::kFlagSet:
      return value.second == 0xFFFFFFFF;
    case ValueType::kStructure:
      return all_fixed(value.contents.front());
    default:
      return true;
  }
}

bool all_fixed(const Structure& structure) {
  return std::all_of(structure.fields.begin(), structure.fields.end(),
                     [](const Field& field) { return fixed(field.value); });
}

}  // namespace

const Value* Structure::find(std::string_view field) const {
  for (const Field& candidate : fields) {
    if (candidate.name == field) return &candidate.value;
  }
  return nullptr;
}

const Value* Structure::find(std::string_view field, ValueType type) const {
  const Value* value = find(field);
  return value != nullptr && value->type == type ? value : nullptr;
}

void Structure::set(std::string_view field, Value value) {
  for (Field& candidate : fields) {
    if (candidate.name != field) continue;
    candidate.value = std::move(value);
    return;
  }
  fields.push_back({std::string(field), std::move(value)});
}

void Structure::remove(std::string_view field) {
  std::erase_if(fields, [&](const Field& candidate) { return candidate.name == field; });
}

bool Caps::is_fixed() const {
  if (any || structures.size() != 1) return false;
  const Structure& only = structures.front();
  return std::find(only.features.begin(), only.features.end(), "ANY") == only.features.end() &&
         all_fixed(only);
}

Value make_int(int32_t number) { return integer(ValueType::kInt, number); }
Value make_uint(uint32_t number) { return integer(ValueType::kUInt, number); }
Value make_int64(int64_t number) { return integer(ValueType::kInt64, number); }
Value make_uint64(uint64_t number) { return integer(ValueType::kUInt64, static_cast<int64_t>(number)); }
Value make_boolean(bool value) { return integer(ValueType::kBoolean, value ? 1 : 0); }
Value make_string(std::string_view text) { return textual(ValueType::kString, text); }
Value make_buffer(std::string_view bytes) { return textual(ValueType::kBuffer, bytes); }

Value make_double(double number) {
  Value value;
  value.type = ValueType::kDouble;
  value.real = number;
  return value;
}

Value make_named(std::string_view type_name, std::string_view text) {
  Value value = textual(ValueType::kNamed, text);
  value.type_name = type_name;
  return value;
}

Value make_nested(ValueType type, Structure structure) {
  Value value;
  value.type = type;
  value.contents.push_back(std::move(structure));
  return value;
}

std::string_view type_name_of(const Value& value) {
  if (value.type == ValueType::kNamed) return value.type_name;
  if (value.type == ValueType::kRange) return type_name_of(value.items.front());
  if (value.type == ValueType::kArray || value.type == ValueType::kList) {
    std::string_view shared;
    for (const Value& item : value.items) {
      const std::string_view name = type_name_of(item);
      if (name.empty() || (!shared.empty() && name != shared)) return {};
      shared = name;
    }
    return shared;
  }
  for (const TypeName& known : kTypeNames) {
    if (known.type == value.type) return known.name;
  }
  return {};
}

ValueType type_of_name(std::string_view name) {
  for (const TypeName& known : kTypeNames) {
    if (known.name == name) return known.type;
  }
  return ValueType::kNamed;
}

}  // namespace flumen::gdp
