// Simulated months: three sinks, on a virtual clock and a fake kernel, each started shortly before other
// boundaries of 32 bits and of a double's 53, which it crosses on its way.
//   core_months [--days N] [--listeners N] [--life 1|2|3]     (default: 90 days, 10,000 listeners, all three)
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "test/months_life.h"

namespace {

using namespace flumen;
using namespace flumen::test;

/// Three ways to treat listeners, and three pasts.
std::vector<MonthsPlan> plans(double days, uint64_t listeners) {
  // So much before a boundary it begins: half of the way lies behind it.
  const auto half = static_cast<Nanos>(days * 12 * 3600) * kSecond;
  const auto frames = static_cast<uint64_t>(half / kMonthsPeriod);
  const auto bytes = frames * 3000;
  std::vector<MonthsPlan> all(3);
  all[0].name = "from nothing";
  all[0].floods = true;
  all[0].across = {0, 0, 0, (Nanos{1} << 32) * kMillisecond};
  all[0].options.start = {SyncMethod::kBurst, {Unit::kBytes, 20'000}, {}};
  all[1].name = "2^31 frames";
  // … and as many steps of the clock of a client's activity as 32 bits hold.
  all[1].across = {uint64_t{1} << 31, uint64_t{1} << 32, Nanos{1} << 53, Nanos{1} << 52};
  all[1].options.start = {SyncMethod::kBurstKeyframe, {Unit::kTime, 10 * kSecond}, {}};
  all[1].options.lag = {{Unit::kTime, 60 * kSecond}, {Unit::kTime, 600 * kSecond}, RecoverPolicy::kKeyframe};
  all[1].options.idle_timeout = 12 * kHour;  // longer than any pause
  all[2].name = "2^32 frames";
  all[2].across = {uint64_t{1} << 32, uint64_t{1} << 53, Nanos{1} << 62, Nanos{1} << 53};
  all[2].options.lag = {{Unit::kFrames, 20}, {Unit::kFrames, 100}, RecoverPolicy::kLatest};
  for (MonthsPlan& plan : all) {
    plan.days = days;
    plan.listeners = listeners / 3;
    plan.options.flush_interval = 10 * kSecond;
    plan.options.stall_timeout = 120 * kSecond;
    const RigStart& across = plan.across;
    plan.start.now = across.now - half;
    if (across.frames == 0) continue;
    plan.start = {across.frames - frames, across.bytes - bytes, across.time - half, across.now - half};
  }
  return all;
}

void report(const MonthsPlan& plan, const MonthsLife& life, double seconds) {
  const MonthsCounts& c = life.counts();
  const auto n = [](auto value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "months: %s: %.1f days in %.1f s; %llu pushes of %.1f GB, %llu restarts, %llu jumps, %llu pauses; %llu "
      "listeners, at most %llu at once; %llu writes of %.1f GB, at most %.1f GB to one, %llu over 4 GiB; "
      "%llu stalls, "
      "%llu recoveries; left ended %llu, closed %llu, removed %llu, slow %llu, timeout %llu; live blocks "
      "%llu, then %llu, "
      "MB %.1f, then %.1f\n",
      plan.name.c_str(), plan.days, seconds, n(c.pushes), static_cast<double>(c.media) / 1e9, n(c.restarts),
      n(c.jumps), n(c.pauses), n(c.listeners), n(c.most_at_once), n(c.writes),
      static_cast<double>(c.accepted) / 1e9, static_cast<double>(c.most_accepted) / 1e9, n(c.over_4gib),
      n(c.stalls), n(c.recoveries), n(c.left[1]), n(c.left[2]), n(c.left[3]), n(c.left[4]), n(c.left[5]),
      n(c.blocks_at_first), n(c.blocks_at_last), static_cast<double>(c.bytes_at_first) / 1e6,
      static_cast<double>(c.bytes_at_last) / 1e6);
  for (const std::string& problem : life.problems())
    std::printf("  %s FAILED: %s\n", plan.name.c_str(), problem.c_str());
}

/// Whatever months are to show must have happened.
bool shows_all(const MonthsCounts& c, bool floods) {
  const bool all = c.restarts > 1 && c.jumps > 0 && c.stalls > 0 && c.left[1] > 0 && c.left[2] > 0 &&
                   c.left[3] > 0 && c.left[4] > 0 && c.left[5] > 0 && (!floods || c.over_4gib > 0);
  if (!all) std::printf("  FAILED: a life that lacks what it is for shows nothing\n");
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  double days = 90;
  uint64_t listeners = 10'000;
  size_t only = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--days") == 0) days = std::strtod(argv[i + 1], nullptr);
    if (std::strcmp(argv[i], "--listeners") == 0) listeners = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--life") == 0) only = std::strtoull(argv[i + 1], nullptr, 10);
  }
  const std::vector<MonthsPlan> all = plans(days, listeners);
  std::vector<int> failed(all.size(), 1);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < all.size(); ++i) {
    if (only > 0 && i + 1 != only) failed[i] = 0;
    if (only > 0 && i + 1 != only) continue;
    threads.emplace_back([&, i] {
      const auto started = std::chrono::steady_clock::now();
      MonthsLife life(all[i], i + 1);
      const bool good = life.run();
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
      report(all[i], life, took.count());
      failed[i] = good && shows_all(life.counts(), all[i].floods) ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  int sum = 0;
  for (const int one : failed) sum += one;
  return sum == 0 ? 0 : 1;
}
