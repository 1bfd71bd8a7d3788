// Everything native that belongs to one Node environment (main thread or worker): counters, loops, sinks,
// sources and the bell. Created with the module, torn down by the cleanup hook. Environment's thread only,
// but for the bell.
#pragma once

#include <napi.h>

#include <atomic>
#include <map>
#include <memory>

#include "core/gdp/parser.h"
#include "core/loop/live_sink.h"

namespace flumen {

/// A thread-safe function with room for one call and no payload: JavaScript then drains the outbox in
/// batches.
class Doorbell final : public Bell {
 public:
  void ring() override;

  napi_threadsafe_function function = nullptr;
  std::atomic<bool> muted{true};
};

class Instance {
 public:
  static Instance* of(napi_env env);

  explicit Instance(napi_env env) : env_(env) {}
  /// Stops all threads and closes all descriptors. Runs as cleanup hook, before the bell is taken down.
  void shut_down();
  /// Installs the JavaScript function that the bell calls, and only then the cleanup hook (hooks run last in
  /// first out).
  napi_status hang_bell(napi_value callback);

  /// Starts the loops on first use. False with a pending JavaScript exception.
  bool start_loops();
  LiveSink* sink(uint32_t id) const;
  FdSource* source(uint32_t id) const;

  struct SourceEntry {
    FdSource* source = nullptr;  // owned by `loop` once attached, else by us; null when it is closing
    Loop* loop = nullptr;
    LiveSink* sink = nullptr;  // kept by the source
  };

  size_t loop_count = 0;  // 0: default
  EpollIo::Sends sends = EpollIo::Sends::kBatched;
  uint32_t next_id = 1;
  Ledger ledger;
  Doorbell bell;
  Outbox outbox{bell};
  LoopPool pool{outbox, ledger};
  std::map<uint32_t, std::shared_ptr<LiveSink>> sinks;
  std::map<uint32_t, SourceEntry> sources;
  std::map<uint32_t, std::unique_ptr<gdp::Parser>> parsers;  // GDP, fed by JavaScript

 private:
  napi_env env_;
};

/// Throws a JavaScript Error with `errno` and `syscall`; lib/errors.ts adds the code.
void throw_system_error(napi_env env, const Error& error);

/// … and one that says that the sink is closed.
void throw_sink_closed(napi_env env);

/// The doors, by file.
void export_environment_doors(Napi::Env env, Napi::Object exports);
void export_sink_doors(Napi::Env env, Napi::Object exports);
void export_source_doors(Napi::Env env, Napi::Object exports);
void export_gdp_doors(Napi::Env env, Napi::Object exports);

}  // namespace flumen
