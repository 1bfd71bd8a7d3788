// Doors of a sink, addressed by its id. Options and statistics travel as flat numbers (lib/binding.ts has the
// order).
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "addon/convert.h"
#include "addon/instance.h"

namespace flumen {

namespace {

// Rules and options are read in the order in which lib/sink/rules.ts, options.ts and add-options.ts write
// them.
class FlatReader {
 public:
  explicit FlatReader(const Napi::Value& numbers) : next_(numbers.As<Napi::Float64Array>().Data()) {}

  double number() { return *next_++; }
  uint64_t count() { return static_cast<uint64_t>(number()); }
  bool flag() { return number() != 0; }
  Nanos time() { return nanos_of(number()); }
  template <typename Enum>
  Enum choice() {
    return static_cast<Enum>(count());
  }
  Amount amount() {
    const Unit unit = choice<Unit>();
    return {unit, unit == Unit::kTime ? static_cast<uint64_t>(time()) : count()};
  }
  StartRule start() {
    StartRule rule;
    rule.method = choice<SyncMethod>();
    rule.min = amount();
    rule.max = amount();
    return rule;
  }
  LagRule lag() {
    LagRule rule;
    rule.soft = amount();
    rule.hard = amount();
    rule.recover = choice<RecoverPolicy>();
    return rule;
  }
  SocketCare socket() {
    SocketCare care;
    care.notsent_lowat = static_cast<uint32_t>(count());
    care.no_delay = flag();
    care.send_buffer = static_cast<uint32_t>(count());
    care.dscp = static_cast<int32_t>(number());
    care.keep_alive = time();
    care.user_timeout = time();
    return care;
  }

