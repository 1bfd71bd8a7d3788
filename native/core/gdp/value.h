// What caps and event text say, as typed values: GStreamer's structures, caps and the values of their fields.
// Plain data with one owner; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flumen::gdp {

enum class ValueType : uint8_t {
  kInt,  // 32 bit, as kUInt
  kUInt,
  kInt64,
  kUInt64,
  kUChar,
  kLong,
  kULong,
  kFloat,
  kDouble,
  kBoolean,
  kString,
  kFraction,
  kBitmask,
  kBuffer,
  kFlagSet,
  kStructure,
  kTagList,
  kSegment,
  kCaps,
  kNamed,  // any other type: enums and flags (GstFormat…), dates, objects; the text is kept as it is
  kArray,  // ordered
  kList,   // alternatives
  kRange,
};

struct Structure;

struct Value {
  ValueType type = ValueType::kInt;
  bool null = false;  // kString, kNamed: NULL, as against the text "NULL"
  int64_t number =
      0;  // integers (unsigned ones by their bits), kBoolean, kBitmask, kFlagSet's flags, numerator
  int64_t second = 0;  // denominator, kFlagSet's mask
  double real = 0;     // kDouble, kFloat
  std::string text;    // kString, kNamed; kBuffer: its bytes; kCaps: "ANY" or "EMPTY", when it is one of them
  std::string type_name;            // kNamed: its GType
  std::vector<Value> items;         // kArray, kList; kRange: low, high and, when it is not 1, the step
  std::vector<Structure> contents;  // kStructure, kTagList, kSegment: one; kCaps: any number

  uint64_t bits() const { return static_cast<uint64_t>(number); }
};

struct Field {
  std::string name;
  Value value;
};

/// A name and fields in order; of caps also features, system memory left out.
struct Structure {
  std::string name;
  std::vector<std::string> features;
  std::vector<Field> fields;

  const Value* find(std::string_view field) const;
  /// The field, when it is of this type.
  const Value* find(std::string_view field, ValueType type) const;
  /// Adds the field, or replaces it where it stands.
  void set(std::string_view field, Value value);
  void remove(std::string_view field);
};

struct Caps {
  bool any = false;
  std::vector<Structure> structures;  // none: EMPTY, unless any

  /// One structure without a choice: what a stream can have.
  bool is_fixed() const;
};

Value make_int(int32_t number);
Value make_uint(uint32_t number);
Value make_int64(int64_t number);
Value make_uint64(uint64_t number);
Value make_double(double number);
Value make_boolean(bool value);
Value make_string(std::string_view text);
Value make_buffer(std::string_view bytes);
Value make_named(std::string_view type_name, std::string_view text);
/// A kStructure, kTagList or kSegment.
Value make_nested(ValueType type, Structure structure);

/// The name that is written for the type, by which arrays, lists and ranges have that of their items. Empty:
/// the items are of different types, or there are none.
std::string_view type_name_of(const Value& value);

/// The type that a name in brackets means, short forms included; kNamed for names nobody knows.
ValueType type_of_name(std::string_view name);

}  // namespace flumen::gdp
