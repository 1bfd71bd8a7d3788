// Errors as values: the core is built without exceptions. An Error names the errno and the operation that
// failed.
#pragma once

#include <utility>

#include "core/base/check.h"

namespace flumen {

/// `code` is an errno value, `operation` a static string naming the system call or check that failed.
struct Error {
  int code = 0;
  const char* operation = "";
};

/// Either a value or an Error.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : ok_(true), value_(std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error) : ok_(false), error_(error) {}        // NOLINT: implicit on purpose

  bool ok() const { return ok_; }
  T& value() {
    FLUMEN_CHECK(ok_);
    return value_;
  }
  const T& value() const {
    FLUMEN_CHECK(ok_);
    return value_;
  }
  const Error& error() const {
    FLUMEN_CHECK(!ok_);
    return error_;
  }

 private:
  bool ok_;
  T value_{};
  Error error_{};
};

}  // namespace flumen
