// The churn: clients join, stall and leave at random while frames and stream headers go out, over real
// sockets and loops; every byte that arrives is checked.
//   core_churn [--seconds N] [--clients N] [--seed N]   (default: 60 seconds, 2,000 clients)
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "core/sys/clock.h"
#include "test/churn_round.h"

namespace {

using namespace flumen;

constexpr Nanos kRound = 30 * kSecond;

size_t open_descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

uint64_t option(int argc, char** argv, const char* name, uint64_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::strtoull(argv[i + 1], nullptr, 10);
  }
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const Nanos time = static_cast<Nanos>(option(argc, argv, "--seconds", 60)) * kSecond;
  const size_t clients = option(argc, argv, "--clients", 2000);
  uint64_t seed = option(argc, argv, "--seed", static_cast<uint64_t>(::time(nullptr)));
  const size_t before = open_descriptors();
  const Nanos until = monotonic_now() + time;
  test::ChurnTotals totals;
  bool good = true;
  for (Nanos left = time; good && left > 0; left = until - monotonic_now()) {
    std::printf("round %llu: seed %llu\n", static_cast<unsigned long long>(totals.rounds + 1),
                static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    test::ChurnRound round(seed++, clients, totals);
    good = round.run(left < kRound ? left : kRound);
    if (open_descriptors() == before) continue;
    std::printf("PROBLEM %zu descriptors open instead of %zu\n", open_descriptors(), before);
    good = false;
  }
  totals.print();
  std::printf("%s\n", good ? "nothing was wrong" : "FAILED");
  return good ? 0 : 1;
}
