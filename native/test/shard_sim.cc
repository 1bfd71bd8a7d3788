// The simulation: random lives of a shard against the model, in batches of 100 seeds.
//   core_sim [SEEDS]            (default: FLUMEN_SEEDS, else 1000)
//   core_sim --seed N [--trace]  plays one again
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

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

bool report(const char* name, const WorldCounts& counts) {
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%s: short writes %llu, EAGAIN %llu, resets %llu, slow %llu, stalls %llu, cap %llu, FIN %llu, errors "
      "%llu, clients %llu, frames %llu, MB %llu, turns %llu\n",
      name, number(counts.short_writes), number(counts.eagains), number(counts.resets), number(counts.slow),
      number(counts.stalls), number(counts.caps), number(counts.fins), number(counts.errors),
      number(counts.clients), number(counts.frames), number(counts.bytes / 1'000'000), number(counts.turns));
  std::printf(
      "  recovered: latest %llu, soft limit %llu, key frame %llu; waits for key frames %llu, positions by "
      "push "
      "%llu, flush removals %llu, rules of their own %llu\n",
      number(counts.to_latest), number(counts.to_soft), number(counts.to_key), number(counts.key_waits),
      number(counts.by_push), number(counts.flushes), number(counts.rules));
  const uint64_t wanted[] = {counts.short_writes, counts.eagains, counts.resets, counts.slow,
                             counts.to_latest,    counts.to_soft, counts.to_key, counts.key_waits,
                             counts.by_push,      counts.flushes, counts.rules};
  return std::ranges::find(wanted, uint64_t{0}) == std::end(wanted);
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
    if (!report(name, batch) && failed == 0 && seed - first == kBatch) {
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
