// Which call fails in each scene of the fault matrix.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

#include "test/faults.h"
#include "test/faults_kernel.h"

namespace flumen::test {

namespace {
constexpr auto kAlways = KernelFault::kAlways;
constexpr auto kAny = KernelFault::kAny;
}  // namespace

std::vector<KernelFault> faults_for(Scene scene, int error) {
  using enum Scene;
  const auto once = [&](Sys sys, int which = kAny, bool victim = true, int skip = 0) {
    return std::vector<KernelFault>{{sys, error, which, victim, skip, 1}};
  };
  const KernelFault old{Sys::kPwritev2, EOPNOTSUPP, kAny, true, 0, kAlways};
  switch (scene) {
    case kSend:
      return once(Sys::kSend, kAny, true, 1);
    case kSendmsg:
      return once(Sys::kSendmsg, kAny, true, 1);
    case kPipe:
      // What a kernel does not know once it never knows.
      return {{Sys::kPwritev2, error, kAny, true, error == EOPNOTSUPP ? 0 : 1,
               error == EOPNOTSUPP ? kAlways : 1}};
    case kOldPipe:
      return {old, {Sys::kWrite, error, kAny, true, 1, 1}};
    case kPipePoll:
      return {old, {Sys::kPoll, error, kAny, true, 1, 1}};
    case kFile:
      return once(Sys::kWritev, kAny, true, 1);
    case kClientRecv:
    case kSourceRecv:
      return once(Sys::kRecv);
    case kPipeRead:
    case kFileRead:
      return once(Sys::kRead);
    case kPipeReadPoll:
      return once(Sys::kPoll);
    case kWatchClient:
    case kWatchSource:
      return once(Sys::kEpollCtl, EPOLL_CTL_ADD);
    case kUnwatch:
      return once(Sys::kEpollCtl, EPOLL_CTL_DEL);
    case kWait:
    case kWaitBroken:
      return once(Sys::kEpollWait, kAny, false, 2);
    case kFstat:
      return once(Sys::kFstat, kAny, false);
    case kFlags:
      return once(Sys::kFcntl, F_GETFL, false);
    case kDuplicate:
      return once(Sys::kFcntl, F_DUPFD_CLOEXEC, false);
    case kSocketType:
      return once(Sys::kGetsockopt, SO_TYPE, false);
    case kPeerName:
      return once(Sys::kGetpeername, kAny, false);
    case kSocketFamily:
      return once(Sys::kGetsockopt, SO_DOMAIN);
    case kSocketOption:
      return {{Sys::kSetsockopt, error, kAny, true, 0, kAlways}};
    case kQueued:
      return once(Sys::kIoctl);
    case kShutdown:
      return once(Sys::kShutdown);
    case kClose:
      return once(Sys::kClose);
    case kEpollCreate:
      return once(Sys::kEpollCreate, kAny, false);
    case kEventfd:
      return once(Sys::kEventfd, kAny, false);
    case kWatchWake:
      return once(Sys::kEpollCtl, EPOLL_CTL_ADD, false);
    case kThread:
      return once(Sys::kThreadCreate, kAny, false);
    case kThreadName:
      return once(Sys::kThreadName, kAny, false);
    case kThreadMask:
      return {{Sys::kThreadMask, error, kAny, false, 0, 2}};
    case kThreadPolicy:
      return once(Sys::kThreadPolicy, kAny, false);
    case kRingSetup:
      return once(Sys::kRingSetup, kAny, false);
    case kRingMap:
      return once(Sys::kMmap, kAny, false, error % 2);  // of two
    case kRingUnmap:
      return once(Sys::kMunmap, kAny, false);
    case kRingEnter:
      return once(Sys::kRingEnter, kAny, false, 2);
    case kRingLost:
      return {{Sys::kRingEnter, KernelFault::kPretend, kAny, false, 2, 1},
              {Sys::kRingEnter, error, kAny, false, 2, 1}};
    case kMemory:
      return once(Sys::kMalloc, kAny, false);
  }
  return {};
}

}  // namespace flumen::test
