// Invariant checks that stay on in release builds: a broken invariant in the fan-out would send wrong bytes
// to thousands of receivers, so stopping with a message is the smaller harm. Any thread.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace flumen {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "flumen: internal check failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace flumen

#define FLUMEN_CHECK(condition)                                               \
  do {                                                                        \
    if (!(condition)) ::flumen::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
