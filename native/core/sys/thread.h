// Threads of the core: named, deaf to signals, which belong to the embedding program's main thread, and
// patient: one that is woken does not push aside whoever woke it.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <csignal>
#include <memory>
#include <utility>

#include "core/base/result.h"

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

/// A thread that has been started, and has to be joined.
class Thread {
 public:
  Thread() = default;
  explicit Thread(pthread_t handle) : handle_(handle), runs_(true) {}
  Thread(Thread&& other) noexcept : handle_(other.handle_), runs_(std::exchange(other.runs_, false)) {}
  Thread& operator=(Thread&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(runs_, other.runs_);
    return *this;
  }
  ~Thread() { FLUMEN_CHECK(!runs_); }

  bool joinable() const { return runs_; }
  void join() {
    pthread_join(handle_, nullptr);
    runs_ = false;
  }

 private:
  pthread_t handle_{};
  bool runs_ = false;
};

/// Starts a patient thread called `name` (at most 15 characters are kept) with all signals blocked. EAGAIN:
/// the process may have no more threads. Not by std::thread, which would throw that.
template <typename Body>
Result<Thread> start_thread(const char* name, Body body) {
  auto owned = std::make_unique<Body>(std::move(body));
  const auto run = [](void* data) -> void* {
    const std::unique_ptr<Body> own(static_cast<Body*>(data));
    (*own)();
    return nullptr;
  };
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const int error = pthread_create(&thread, nullptr, run, owned.get());
  if (error == 0) {
    owned.release();
    pthread_setname_np(thread, name);
    make_patient(thread);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return Error{error, "pthread_create"};
  return Thread(thread);
}

}  // namespace flumen