 private:
  const double* next_;
};

SinkOptions options_from(FlatReader flat) {
  SinkOptions options;
  options.start = flat.start();
  options.lag = flat.lag();
  options.position_on_push = flat.flag();
  options.keep.frames = flat.count();
  options.keep.bytes = flat.count();
  options.keep.time = flat.time();
  options.stall_timeout = flat.time();
  options.idle_timeout = flat.time();
  options.memory_cap = flat.count();
  options.flush_interval = flat.time();
  options.close_timeout = flat.time();
  options.sockets_only = flat.flag();
  options.keep_half_closed = flat.flag();
  options.socket = flat.socket();
  options.pace = flat.choice<PaceRule>();
  options.checksums.header = flat.flag();
  options.checksums.payload = flat.flag();
  return options;
}

ClientOptions client_options_from(FlatReader flat) {
  ClientOptions options;
  options.framing = flat.choice<Framing>();
  options.icy_interval = static_cast<uint32_t>(flat.count());
  options.lead = static_cast<uint32_t>(flat.count());
  options.gdp = flat.flag();
  options.resend_headers = flat.flag();
  options.wants_input = flat.flag();
  auto rules = std::make_unique<ClientRules>();
  if (flat.flag()) rules->start = flat.start();
  if (flat.flag()) rules->lag = flat.lag();
  if (flat.flag()) rules->socket = flat.socket();
  if (rules->start || rules->lag || rules->socket) options.rules = std::move(rules);
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
  const SinkOptions options = options_from(FlatReader(info[0]));
  instance.sinks.emplace(id, std::make_shared<LiveSink>(id, options, instance.pool, instance.ledger));
  return Napi::Number::New(info.Env(), id);
}

using PushDoor = std::weak_ptr<LiveSink>;

// (bytes, flags?, pts?, dts?, duration?, offset?, offsetEnd?) → false: wait for kSinkDrained; flags are
// FrameFlags.
Napi::Value push(const Napi::CallbackInfo& info) {
  const std::shared_ptr<LiveSink> sink = static_cast<PushDoor*>(info.Data())->lock();
  // The last command of a sink that has gone may keep it a moment longer.
  if (sink == nullptr || sink->ended()) {
    throw_sink_closed(info.Env());
    return info.Env().Undefined();
  }
  FrameInfo frame;
  if (info.Length() > 1) {
    frame.flags = static_cast<uint8_t>(info[1].As<Napi::Number>().Uint32Value());
    frame.pts = time_of(info[2]);
    frame.dts = time_of(info[3]);
    frame.duration = time_of(info[4]);
    frame.offset = offset_of(info[5]);
    frame.offset_end = offset_of(info[6]);
  }
  return Napi::Boolean::New(info.Env(), sink->push(bytes_of(info[0]), frame, monotonic_now()));
}

// sinkPusher(id) → push() of this sink alone: it has no number to look up, see ADR 22. Whoever keeps the
// function keeps nothing of the sink but its empty storage.
Napi::Value sink_pusher(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  auto* door = new PushDoor(sink->weak_from_this());
  const Napi::Function function = Napi::Function::New<push>(info.Env(), "push", door);
  function.AddFinalizer([](Napi::Env, PushDoor* unused) { delete unused; }, door);
  return function;
}

// sinkAdd(id, fd, head?, options: Float64Array, client: number, deadline, prelude?) → slot
Napi::Value sink_add(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  const int fd = info[1].As<Napi::Number>().Int32Value();
  ClientOptions options = client_options_from(FlatReader(info[3]));
  options.id = info[4].As<Napi::Number>().Uint32Value();
  options.deadline = monotonic_of(info[5].As<Napi::Number>().DoubleValue());
  options.prelude = bytes_of(info[6]);
  Result<Client*> client = sink->add(fd, text_of(info[2]), std::move(options));
  if (!client.ok()) {
    throw_system_error(info.Env(), client.error());
    return info.Env().Undefined();
  }
  return Napi::Number::New(info.Env(), client.value()->index);
}

// sinkRemove(id, slot, flush)
Napi::Value sink_remove(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  Client* client = sink->client_at(info[1].As<Napi::Number>().Uint32Value());
  if (client != nullptr) sink->remove(client, info[2].ToBoolean());
  return info.Env().Undefined();
}

// sinkSetDeadline(id, slot, deadline): ms since the epoch, Infinity: none.
Napi::Value sink_set_deadline(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  Client* client = sink->client_at(info[1].As<Napi::Number>().Uint32Value());
  const Nanos deadline = monotonic_of(info[2].As<Napi::Number>().DoubleValue());
  if (client != nullptr) sink->set_deadline(client, deadline);
  return info.Env().Undefined();
}

// sinkReport(id, slot, request) → whether a record will answer; the sink or client may be gone.
Napi::Value sink_report(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  Client* client = sink->client_at(info[1].As<Napi::Number>().Uint32Value());
  const bool asked = client != nullptr && sink->ask_report(client, info[2].As<Napi::Number>().Uint32Value());
  return Napi::Boolean::New(info.Env(), asked);
}

// sinkDump(id, request) → how many records will answer; none when the sink has gone.
Napi::Value sink_dump(const Napi::CallbackInfo& info) {
  const Instance& instance = *Instance::of(info.Env());
  const auto found = instance.sinks.find(info[0].As<Napi::Number>().Uint32Value());
  const uint32_t request = info[1].As<Napi::Number>().Uint32Value();
  const uint32_t asked = found == instance.sinks.end() ? 0 : found->second->ask_dump(request);
  return Napi::Number::New(info.Env(), asked);
}

// sinkSetState(id, headers: Uint8Array[] | undefined, texts: (string | undefined)[]): by StateText; what is
// undefined stays as it was.
Napi::Value sink_set_state(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  StateChange change;
  if (info[1].IsArray()) {
    const auto array = info[1].As<Napi::Array>();
    change.headers.emplace();
    for (uint32_t i = 0; i < array.Length(); ++i) change.headers->push_back(bytes_of(array.Get(i)));
  }
  const auto texts = info[2].As<Napi::Array>();
  for (uint32_t i = 0; i < kStateTexts; ++i) {
    const Napi::Value text = texts.Get(i);
    if (text.IsString()) change.texts[i] = text.As<Napi::String>().Utf8Value();
  }
  sink->set_state(change, monotonic_now());
  return info.Env().Undefined();
}

// sinkState(id) → [headers: Uint8Array[], texts: string[]], by StateText; undefined: the sink has gone.
Napi::Value sink_state(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Instance& instance = *Instance::of(env);
  const auto found = instance.sinks.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == instance.sinks.end()) return env.Undefined();
  const StateRef state = found->second->state();
  Napi::Array headers = Napi::Array::New(env);
  Napi::Array texts = Napi::Array::New(env, kStateTexts);
  for (uint32_t i = 0; i < kStateTexts; ++i) {
    texts[i] = state.get() == nullptr ? std::string() : state->texts()[i];
  }
  if (state.has_headers()) {
    for (const BlockSlice& header : state->headers()) {
      Napi::Uint8Array copy = Napi::Uint8Array::New(env, header.size);
      if (header.size > 0) std::memcpy(copy.Data(), header.data(), header.size);
      headers[headers.Length()] = copy;
    }
  }
  Napi::Array out = Napi::Array::New(env, 2);
  out[0u] = headers;
  out[1u] = texts;
  return out;
}

// sinkPushEvent(id, packet) → false: too much waits for a frame already.
Napi::Value sink_push_event(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), sink->push_event(text_of(info[1])));
}

