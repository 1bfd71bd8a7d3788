// Doors of a sink, addressed by its id. Options and statistics travel as flat numbers (lib/binding.ts has the
// order).
#include "addon/convert.h"
#include "addon/instance.h"
#include "core/sys/clock.h"

namespace flumen {

namespace {

SinkOptions options_from(const double* field) {
  SinkOptions options;
  options.sync_method = field[0] == 0 ? SyncMethod::kLatest : SyncMethod::kBurst;
  options.burst_min = {Unit::kBytes, static_cast<uint64_t>(field[1])};
  const Unit unit = static_cast<Unit>(field[2]);
  options.hard_limit = {unit, unit == Unit::kTime ? static_cast<uint64_t>(nanos_of(field[3]))
                                                  : static_cast<uint64_t>(field[3])};
  options.stall_timeout = nanos_of(field[4]);
  options.memory_cap = static_cast<uint64_t>(field[5]);
  options.flush_interval = nanos_of(field[6]);
  options.notsent_lowat = static_cast<uint32_t>(field[7]);
  options.close_timeout = nanos_of(field[8]);
  options.sockets_only = field[9] != 0;
  return options;
}

LiveSink* sink_of(const Napi::CallbackInfo& info) {
  return Instance::of(info.Env())->sink(info[0].As<Napi::Number>().Uint32Value());
}

// sinkOpen(options: Float64Array) → id
Napi::Value sink_open(const Napi::CallbackInfo& info) {
  Instance& instance = *Instance::of(info.Env());
  if (!instance.start_loops()) return info.Env().Undefined();
  const uint32_t id = instance.next_id++;
  const SinkOptions options = options_from(info[0].As<Napi::Float64Array>().Data());
  instance.sinks.emplace(id, std::make_shared<LiveSink>(id, options, instance.pool, instance.ledger));
  return Napi::Number::New(info.Env(), id);
}

// sinkPush(id, bytes, delta, pts?, dts?, duration?)
Napi::Value sink_push(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  FrameInfo frame;
  if (info[2].ToBoolean()) frame.flags |= FrameFlags::kDelta;
  frame.pts = time_of(info[3]);
  frame.dts = time_of(info[4]);
  frame.duration = time_of(info[5]);
  sink->push(bytes_of(info[1]), frame, monotonic_now());
  return info.Env().Undefined();
}

// sinkAdd(id, fd, chunked, head?) → slot
Napi::Value sink_add(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  const int fd = info[1].As<Napi::Number>().Int32Value();
  const Framing framing = info[2].ToBoolean() ? Framing::kChunked : Framing::kRaw;
  Result<Client*> client = sink->add(fd, framing, text_of(info[3]));
  if (!client.ok()) {
    throw_system_error(info.Env(), client.error());
    return info.Env().Undefined();
  }
  return Napi::Number::New(info.Env(), client.value()->index);
}

// sinkRemove(id, slot)
Napi::Value sink_remove(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  if (Client* client = sink->client_at(info[1].As<Napi::Number>().Uint32Value())) sink->remove(client);
  return info.Env().Undefined();
}

Napi::Value sink_clear(const Napi::CallbackInfo& info) {
  if (LiveSink* sink = sink_of(info)) sink->clear();
  return info.Env().Undefined();
}

// sinkEnd(id, hurry): with `hurry` whoever is not through after closeTimeout is reset.
Napi::Value sink_end(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  if (info[1].ToBoolean()) {
    sink->close();
  } else {
    sink->end();
  }
  return info.Env().Undefined();
}

// sinkStats(id) → [bytes to serve, bytes served, frames queued, bytes queued, bytes held, sends]
Napi::Value sink_stats(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  const SinkStats stats = sink->stats();
  auto figures = Napi::Float64Array::New(info.Env(), 6);
  figures[0] = static_cast<double>(stats.bytes_to_serve);
  figures[1] = static_cast<double>(stats.bytes_served);
  figures[2] = static_cast<double>(stats.frames_queued);
  figures[3] = static_cast<double>(stats.bytes_queued);
  figures[4] = static_cast<double>(stats.bytes_held);
  figures[5] = static_cast<double>(stats.sends);
  return figures;
}

}  // namespace

void export_sink_doors(Napi::Env env, Napi::Object exports) {
  exports.Set("sinkOpen", Napi::Function::New(env, sink_open, "sinkOpen"));
  exports.Set("sinkPush", Napi::Function::New(env, sink_push, "sinkPush"));
  exports.Set("sinkAdd", Napi::Function::New(env, sink_add, "sinkAdd"));
  exports.Set("sinkRemove", Napi::Function::New(env, sink_remove, "sinkRemove"));
  exports.Set("sinkClear", Napi::Function::New(env, sink_clear, "sinkClear"));
  exports.Set("sinkEnd", Napi::Function::New(env, sink_end, "sinkEnd"));
  exports.Set("sinkStats", Napi::Function::New(env, sink_stats, "sinkStats"));
}

}  // namespace flumen
