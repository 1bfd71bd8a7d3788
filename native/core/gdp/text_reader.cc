#include "core/gdp/text_reader.h"

#include <utility>

#include "core/gdp/text.h"

namespace flumen::gdp {

bool parse_structure(std::string_view text, Structure* structure, TextError* error) {
  TextReader::Usage usage;
  return TextReader(text, &usage, error).structure(structure);
}

bool parse_caps(std::string_view text, Caps* caps, TextError* error) {
  TextReader::Usage usage;
  return TextReader(text, &usage, error).caps(caps);
}

bool parse_value(std::string_view text, Value* value, TextError* error) {
  TextReader::Usage usage;
  return TextReader(text, &usage, error).only_value(value);
}

bool TextReader::structure(Structure* out) { return structure_until(kToTheEnd, false, out); }

bool TextReader::caps(Caps* out) {
  skip_space();
  std::string_view whole = text_.substr(at_);
  while (!whole.empty() && is_space(whole.back())) whole.remove_suffix(1);
  if (whole == "ANY") {
    out->any = true;
    return true;
  }
  if (whole.empty() || whole == "EMPTY" || whole == "NONE") return true;
  return structures_until(kToTheEnd, &out->structures);
}

bool TextReader::only_value(Value* out) {
  if (!value({}, out)) return false;
  skip_space();
  return done() || fail("there is more behind the value");
}

// Ends before a ';', `close` or the end of the text.
bool TextReader::structure_until(char close, bool with_features, Structure* out) {
  if (!count() || !structure_name(&out->name)) return false;
  if (with_features && peek() == '(' && !features(out)) return false;
  for (;;) {
    skip_space();
    if (at_end(close) || peek() == ';') return true;
    if (!take(',')) return fail("expected \",\" or \";\"");
    skip_space();
    if (at_end(close) || peek() == ';') return true;
    if (out->fields.size() >= TextLimits::kFields) return fail("a structure has too many fields");
    if (!field(out)) return false;
  }
}

bool TextReader::structures_until(char close, std::vector<Structure>* out) {
  for (;;) {
    skip_space();
    if (at_end(close)) return true;
    const size_t start = at_;
    Structure& structure = out->emplace_back();
    if (!structure_until(close, true, &structure)) return false;
    if (!is_media_type(structure.name)) return fail(start, "a structure of caps cannot have this name");
    if (!take(';')) return at_end(close) || fail("expected \";\"");
  }
}

bool TextReader::structure_name(std::string* out) {
  skip_space();
  const size_t start = at_;
  if (peek() == '"') {
    const size_t used = unquote(text_.substr(at_), out);
    if (used == std::string_view::npos) return fail(start, "a quote is not closed");
    at_ += used;
  } else {
    *out = plain();
  }
  if (out->empty()) return fail(start, "expected the name of a structure");
  if (!is_structure_name(*out)) return fail(start, "a structure cannot have this name");
  skip_space();
  return true;
}

bool TextReader::features(Structure* out) {
  ++at_;
  for (;;) {
    skip_space();
    const std::string_view feature = plain();
    if (feature.empty()) return fail("expected the name of a feature");
    if (!count()) return false;
    // What everybody has is not written.
    if (feature != "memory:SystemMemory") out->features.emplace_back(feature);
    skip_space();
    if (take(')')) return true;
    if (!take(',')) return fail("expected \",\" or \")\" behind a feature");
  }
}

bool TextReader::field(Structure* out) {
  const std::string_view name = plain();
  if (name.empty()) return fail("expected the name of a field");
  skip_space();
  if (!take('=')) return fail("expected \"=\" behind the name of a field");
  Value read;
  if (!value({}, &read)) return false;
  out->set(name, std::move(read));
  return true;
}

// One more of whatever takes memory of its own.
bool TextReader::count() {
  return ++usage_.values <= TextLimits::kValues || fail("there are too many values");
}

void TextReader::skip_space() {
  while (!done() && is_space(text_[at_])) ++at_;
}

bool TextReader::take(char c) {
  if (done() || text_[at_] != c) return false;
  ++at_;
  return true;
}

std::string_view TextReader::plain() {
  const size_t start = at_;
  while (!done() && is_plain(text_[at_])) ++at_;
  return text_.substr(start, at_ - start);
}

bool TextReader::fail(size_t at, std::string what) {
  error_->at = at;
  error_->what = std::move(what);
  return false;
}

}  // namespace flumen::gdp
