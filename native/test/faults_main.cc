// The fault matrix: every call to the system failing with every errno it can give.
//   core_faults [DOCS]           plays all rows, and compares the table in DOCS with them
//   core_faults --only TEXT      … the rows whose call begins so
//   core_faults --write DOCS     puts the table into DOCS
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "test/faults.h"

namespace {

using namespace flumen::test;

constexpr char kBegin[] = "<!-- the table: core_faults --write -->\n";
constexpr char kEnd[] = "<!-- end of the table -->\n";

std::string read_file(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// `page` with the table as it is now.
std::string renewed(const std::string& page) {
  const size_t begin = page.find(kBegin), end = page.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos) return "";
  return page.substr(0, begin) + kBegin + "\n" + fault_table() + "\n" + page.substr(end);
}

// For whoever dies of a failed check.
const char* call_played = "";
int error_played = 0;

void on_abort(int) {
  char text[160];
  const int size =
      std::snprintf(text, sizeof text, "%s: %s ABORTED\n", call_played, errno_name(error_played));
  if (write(STDERR_FILENO, text, static_cast<size_t>(size)) < 0) _exit(1);
}

size_t play(const FaultRow& row, size_t& runs) {
  size_t failed = 0;
  for (const int error : row.errnos) {
    call_played = row.call;
    error_played = error;
    const std::string live = play_live(row, error);
    const std::string fake = play_fake(row, error, runs);
    ++runs;
    for (const std::string& wrong : {live, fake}) {
      if (wrong.empty()) continue;
      ++failed;
      std::printf("%s: %s FAILED: %s\n", row.call, errno_name(error), wrong.c_str());
    }
  }
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  // As Node has it.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGABRT, on_abort);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const bool writes = argc > 2 && std::strcmp(argv[1], "--write") == 0;
  const char* only = argc > 2 && std::strcmp(argv[1], "--only") == 0 ? argv[2] : "";
  if (writes) {
    const std::string page = renewed(read_file(argv[2]));
    std::ofstream(argv[2]) << page;
    return page.empty() ? 1 : 0;
  }
  const auto started = std::chrono::steady_clock::now();
  size_t runs = 0, failed = 0, rows = 0;
  for (const FaultRow& row : fault_rows()) {
    if (std::strncmp(row.call, only, std::strlen(only)) != 0) continue;
    ++rows;
    failed += play(row, runs);
  }
  if (argc == 2 && renewed(read_file(argv[1])) != read_file(argv[1])) {
    std::printf("%s FAILED: its table is not that of the tests; run core_faults --write on it\n", argv[1]);
    ++failed;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf("faults: %zu rows, %zu runs in %.1f s, %zu failed\n", rows, runs, took.count(), failed);
  return failed == 0 ? 0 : 1;
}
