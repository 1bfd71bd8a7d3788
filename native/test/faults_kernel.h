// System calls that fail when a test says so: the linker leads every call of this program through here
// (--wrap, see CMakeLists.txt), so the core needs no hooks. Any thread; one KernelFaults at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace flumen::test {

enum class Sys : uint8_t {
  kSend,
  kSendmsg,
  kWritev,
  kPwritev2,
  kWrite,
  kRecv,
  kRead,
  kPoll,
  kEpollCreate,
  kEpollCtl,
  kEpollWait,
  kEventfd,
  kFstat,
  kFcntl,
  kGetsockopt,
  kSetsockopt,
  kGetpeername,
  kIoctl,
  kShutdown,
  kClose,
  kRingSetup,
  kRingEnter,
  kMmap,
  kMunmap,
  kThreadCreate,
  kThreadName,
  kThreadMask,
  kThreadPolicy,
  kMalloc,
};

/// `skip` matching calls go through, then `count` fail with `error`, the others go through.
struct KernelFault {
  Sys sys;
  int error = 0;
  int which = kAny;     // fcntl's command, epoll_ctl's operation, the name of a socket option
  bool victim = false;  // only on the descriptor that note_victim() has announced
  int skip = 0;
  int count = 1;

  static constexpr int kAny = -1;
  static constexpr int kAlways = 1'000'000'000;
  /// As `error` of kRingEnter: says that all were submitted, and does nothing.
  static constexpr int kPretend = -1;
};

enum class Scene : uint8_t;
/// The calls that fail with `error` in this scene: one or two.
std::vector<KernelFault> faults_for(Scene scene, int error);

class KernelFaults {
 public:
  KernelFaults(std::initializer_list<KernelFault> faults);
  ~KernelFaults();
  KernelFaults(const KernelFaults&) = delete;
  KernelFaults& operator=(const KernelFaults&) = delete;

  /// How many calls have failed.
  static int fired();
  /// The next descriptor that is duplicated (F_DUPFD_CLOEXEC) is the victim.
  static void note_victim();
};

}  // namespace flumen::test
