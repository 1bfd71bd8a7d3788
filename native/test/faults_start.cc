// Rows of the fault matrix at which no loop starts: wherever among several it happens, nothing is left, and
// the next attempt works.
#include <dirent.h>

#include "core/loop/loop_pool.h"
#include "test/faults.h"
#include "test/faults_kernel.h"

namespace flumen::test {

namespace {

size_t open_descriptors() {
  DIR* all = opendir("/proc/self/fd");
  FLUMEN_CHECK(all != nullptr);
  size_t count = 0;
  while (readdir(all) != nullptr) ++count;
  closedir(all);
  return count;
}

class NoBell final : public Bell {
 public:
  void ring() override {}
};

}  // namespace

std::string play_start(const FaultRow& row, int error) {
  for (const int skip : {0, 1}) {
    NoBell bell;
    Outbox outbox(bell);
    Ledger ledger;
    LoopPool pool(outbox, ledger);
    const size_t before = open_descriptors();
    {
      std::vector<KernelFault> faults = faults_for(row.scene, error);
      faults[0].skip = skip;
      const KernelFaults armed{faults[0]};
      const Result<bool> started = pool.start(2);
      if (KernelFaults::fired() == 0) return "the call was never made";
      if (started.ok()) return "the loops started";
      if (started.error().code != error || std::string(started.error().operation) != row.operation)
        return "the error is " + std::to_string(started.error().code) + " in " + started.error().operation;
    }
    if (pool.started()) return "some loops are left";
    if (open_descriptors() != before) return "descriptors are left open";
    if (!pool.start(2).ok()) return "the next attempt fails";
    {
      const KernelFaults armed{faults_for(row.scene, error)[0]};
      if (pool.file_loop().ok()) return "the file loop started";
    }
    if (!pool.file_loop().ok()) return "the next attempt for files fails";
    pool.stop();
    if (open_descriptors() != before) return "descriptors are left open at the end";
  }
  return "";
}

}  // namespace flumen::test
