// Threads of the core: named, deaf to signals, which belong to the embedding program's main thread, and
// patient: one that is woken does not push aside whoever woke it.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <csignal>
#include <thread>
#include <utility>

namespace flumen {

/// Makes `thread` a batch thread, unless the program was started under a policy of its own. When it wakes it
/// takes an idle core, or waits for its turn, some milliseconds at most; it gets no smaller share of the CPU.
/// Where the system refuses, everything works as before, only dearer.
inline void make_patient(pthread_t thread) {
  int policy = 0;
  sched_param param{};
  if (pthread_getschedparam(thread, &policy, &param) == 0 && policy == SCHED_OTHER)
    pthread_setschedparam(thread, SCHED_BATCH, &param);
}

/// Starts a patient thread called `name` (at most 15 characters are kept) with all signals blocked.
template <typename Body>
std::thread start_thread(const char* name, Body body) {
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_setname_np(thread.native_handle(), name);
  make_patient(thread.native_handle());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace flumen
