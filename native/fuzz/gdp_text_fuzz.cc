// Structure text of any kind: what can be read is written as text that reads back as the same.
#include <cstdlib>
#include <string>

#include "core/gdp/sendable.h"
#include "core/gdp/structure_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flumen::gdp;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  TextError error;
  Structure structure;
  if (parse_structure(text, &structure, &error)) {
    const std::string once = print_structure(structure);
    Structure again;
    if (!parse_structure(once, &again, &error) || print_structure(again) != once) std::abort();
    strip_unsendable(&again);
    Event event{&event_of(EventNumber::kCustomBoth), again};
    std::string why;
    if (!is_sendable(event, &why)) std::abort();
  } else if (error.at > size || error.what.empty()) {
    std::abort();
  }
  Caps caps;
  if (parse_caps(text, &caps, &error)) {
    const std::string once = print_caps(caps);
    Caps again;
    if (!parse_caps(once, &again, &error) || print_caps(again) != once) std::abort();
    if (again.is_fixed() != caps.is_fixed()) std::abort();
  } else if (error.at > size || error.what.empty()) {
    std::abort();
  }
  return 0;
}
