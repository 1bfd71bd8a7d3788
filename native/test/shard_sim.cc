// The simulation: random lives of a shard against the model, in batches of 100 seeds.
//   core_sim [SEEDS]            (default: FLUMEN_SEEDS, else 1000)
//   core_sim --seed N [--trace]  plays one again
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "test/world.h"

namespace {

using flumen::test::Choices;
using flumen::test::World;
using flumen::test::WorldCounts;

constexpr uint64_t kBatch = 100;

bool play(uint64_t seed, bool trace, WorldCounts& counts) {
  Choices choices(seed);
  World world(choices, trace);
  const bool good = world.run();
  counts.add(world.counts());
  if (good) return true;
  std::printf("seed %llu FAILED (%s)\n", static_cast<unsigned long long>(seed), world.describe().c_str());
  for (const std::string& problem : world.problems()) std::printf("  %s\n", problem.c_str());
  std::printf("  replay: core_sim --seed %llu --trace\n", static_cast<unsigned long long>(seed));
  return false;
}

// True when nothing is missing that a batch is to show.
bool shows_all(const WorldCounts& counts) {
  return std::ranges::none_of(flumen::test::kWorldCounts, [&](const auto& one) {
    return one.wanted && counts.*one.count == 0;
  });
}

void report(const char* name, const WorldCounts& counts) {
  std::string line = name;
  for (const auto& one : flumen::test::kWorldCounts) {
    line += (one.count == &WorldCounts::operations ? ": " : ", ") + std::string(one.name) + " " +
            std::to_string(counts.*one.count);
  }
  std::printf("%s\n", line.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 3 && std::strcmp(argv[1], "--seed") == 0) {
    WorldCounts counts;
    const bool good = play(std::strtoull(argv[2], nullptr, 10), argc > 3, counts);
    report("seed", counts);
    return good ? 0 : 1;
  }
  const char* wanted = argc > 1 ? argv[1] : std::getenv("FLUMEN_SEEDS");
  const uint64_t seeds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1000;
  const auto started = std::chrono::steady_clock::now();
  WorldCounts all;
  uint64_t failed = 0;
  for (uint64_t seed = 0; seed < seeds && failed < 5;) {
    WorldCounts batch;
    const uint64_t first = seed;
    for (; seed < seeds && seed < first + kBatch && failed < 5; ++seed)
      failed += play(seed, false, batch) ? 0 : 1;
    char name[64];
    std::snprintf(name, sizeof name, "seeds %llu-%llu", static_cast<unsigned long long>(first),
                  static_cast<unsigned long long>(seed - 1));
    report(name, batch);
    if (!shows_all(batch) && failed == 0 && seed - first == kBatch) {
      std::printf("%s FAILED: a batch that lacks what it is for shows nothing\n", name);
      ++failed;
    }
    all.add(batch);
  }
  report("all", all);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf("%llu seeds in %.1f s, %llu failed\n", static_cast<unsigned long long>(seeds), took.count(),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
