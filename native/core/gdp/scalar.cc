#include "core/gdp/scalar.h"

#include <cstdio>
#include <limits>
#include <numeric>
#include <optional>

#include "core/gdp/number.h"
#include "core/gdp/text.h"

namespace flumen::gdp {

namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

struct IntegerRange {
  uint64_t lowest;   // magnitude of the most negative one
  uint64_t highest;  // unsigned notation of negative numbers included: GStreamer takes (uint)-1 and the like
};

std::optional<IntegerRange> integer_range(ValueType type) {
  switch (type) {
    case ValueType::kInt:
    case ValueType::kUInt:
      return IntegerRange{uint64_t{1} << 31, 0xFFFFFFFF};
    case ValueType::kInt64:
    case ValueType::kLong:
      return IntegerRange{kSignBit, kSignBit - 1};
    case ValueType::kUInt64:
    case ValueType::kULong:
    case ValueType::kBitmask:
      return IntegerRange{kSignBit, ~uint64_t{0}};
    case ValueType::kUChar:
      return IntegerRange{0, 255};
    default:
      return std::nullopt;
  }
}

bool is_unsigned(ValueType type) { return type == ValueType::kUInt; }

bool read_integer(ValueType type, const IntegerRange& range, std::string_view token, Value* value) {
  if ((type == ValueType::kInt || type == ValueType::kInt64) && (token == "min" || token == "max")) {
    const uint64_t edge = token == "min" ? ~range.lowest + 1 : range.lowest - 1;
    value->number = static_cast<int64_t>(edge);
    return true;
  }
  const std::optional<WholeNumber> number = read_whole(token);
  if (!number || number->magnitude > (number->negative ? range.lowest : range.highest)) return false;
  const uint64_t bits = number->negative ? ~number->magnitude + 1 : number->magnitude;
  value->number = static_cast<int64_t>(bits);
  if (type == ValueType::kInt) value->number = static_cast<int32_t>(static_cast<uint32_t>(bits));
  if (is_unsigned(type)) value->number = static_cast<uint32_t>(bits);
  return true;
}

bool same_word(std::string_view token, std::string_view word) {
  if (token.size() != word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if ((token[i] | 0x20) != word[i] && token[i] != word[i]) return false;
  }
  return true;
}

bool read_boolean(std::string_view token, Value* value) {
  for (const std::string_view word : {"true", "t", "yes", "1"}) {
    if (same_word(token, word)) value->number = 1;
  }
  if (value->number == 1) return true;
  for (const std::string_view word : {"false", "f", "no", "0"}) {
    if (same_word(token, word)) return true;
  }
  return false;
}

std::optional<int64_t> read_int32(std::string_view token) {
  const std::optional<WholeNumber> number = read_whole(token);
  if (!number || number->magnitude > std::numeric_limits<int32_t>::max()) return std::nullopt;
  const int64_t magnitude = static_cast<int64_t>(number->magnitude);
  return number->negative ? -magnitude : magnitude;
}

bool read_fraction(std::string_view token, Value* value) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  if (token == "min" || token == "max") {
    value->number = token == "max" ? kMost : -kMost;
    value->second = 1;
    return true;
  }
  const size_t slash = token.find('/');
  const bool whole = slash == std::string_view::npos;
  const std::optional<int64_t> high = read_int32(token.substr(0, slash));
  const std::optional<int64_t> low = whole ? std::optional<int64_t>(1) : read_int32(token.substr(slash + 1));
  if (!high || !low || *low == 0) return false;
  const int64_t divisor = std::gcd(*high, *low) * (*low < 0 ? -1 : 1);
  value->number = *high / divisor;
  value->second = *low / divisor;
  return true;
}

bool read_flagset(std::string_view token, Value* value) {
  const size_t colon = token.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view mask = token.substr(colon + 1);
  mask = mask.substr(0, mask.find(':'));  // names of the flags may follow
  const std::optional<uint64_t> flags = read_hex(token.substr(0, colon));
  const std::optional<uint64_t> bits = read_hex(mask);
  if (!flags || !bits || *flags > 0xFFFFFFFF || *bits > 0xFFFFFFFF) return false;
  value->second = static_cast<int64_t>(*bits);
  value->number = static_cast<int64_t>(*flags & *bits);
  return true;
}