// sinkSetLag(id, lag: Float64Array)
Napi::Value sink_set_lag(const Napi::CallbackInfo& info) {
  if (LiveSink* sink = sink_of(info)) sink->set_lag(FlatReader(info[1]).lag());
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

// sinkStats(id) → [bytes to serve, bytes served, frames queued, bytes queued, bytes held, sends, ms queued,
// clients by ClientState…]
Napi::Value sink_stats(const Napi::CallbackInfo& info) {
  LiveSink* sink = sink_of(info);
  if (sink == nullptr) return info.Env().Undefined();
  const SinkStats stats = sink->stats();
  auto figures = Napi::Float64Array::New(info.Env(), 7 + kClientStates);
  figures[0] = static_cast<double>(stats.bytes_to_serve);
  figures[1] = static_cast<double>(stats.bytes_served);
  figures[2] = static_cast<double>(stats.frames_queued);
  figures[3] = static_cast<double>(stats.bytes_queued);
  figures[4] = static_cast<double>(stats.bytes_held);
  figures[5] = static_cast<double>(stats.sends);
  figures[6] = static_cast<double>(stats.time_queued / kMillisecond);
  for (size_t i = 0; i < kClientStates; ++i) figures[7 + i] = static_cast<double>(stats.by_state[i]);
  return figures;
}

}  // namespace

void export_sink_doors(Napi::Env env, Napi::Object exports) {
  exports.Set("sinkOpen", Napi::Function::New(env, sink_open, "sinkOpen"));
  exports.Set("sinkPusher", Napi::Function::New(env, sink_pusher, "sinkPusher"));
  exports.Set("sinkAdd", Napi::Function::New(env, sink_add, "sinkAdd"));
  exports.Set("sinkRemove", Napi::Function::New(env, sink_remove, "sinkRemove"));
  exports.Set("sinkSetDeadline", Napi::Function::New(env, sink_set_deadline, "sinkSetDeadline"));
  exports.Set("sinkReport", Napi::Function::New(env, sink_report, "sinkReport"));
  exports.Set("sinkDump", Napi::Function::New(env, sink_dump, "sinkDump"));
  exports.Set("sinkSetState", Napi::Function::New(env, sink_set_state, "sinkSetState"));
  exports.Set("sinkPushEvent", Napi::Function::New(env, sink_push_event, "sinkPushEvent"));
  exports.Set("sinkState", Napi::Function::New(env, sink_state, "sinkState"));
  exports.Set("sinkSetLag", Napi::Function::New(env, sink_set_lag, "sinkSetLag"));
  exports.Set("sinkClear", Napi::Function::New(env, sink_clear, "sinkClear"));
  exports.Set("sinkEnd", Napi::Function::New(env, sink_end, "sinkEnd"));
  exports.Set("sinkStats", Napi::Function::New(env, sink_stats, "sinkStats"));
}

}  // namespace flumen
