// Numbers in structure text, whatever locale the process has. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flumen::gdp {

/// A whole number with a sign apart: decimal, 0x… or octal with a leading 0, as strtol has it.
struct WholeNumber {
  bool negative = false;
  uint64_t magnitude = 0;
};
std::optional<WholeNumber> read_whole(std::string_view text);
std::optional<uint64_t> read_hex(std::string_view text);
std::optional<double> read_real(const std::string& text);

/// Seventeen significant digits: enough to read back the same number.
std::string write_real(double number);

}  // namespace flumen::gdp
