// The values of fields: the second half of TextReader.
#include <array>
#include <string>
#include <utility>

#include "core/gdp/scalar.h"
#include "core/gdp/text.h"
#include "core/gdp/text_reader.h"

namespace flumen::gdp {

namespace {

bool is_nested(ValueType type) {
  return type == ValueType::kStructure || type == ValueType::kTagList || type == ValueType::kSegment ||
         type == ValueType::kCaps;
}

bool is_textual(ValueType type) { return type == ValueType::kString || type == ValueType::kNamed; }

bool is_ranged(ValueType type) {
  return type == ValueType::kInt || type == ValueType::kInt64 || type == ValueType::kDouble ||
         type == ValueType::kFraction;
}

// GTypes are written in capitals, but for these.
bool may_be_a_type(std::string_view name) {
  for (const std::string_view known : {"date", "datetime", "sample", "type", "gchar"}) {
    if (name == known) return true;
  }
  return !name.empty() && name.front() >= 'A' && name.front() <= 'Z';
}

bool is_less(const Value& low, const Value& high) {
  if (low.type == ValueType::kDouble) return low.real < high.real;
  if (low.type == ValueType::kFraction) return low.number * high.second < high.number * low.second;
  return low.number < high.number;
}

// nullptr when [low, high] or [low, high, step] is a range, and otherwise what is wrong. A step of 1 goes.
const char* judge_range(std::vector<Value>* items) {
  const Value& low = items->at(0);
  const Value& high = items->at(1);
  if (!is_ranged(low.type)) return "a range must be of int, gint64, double or fraction";
  if (!is_less(low, high)) return "a range must end above its start";
  if (items->size() == 2) return nullptr;
  const int64_t step = items->at(2).number;
  if (low.type != ValueType::kInt && low.type != ValueType::kInt64) return "only whole numbers have a step";
  if (step < 1) return "the step of a range must be positive";
  if (low.number % step != 0 || high.number % step != 0) {
    return "the ends of a range must be multiples of its step";
  }
  if (step == 1) items->pop_back();
  return nullptr;
}

}  // namespace

bool TextReader::value(const Type& inherited, Value* out) {
  if (!count()) return false;
  skip_space();
  Type type = inherited;
  if (peek() == '(' && !read_type(&type)) return false;
  skip_space();
  const char first = peek();
  if (first != '[' && first != '{' && first != '<') return scalar(type, out);
  if (first == '[') {
    const bool structure = type.known ? is_nested(type.type) : bracket_opens_structure();
    return structure ? nested(type, at_, nullptr, out) : range(type, out);
  }
  if (usage_.depth == TextLimits::kDepth) return fail("values are nested too deep");
  ++usage_.depth;
  const bool ok = sequence(type, out);
  --usage_.depth;
  return ok;
}

bool TextReader::read_type(Type* out) {
  ++at_;
  skip_space();
  const size_t start = at_;
  out->name = plain();
  out->known = true;
  out->type = type_of_name(out->name);
  if (out->type == ValueType::kNamed && !may_be_a_type(out->name)) {
    // Appended: gcc 12 sees an overlap in a literal + string (its bug 105651).
    return fail(start, std::string("there is no type \"").append(out->name.substr(0, 40)).append(1, '"'));
  }
  skip_space();
  return take(')') || fail("expected \")\" behind a type");
}

bool TextReader::scalar(const Type& type, Value* out) {
  const size_t start = at_;
  std::string text;
  const bool in_quotes = peek() == '"';
  if (in_quotes) {
    const size_t used = unquote(text_.substr(at_), &text);
    if (used == std::string_view::npos) return fail(start, "a quote is not closed");
    at_ += used;
  } else {
    text = plain();
    // A buffer says itself that it is empty.
    if (text.empty() && type.type != ValueType::kBuffer) return fail("expected a value");
  }
  if (!type.known) {
    *out = in_quotes ? make_string(text) : guess_scalar(text);
    out->null = !in_quotes && text == "NULL";
    return true;
  }
  if (is_nested(type.type)) return nested(type, start, &text, out);
  if (in_quotes && !is_textual(type.type)) return fail(start, "only text stands in quotes");
  if (type.type == ValueType::kNamed) out->type_name = type.name;
  out->null = !in_quotes && is_textual(type.type) && text == "NULL";
  std::string why;
  return read_scalar(type.type, text, out, &why) || fail(start, std::move(why));
}

// "{ a, b }" or "< a, b >", the cursor on the bracket.
bool TextReader::sequence(const Type& type, Value* out) {
  const bool list = peek() == '{';
  const char close = list ? '}' : '>';
  out->type = list ? ValueType::kList : ValueType::kArray;
  ++at_;
  skip_space();
  if (take(close)) return true;
  for (;;) {
    if (!value(type, &out->items.emplace_back())) return false;
    skip_space();
    if (take(close)) return true;
    if (!take(',')) return fail(list ? "expected \",\" or \"}\"" : "expected \",\" or \">\"");
  }
}

// "[ low, high ]" or "[ low, high, step ]".
bool TextReader::range(Type type, Value* out) {
  const size_t start = at_++;
  out->type = ValueType::kRange;
  for (;;) {
    Value& end = out->items.emplace_back();
    skip_space();
    if (peek() == '[' || peek() == '{' || peek() == '<') return fail("a range must have plain ends");
    if (!value(type, &end)) return false;
    if (end.type != out->items.front().type) return fail("the ends of a range must be of one type");
    if (!type.known) type = {true, end.type, {}};
    skip_space();
    if (take(']')) break;
    if (!take(',') || out->items.size() == 3) return fail("expected \",\" or \"]\" in a range");
  }
  if (out->items.size() < 2) return fail(start, "a range must have two ends");
  const char* wrong = judge_range(&out->items);
  return wrong == nullptr || fail(start, wrong);
}

// A structure, list of tags, segment or caps inside a value: in quotes, or from the "[" at the cursor on.
bool TextReader::nested(const Type& type, size_t at, const std::string* in_quotes, Value* out) {
  out->type = type.known ? type.type : ValueType::kStructure;
  const bool deep = usage_.depth == TextLimits::kDepth || usage_.structures == TextLimits::kStructures;
  if (deep) return fail(at, "values are nested too deep");
  ++usage_.depth;
  ++usage_.structures;
  const bool ok = in_quotes != nullptr ? nested_text(at, *in_quotes, out) : bracketed(out);
  --usage_.depth;
  --usage_.structures;
  return ok;
}

bool TextReader::bracketed(Value* out) {
  ++at_;
  skip_space();
  if (out->type == ValueType::kCaps) {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("ANY]")) {
      out->text = plain();
    } else if (rest.starts_with("EMPTY]") || rest.starts_with("]")) {
      plain();
      out->text = "EMPTY";
    } else if (!structures_until(']', &out->contents)) {
      return false;
    }
  } else {
    if (!structure_until(']', false, &out->contents.emplace_back())) return false;
    take(';');
    skip_space();
  }
  return take(']') || fail("expected \"]\"");
}

bool TextReader::nested_text(size_t at, const std::string& inner, Value* out) {
  TextError error;
  TextReader reader(inner, &usage_, &error);
  bool ok = false;
  if (out->type == ValueType::kCaps) {
    Caps caps;
    ok = reader.caps(&caps);
    if (caps.structures.empty()) out->text = caps.any ? "ANY" : "EMPTY";
    out->contents = std::move(caps.structures);
  } else {
    ok = reader.structure(&out->contents.emplace_back());
  }
  if (ok) return true;
  return fail(at, error.what + " (byte " + std::to_string(error.at) + " of the text in quotes)");
}

// Whether "[" at the cursor begins a structure, not a range: then a name comes first.
bool TextReader::bracket_opens_structure() const {
  size_t at = at_ + 1;
  while (at < text_.size() && is_space(text_[at])) ++at;
  const std::string_view rest = text_.substr(at);
  return !rest.empty() && is_letter(rest.front()) && !rest.starts_with("min") && !rest.starts_with("max");
}

}  // namespace flumen::gdp
