// Caps and structures for JavaScript, as nested arrays that lib/structure/read.ts makes objects of.
#include "addon/gdp_values.h"

#include <cstring>
#include <string>
#include <string_view>

#include "core/gdp/scalar.h"
#include "core/gdp/structure_text.h"

namespace flumen {

namespace {

using gdp::Structure;
using gdp::Value;
using gdp::ValueType;

// An array that grows.
class List {
 public:
  explicit List(Napi::Env env) : array_(Napi::Array::New(env)) {}
  void add(napi_value value) { array_.Set(size_++, value); }
  Napi::Array array() const { return array_; }

 private:
  Napi::Array array_;
  uint32_t size_ = 0;
};

Napi::Value text_value(Napi::Env env, std::string_view text) {
  return Napi::String::New(env, text.data(), text.size());
}

Napi::Value buffer_value(Napi::Env env, const std::string& bytes) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(array.Data(), bytes.data(), bytes.size());
  return array;
}

std::string named_text(const Value& value) {
  if (value.type != ValueType::kCaps) return gdp::print_scalar(value);
  gdp::Caps caps;
  caps.structures = value.contents;
  return caps.structures.empty() ? value.text : gdp::print_caps(caps);
}

Napi::Value value_array(Napi::Env env, const Value& value);

// What stands behind the type in the array of a value.
void add_parts(Napi::Env env, const Value& value, List* out) {
  switch (value.type) {
    case ValueType::kInt:
      return out->add(Napi::Number::New(env, static_cast<double>(value.number)));
    case ValueType::kUInt:
      return out->add(Napi::Number::New(env, static_cast<uint32_t>(value.number)));
    case ValueType::kInt64:
      return out->add(Napi::BigInt::New(env, value.number));
    case ValueType::kUInt64:
    case ValueType::kBitmask:
      return out->add(Napi::BigInt::New(env, value.bits()));
    case ValueType::kDouble:
      return out->add(Napi::Number::New(env, value.real));
    case ValueType::kBoolean:
      return out->add(Napi::Boolean::New(env, value.number != 0));
    case ValueType::kBuffer:
      return out->add(buffer_value(env, value.text));
    case ValueType::kString:
      return out->add(value.null ? env.Null() : text_value(env, value.text));
    case ValueType::kFraction:
      out->add(Napi::Number::New(env, static_cast<double>(value.number)));
      return out->add(Napi::Number::New(env, static_cast<double>(value.second)));
    case ValueType::kArray:
    case ValueType::kList:
    case ValueType::kRange:
      for (const Value& item : value.items) out->add(value_array(env, item));
      return;
    case ValueType::kStructure:
    case ValueType::kTagList:
    case ValueType::kSegment:
      return out->add(structure_array(env, value.contents.front()));
    default:
      // Any other type goes by its name.
      out->add(text_value(env, gdp::type_name_of(value)));
      return out->add(value.null ? env.Null() : text_value(env, named_text(value)));
  }
}

Napi::Value value_array(Napi::Env env, const Value& value) {
  List out(env);
  out.add(Napi::Number::New(env, static_cast<double>(value.type)));
  add_parts(env, value, &out);
  return out.array();
}

}  // namespace

Napi::Value structure_array(Napi::Env env, const Structure& structure) {
  List features(env);
  for (const std::string& feature : structure.features) features.add(text_value(env, feature));
  List out(env);
  out.add(text_value(env, structure.name));
  out.add(features.array());
  for (const gdp::Field& field : structure.fields) {
    out.add(text_value(env, field.name));
    out.add(value_array(env, field.value));
  }
  return out.array();
}

}  // namespace flumen
