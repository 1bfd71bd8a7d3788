// The reader behind structure_text.h: one cursor over one text, recursive by the grammar, bounded. Lives for
// one call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/gdp/structure_text.h"

namespace flumen::gdp {

class TextReader {
 public:
  /// How far the limits are used up, over all texts that stand in one another.
  struct Usage {
    size_t values = 0;
    size_t depth = 0;
    size_t structures = 0;
  };

  TextReader(std::string_view text, Usage* usage, TextError* error)
      : text_(text), usage_(*usage), error_(error) {}

  bool structure(Structure* out);
  bool caps(Caps* out);
  /// With nothing behind it.
  bool only_value(Value* out);

 private:
  /// A "(type)": the value's own, or the one in front of the bracket that it stands in.
  struct Type {
    bool known = false;
    ValueType type = ValueType::kString;
    std::string_view name;
  };

  /// In place of a closing bracket.
  static constexpr char kToTheEnd = '\0';

  bool structure_until(char close, bool with_features, Structure* out);
  bool structures_until(char close, std::vector<Structure>* out);
  bool structure_name(std::string* out);
  bool features(Structure* out);
  bool field(Structure* out);

  bool value(const Type& inherited, Value* out);
  bool read_type(Type* out);
  bool scalar(const Type& type, Value* out);
  bool sequence(const Type& type, Value* out);
  bool range(Type type, Value* out);
  bool nested(const Type& type, size_t at, const std::string* in_quotes, Value* out);
  bool bracketed(Value* out);
  bool nested_text(size_t at, const std::string& inner, Value* out);

  bool count();
  void skip_space();
  bool done() const { return at_ >= text_.size(); }
  bool at_end(char close) const { return done() || (close != kToTheEnd && text_[at_] == close); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c);
  std::string_view plain();
  bool bracket_opens_structure() const;
  bool fail(size_t at, std::string what);
  bool fail(std::string what) { return fail(at_, std::move(what)); }

  std::string_view text_;
  size_t at_ = 0;
  Usage& usage_;
  TextError* error_;
};

}  // namespace flumen::gdp