bool read_buffer(std::string_view token, Value* value) {
  if (token.empty() || token.size() % 2 != 0) return false;
  value->text.reserve(token.size() / 2);
  for (size_t i = 0; i < token.size(); i += 2) {
    const std::optional<uint64_t> byte = token[i + 1] == 'x' ? std::nullopt : read_hex(token.substr(i, 2));
    if (!byte) return false;
    value->text += static_cast<char>(*byte);
  }
  return true;
}

bool read_double(std::string_view token, Value* value) {
  const std::optional<double> number = read_real(std::string(token));
  if (!number) return false;
  value->real = value->type == ValueType::kFloat ? static_cast<float>(*number) : *number;
  return true;
}

bool read_typed(std::string_view token, Value* value) {
  if (const std::optional<IntegerRange> range = integer_range(value->type)) {
    return read_integer(value->type, *range, token, value);
  }
  switch (value->type) {
    case ValueType::kFloat:
    case ValueType::kDouble:
      return read_double(token, value);
    case ValueType::kBoolean:
      return read_boolean(token, value);
    case ValueType::kFraction:
      return read_fraction(token, value);
    case ValueType::kBuffer:
      return read_buffer(token, value);
    case ValueType::kFlagSet:
      return read_flagset(token, value);
    default:
      value->text = token;
      return true;
  }
}

std::string formatted(const char* format, uint64_t first, uint64_t second) {
  char text[48];
  const int length = std::snprintf(text, sizeof text, format, static_cast<unsigned long long>(first),
                                   static_cast<unsigned long long>(second));
  return std::string(text, static_cast<size_t>(length));
}

std::string print_buffer(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const unsigned byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace

bool read_scalar(ValueType type, std::string_view token, Value* value, std::string* why) {
  value->type = type;
  if (read_typed(token, value)) return true;
  constexpr size_t kShown = 40;
  *why = '"';
  why->append(token.substr(0, kShown));
  why->append(token.size() > kShown ? "…\" is not a valid " : "\" is not a valid ");
  why->append(type_name_of(*value));
  if (type == ValueType::kBuffer) {
    *why = token.empty() ? "a buffer is empty" : "a buffer is not written in pairs of hexadecimal digits";
  }
  return false;
}

Value guess_scalar(std::string_view token) {
  for (const ValueType type : {ValueType::kInt, ValueType::kDouble, ValueType::kFraction, ValueType::kFlagSet,
                               ValueType::kBoolean}) {
    Value value;
    value.type = type;
    // "max" alone says nothing about a number.
    if (token != "min" && token != "max" && read_typed(token, &value)) return value;
  }
  return make_string(token);
}

std::string print_scalar(const Value& value) {
  switch (value.type) {
    case ValueType::kUInt64:
    case ValueType::kULong:
      return std::to_string(value.bits());
    case ValueType::kInt:
    case ValueType::kUInt:
    case ValueType::kInt64:
    case ValueType::kUChar:
    case ValueType::kLong:
      return std::to_string(value.number);
    case ValueType::kFloat:
    case ValueType::kDouble:
      return write_real(value.real);
    case ValueType::kBoolean:
      return value.number != 0 ? "true" : "false";
    case ValueType::kFraction:
      return std::to_string(value.number) + "/" + std::to_string(value.second);
    case ValueType::kBitmask:
      return formatted("0x%016llx", value.bits(), 0);
    case ValueType::kFlagSet:
      return formatted("%llx:%llx", value.bits(), static_cast<uint64_t>(value.second));
    case ValueType::kBuffer:
      return print_buffer(value.text);
    default:
      return value.null ? "NULL" : quoted(value.text, false);
  }
}

}  // namespace flumen::gdp
