// The golden files of GDP, test/vectors/gdp. Any thread.
#pragma once

#include <string>
#include <vector>

namespace flumen::test {

/// Names of all streams, sorted.
std::vector<std::string> golden_names();
/// The bytes of one.
std::string golden_file(const std::string& name);

}  // namespace flumen::test
