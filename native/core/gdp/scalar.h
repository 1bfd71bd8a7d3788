// Single values in structure text: from the characters between commas to a number, fraction, string… Any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "core/gdp/value.h"

namespace flumen::gdp {

/// Reads `token` (without quotes) as `type`, which is no array, list, range or nested structure. False: `why`
/// says what is wrong with it.
bool read_scalar(ValueType type, std::string_view token, Value* value, std::string* why);

/// A token without quotes and without a type: the first of int, double, fraction, flagset, boolean and string
/// that it can be.
Value guess_scalar(std::string_view token);

/// A single value as text, without its type.
std::string print_scalar(const Value& value);

}  // namespace flumen::gdp
