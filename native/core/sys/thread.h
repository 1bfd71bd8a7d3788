// Threads of the core: named, and deaf to signals, which belong to the embedding program's main thread.
#pragma once

#include <pthread.h>

#include <csignal>
#include <thread>
#include <utility>

namespace flumen {

/// Starts a thread called `name` (at most 15 characters are kept) with all signals blocked.
template <typename Body>
std::thread start_thread(const char* name, Body body) {
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_setname_np(thread.native_handle(), name);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace flumen
