// Doors that belong to the environment as a whole: the pool's size, the bell, draining the outbox, the
// counters.
#include <cmath>

#include "addon/convert.h"
#include "addon/instance.h"

namespace flumen {

namespace {

// One record of drain(); lib/binding.ts has the same numbers.
constexpr size_t kRecordFields = 17;
constexpr double kClientRemoved = 1;
constexpr double kClientInput = 10;
constexpr uint32_t kSingleSends = 1;
constexpr uint32_t kRingSends = 2;

void write_input(const InputNotice& input, double* record) {
  record[0] = kClientInput;
  record[1] = input.client->sink_id;
  record[2] = input.client->index;
}

void write_client(const Client& client, double* record) {
  record[0] = kClientRemoved;
  record[1] = client.sink_id;
  record[2] = client.index;
  record[3] = static_cast<double>(client.reason);
  record[4] = client.error;
  record[5] = static_cast<double>(client.bytes_sent);
  record[6] = epoch_ms(client.added_at);
  record[7] = static_cast<double>((client.removed_at - client.added_at) / kMillisecond);
  record[8] = static_cast<double>(client.frames_dropped);
}

void write_notice(const Notice& notice, double* record) {
  record[0] = static_cast<double>(notice.kind);
  record[1] = notice.id;
  record[2] = static_cast<double>(notice.offset);
  record[3] = static_cast<double>(notice.packet);
  record[4] = notice.error.code;
  record[5] = notice.serial;
}

// A timestamp as seconds and the rest in ns, exact in doubles; NaN: none.
void write_timestamp(Nanos time, double* fields) {
  fields[0] = time == kNoTime ? std::nan("") : static_cast<double>(time / kSecond);
  fields[1] = time == kNoTime ? 0 : static_cast<double>(time % kSecond);
}

void write_report(const ClientReport& report, uint32_t request, double* record) {
  const auto ms = [](Nanos time) { return static_cast<double>(time / kMillisecond); };
  record[2] = request;
  record[3] = static_cast<double>(report.state);
  record[4] = static_cast<double>(report.bytes_sent);
  record[5] = epoch_ms(report.added_at);
  record[6] = ms(report.made_at - report.added_at);
  record[7] = epoch_ms(report.active_at);
  record[8] = static_cast<double>(report.frames_dropped);
  record[9] = static_cast<double>(report.lag_frames);
  record[10] = static_cast<double>(report.lag_bytes);
  record[11] = ms(report.lag_time);
  record[12] = static_cast<double>(report.kernel_queue);
  write_timestamp(report.first_pts, record + 13);
  write_timestamp(report.last_pts, record + 15);
}

// What a notice has to say and to end. A sink or source is freed when its last notice is drained: no later
// record can name it.
void conclude(Instance& instance, const Notice& notice, double* record) {
  if (notice.kind == Notice::Kind::kSourceClosed) {
    instance.sources.erase(notice.id);
  } else if (notice.kind == Notice::Kind::kSinkFinished) {
    const auto found = instance.sinks.find(notice.id);
    if (found == instance.sinks.end()) return;
    const SinkStats stats = found->second->stats();
    record[3] = found->second->shard_finished() ? 1 : 0;
    record[5] = static_cast<double>(stats.bytes_to_serve);
    record[6] = static_cast<double>(stats.bytes_served);
    record[7] = static_cast<double>(stats.sends);
    if (record[3] != 0) instance.sinks.erase(found);
  } else if (notice.kind == Notice::Kind::kClientReport || notice.kind == Notice::Kind::kClientSettled) {
    if (notice.report) write_report(*notice.report, notice.serial, record);
    const auto found = instance.sinks.find(notice.id);
    if (found != instance.sinks.end()) found->second->settled(notice.client);
  }
}

// drain(records: Float64Array, extras: (string | Buffer)[]) → number of records. extras[i] is set where
// record i has an operation, a text, or input.
Napi::Value drain(const Napi::CallbackInfo& info) {
  Instance& instance = *Instance::of(info.Env());
  auto records = info[0].As<Napi::Float64Array>();
  auto extras = info[1].As<Napi::Array>();
  const size_t capacity = records.ElementLength() / kRecordFields;
  size_t count = 0;
  instance.outbox.answer();
  while (count < capacity) {
    double* record = records.Data() + count * kRecordFields;
    const char* operation = "";
    InputNotice input;
    Notice notice;
    if (instance.outbox.take_input(input)) {
      write_input(input, record);
      extras.Set(static_cast<uint32_t>(count),
                 Napi::Buffer<uint8_t>::Copy(info.Env(), input.bytes.data(), input.bytes.size));
      const auto sink = instance.sinks.find(input.client->sink_id);
      if (sink != instance.sinks.end()) sink->second->drained_input(input.client, input.bytes.size);
    } else if (Client* client = instance.outbox.take_client()) {
      write_client(*client, record);
      operation = client->error_operation;
      const auto sink = instance.sinks.find(client->sink_id);
      if (sink != instance.sinks.end()) sink->second->release(client);
    } else if (instance.outbox.take_notice(notice)) {
      write_notice(notice, record);
      operation = notice.text.empty() ? notice.error.operation : notice.text.c_str();
      conclude(instance, notice, record);
    } else {
      break;
    }
    if (*operation != '\0') extras.Set(static_cast<uint32_t>(count), operation);
    ++count;
  }
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

// configure(loops, memoryCap, sends), 0: as it is. False when loops are asked for but run already: nothing is
// changed. `sends` has an effect before the first sink only; lib/binding.ts has its numbers.
Napi::Value configure(const Napi::CallbackInfo& info) {
  Instance& instance = *Instance::of(info.Env());
  const uint32_t loops = info[0].As<Napi::Number>().Uint32Value();
  if (loops > 0 && instance.pool.started()) return Napi::Boolean::New(info.Env(), false);
  if (loops > 0) instance.loop_count = loops;
  const int64_t memory_cap = info[1].As<Napi::Number>().Int64Value();
  if (memory_cap > 0) instance.pool.memory().set(memory_cap);
  const uint32_t sends = info[2].As<Napi::Number>().Uint32Value();
  if (sends == kSingleSends) instance.sends = EpollIo::Sends::kSingle;
  if (sends == kRingSends) instance.sends = EpollIo::Sends::kRing;
  return Napi::Boolean::New(info.Env(), true);
}

// onBell(callback): once per environment, before anything else.
Napi::Value on_bell(const Napi::CallbackInfo& info) {
  if (Instance::of(info.Env())->hang_bell(info[0]) != napi_ok) {
    Napi::Error::New(info.Env(), "flumen: the bell could not be created").ThrowAsJavaScriptException();
  }
  return info.Env().Undefined();
}

// keepAlive(on): whether the bell keeps the process running.
Napi::Value keep_alive(const Napi::CallbackInfo& info) {
  const Instance& instance = *Instance::of(info.Env());
  if (info[0].ToBoolean()) {
    napi_ref_threadsafe_function(info.Env(), instance.bell.function);
  } else {
    napi_unref_threadsafe_function(info.Env(), instance.bell.function);
  }
  return info.Env().Undefined();
}

// diagnostics() → [live blocks, live bytes, live clients, open descriptors]
Napi::Value diagnostics(const Napi::CallbackInfo& info) {
  const Ledger& ledger = Instance::of(info.Env())->ledger;
  auto figures = Napi::Float64Array::New(info.Env(), 4);
  figures[0] = static_cast<double>(ledger.live_blocks.load());
  figures[1] = static_cast<double>(ledger.live_bytes.load());
  figures[2] = static_cast<double>(ledger.live_clients.load());
  figures[3] = static_cast<double>(ledger.open_fds.load());
  return figures;
}

}  // namespace

void export_environment_doors(Napi::Env env, Napi::Object exports) {
  exports.Set("configure", Napi::Function::New(env, configure, "configure"));
  exports.Set("onBell", Napi::Function::New(env, on_bell, "onBell"));
  exports.Set("keepAlive", Napi::Function::New(env, keep_alive, "keepAlive"));
  exports.Set("drain", Napi::Function::New(env, drain, "drain"));
  exports.Set("diagnostics", Napi::Function::New(env, diagnostics, "diagnostics"));
}

}  // namespace flumen
