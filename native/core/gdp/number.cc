#include "core/gdp/number.h"

#include <locale.h>

#include <cstdio>
#include <cstdlib>

namespace flumen::gdp {

namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

std::optional<uint64_t> read_digits(std::string_view digits, unsigned base) {
  if (digits.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    const unsigned digit = static_cast<unsigned>(digit_of(c));
    if (digit >= base || value > (~uint64_t{0} - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

// The decimal point is a point, also where the embedding program has set a locale with commas. Only this
// thread's locale is changed, and put back.
class PointLocale {
 public:
  PointLocale() : plain_(newlocale(LC_NUMERIC_MASK, "C", nullptr)), before_(uselocale(plain_)) {}
  ~PointLocale() {
    uselocale(before_);
    if (plain_ != nullptr) freelocale(plain_);
  }
  PointLocale(const PointLocale&) = delete;
  PointLocale& operator=(const PointLocale&) = delete;

 private:
  locale_t plain_;
  locale_t before_;
};

}  // namespace

std::optional<WholeNumber> read_whole(std::string_view text) {
  WholeNumber number;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    number.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  unsigned base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  const std::optional<uint64_t> magnitude = read_digits(text, base);
  if (!magnitude) return std::nullopt;
  number.magnitude = *magnitude;
  return number;
}

std::optional<uint64_t> read_hex(std::string_view text) {
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) text.remove_prefix(2);
  return read_digits(text, 16);
}

std::optional<double> read_real(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const PointLocale point;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size()) return std::nullopt;
  return number;
}

std::string write_real(double number) {
  const PointLocale point;
  char text[40];
  const int length = std::snprintf(text, sizeof text, "%.17g", number);
  return std::string(text, static_cast<size_t>(length));
}

}  // namespace flumen::gdp
