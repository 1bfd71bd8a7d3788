#include "addon/instance.h"

#include <cstring>
#include <thread>

namespace flumen {

namespace {

// On the environment's thread, when the bell has rung. What the JavaScript side throws becomes an
// uncaughtException.
void call_back(napi_env env, napi_value callback, void*, void*) {
  if (env == nullptr || callback == nullptr) return;
  napi_value receiver = nullptr;
  napi_get_undefined(env, &receiver);
  if (napi_call_function(env, receiver, callback, 0, nullptr, nullptr) != napi_pending_exception) return;
  napi_value exception = nullptr;
  napi_get_and_clear_last_exception(env, &exception);
  napi_fatal_exception(env, exception);
}

}  // namespace

void Doorbell::ring() {
  // A full queue means that a call is on its way already, and that call will drain everything.
  if (!muted.load(std::memory_order_acquire))
    napi_call_threadsafe_function(function, nullptr, napi_tsfn_nonblocking);
}

Instance* Instance::of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Instance*>(data);
}

void Instance::shut_down() {
  bell.muted.store(true, std::memory_order_release);
  pool.stop();
  // Sources that were never attached have no loop that owned them.
  for (auto& [id, entry] : sources) {
    if (entry.loop == nullptr) delete entry.source;
  }
  sources.clear();
  sinks.clear();
}

napi_status Instance::hang_bell(napi_value callback) {
  napi_value name = nullptr;
  napi_create_string_utf8(env_, "flumen bell", NAPI_AUTO_LENGTH, &name);
  const napi_status status = napi_create_threadsafe_function(env_, callback, nullptr, name, 1, 1, nullptr,
                                                             nullptr, nullptr, call_back, &bell.function);
  if (status != napi_ok) return status;
  // Nothing is alive yet that should keep the process up: lib/ says when.
  napi_unref_threadsafe_function(env_, bell.function);
  bell.muted.store(false, std::memory_order_release);
  return napi_add_env_cleanup_hook(
      env_, [](void* self) { static_cast<Instance*>(self)->shut_down(); }, this);
}

bool Instance::start_loops() {
  if (pool.started()) return true;
  const size_t cores = std::thread::hardware_concurrency();
  const size_t count = loop_count > 0 ? loop_count : LoopPool::count_for(cores);
  Result<bool> started = pool.start(count, sends);
  if (!started.ok()) throw_system_error(env_, started.error());
  return started.ok();
}

LiveSink* Instance::sink(uint32_t id) const {
  const auto found = sinks.find(id);
  if (found != sinks.end()) return found->second.get();
  throw_sink_closed(env_);
  return nullptr;
}

FdSource* Instance::source(uint32_t id) const {
  const auto found = sources.find(id);
  if (found != sources.end() && found->second.source != nullptr) return found->second.source;
  napi_throw_error(env_, "ERR_FLUMEN_CLOSED", "the source is closed");
  return nullptr;
}

void throw_sink_closed(napi_env env) { napi_throw_error(env, "ERR_FLUMEN_CLOSED", "the sink is closed"); }

void throw_system_error(napi_env env, const Error& error) {
  Napi::Error thrown = Napi::Error::New(env, std::strerror(error.code));
  thrown.Set("errno", Napi::Number::New(env, error.code));
  thrown.Set("syscall", Napi::String::New(env, error.operation));
  thrown.ThrowAsJavaScriptException();
}

}  // namespace flumen
