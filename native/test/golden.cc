#include "test/golden.h"

#include <dirent.h>

#include <algorithm>
#include <cstdio>

#include "core/base/check.h"

namespace flumen::test {

namespace {

// Where the build says that they are.
const std::string kGoldenFolder = FLUMEN_GOLDEN;

}  // namespace

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  DIR* folder = opendir(kGoldenFolder.c_str());
  FLUMEN_CHECK(folder != nullptr);
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name.ends_with(".gdp")) names.push_back(name);
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

std::string golden_file(const std::string& name) {
  FILE* file = std::fopen((kGoldenFolder + "/" + name).c_str(), "rb");
  FLUMEN_CHECK(file != nullptr);
  std::string bytes;
  char piece[4096];
  while (const size_t got = std::fread(piece, 1, sizeof piece, file)) bytes.append(piece, got);
  std::fclose(file);
  return bytes;
}

}  // namespace flumen::test
