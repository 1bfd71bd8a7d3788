// The simulation: random lives of a shard against the model, in batches of 1000 seeds on all processors.
//   core_sim [SEEDS]             (default: FLUMEN_SEEDS, else 1000)
//   core_sim --seed N [--trace]  plays one again
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "test/world.h"

namespace {

using flumen::test::Choices;
using flumen::test::World;
using flumen::test::WorldCounts;

constexpr uint64_t kBatch = 1000;

// For whoever dies of a failed check.
thread_local uint64_t seed_played = 0;

void on_abort(int) {
  char text[64];
  const int size = std::snprintf(
      text, sizeof text, "seed %llu ABORTED\n  replay: core_sim --seed %llu --trace\n",
      static_cast<unsigned long long>(seed_played), static_cast<unsigned long long>(seed_played));
  if (write(STDERR_FILENO, text, static_cast<size_t>(size)) < 0) _exit(1);
}

bool play(uint64_t seed, bool trace, WorldCounts& counts) {
  seed_played = seed;
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
  return std::ranges::none_of(flumen::test::kWorldCounts,
                              [&](const auto& one) { return one.wanted && counts.*one.count == 0; });
}

void report(const char* name, const WorldCounts& counts) {
  std::string line = name;
  for (const auto& one : flumen::test::kWorldCounts) {
    line += (one.count == &WorldCounts::operations ? ": " : ", ") + std::string(one.name) + " " +
            std::to_string(counts.*one.count);
  }
  std::printf("%s\n", line.c_str());
}

/// Lives from all seeds, a batch at a time on each thread.
class Run {
 public:
  explicit Run(uint64_t seeds) : seeds_(seeds) {}

  bool play_all() {
    std::vector<std::thread> threads;
    for (size_t i = std::max(1U, std::thread::hardware_concurrency()); i > 0; --i)
      threads.emplace_back([this] { play_batches(); });
    for (std::thread& thread : threads) thread.join();
    report("all", all_);
    return failed_ == 0;
  }
  uint64_t failed() const { return failed_; }
  double operations_each() const {
    return static_cast<double>(all_.operations) / static_cast<double>(std::max<uint64_t>(seeds_, 1));
  }

 private:
  static constexpr uint64_t kEnough = 5;

  void play_batches() {
    for (uint64_t first; failed_ < kEnough && (first = next_.fetch_add(kBatch)) < seeds_;) {
      const uint64_t end = std::min(first + kBatch, seeds_);
      WorldCounts counts;
      for (uint64_t seed = first; seed < end && failed_ < kEnough; ++seed)
        failed_ += play(seed, false, counts) ? 0 : 1;
      const std::lock_guard lock(mutex_);
      all_.add(counts);
      if (failed_ > 0 || end - first < kBatch || shows_all(counts)) continue;
      report("a batch", counts);
      std::printf("seeds %llu-%llu FAILED: a batch that lacks what it is for shows nothing\n",
                  static_cast<unsigned long long>(first), static_cast<unsigned long long>(end - 1));
      ++failed_;
    }
  }

  const uint64_t seeds_;
  std::atomic<uint64_t> next_{0};
  std::atomic<uint64_t> failed_{0};
  std::mutex mutex_;  // what follows, and the output
  WorldCounts all_;
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, on_abort);
  if (argc >= 3 && std::strcmp(argv[1], "--seed") == 0) {
    WorldCounts counts;
    const bool good = play(std::strtoull(argv[2], nullptr, 10), argc > 3, counts);
    report("seed", counts);
    return good ? 0 : 1;
  }
  // Lives are short: memory that one gives back is the next one's.
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  const char* wanted = argc > 1 ? argv[1] : std::getenv("FLUMEN_SEEDS");
  const uint64_t seeds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1000;
  const auto started = std::chrono::steady_clock::now();
  Run run(seeds);
  const bool good = run.play_all();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf("%llu seeds in %.1f s, %.0f operations each, %llu failed\n",
              static_cast<unsigned long long>(seeds), took.count(), run.operations_each(),
              static_cast<unsigned long long>(run.failed()));
  return good ? 0 : 1;
}
