// Doors of a native source, addressed by its id.
#include <cerrno>
#include <string>
#include <utility>

#include "addon/convert.h"
#include "addon/instance.h"

namespace flumen {

namespace {

// sourceOpen(sinkId, timeoutMs, format) → id
Napi::Value source_open(const Napi::CallbackInfo& info) {
  Instance& instance = *Instance::of(info.Env());
  const uint32_t sink_id = info[0].As<Napi::Number>().Uint32Value();
  if (instance.sink(sink_id) == nullptr) return info.Env().Undefined();
  const uint32_t id = instance.next_id++;
  const Nanos timeout = nanos_of(info[1].As<Napi::Number>().DoubleValue());
  const std::shared_ptr<LiveSink>& sink = instance.sinks[sink_id];
  const auto format = static_cast<StreamFormat>(info[2].As<Napi::Number>().Uint32Value());
  instance.sources[id] = {new FdSource(id, sink, instance.ledger, timeout, format), nullptr, sink.get()};
  return Napi::Number::New(info.Env(), id);
}

// The loop that this source lives on: chosen with its first descriptor, for files apart from the rest.
Result<Loop*> loop_for(Instance& instance, Instance::SourceEntry& entry, FdKind kind) {
  const bool file = kind == FdKind::kFile;
  if (entry.loop == nullptr) {
    if (!file) return &instance.pool.next_loop();
    return instance.pool.file_loop();
  }
  if (instance.pool.is_file_loop(entry.loop) != file) {
    return Error{EINVAL, "attach (a file cannot follow a socket or pipe, nor the other way)"};
  }
  return entry.loop;
}

// sourceAttach(id, fd, framing, length, prelude?, epilogue?, serial, contentType?)
Napi::Value source_attach(const Napi::CallbackInfo& info) {
  Instance& instance = *Instance::of(info.Env());
  const uint32_t id = info[0].As<Napi::Number>().Uint32Value();
  if (instance.source(id) == nullptr) return info.Env().Undefined();
  Instance::SourceEntry& entry = instance.sources[id];
  const int fd = info[1].As<Napi::Number>().Int32Value();
  const Result<FdKind> kind = fd_kind(fd, FdUse::kRead);
  if (!kind.ok()) {
    throw_system_error(info.Env(), kind.error());
    return info.Env().Undefined();
  }
  Result<Loop*> loop = loop_for(instance, entry, kind.value());
  Result<int> copy = loop.ok() ? dup_fd(fd, instance.ledger) : Result<int>(loop.error());
  if (!copy.ok()) {
    throw_system_error(info.Env(), copy.error());
    return info.Env().Undefined();
  }
  entry.loop = loop.value();
  auto feed = std::make_unique<Feed>();
  feed->fd = copy.value();
  feed->kind = kind.value();
  feed->framing = static_cast<BodyFraming>(info[2].As<Napi::Number>().Uint32Value());
  feed->length = static_cast<uint64_t>(info[3].As<Napi::Number>().DoubleValue());
  feed->prelude = std::string(text_of(info[4]));
  feed->epilogue = std::string(text_of(info[5]));
  feed->serial = info[6].As<Napi::Number>().Uint32Value();
  feed->content_type = std::string(text_of(info[7]));
  entry.sink->attach(entry.source, *entry.loop, std::move(feed));
  return info.Env().Undefined();
}

// sourceClose(id) → true when it is closed at once, false when a notice will follow.
Napi::Value source_close(const Napi::CallbackInfo& info) {
  Instance& instance = *Instance::of(info.Env());
  const uint32_t id = info[0].As<Napi::Number>().Uint32Value();
  FdSource* source = instance.source(id);
  if (source == nullptr) return info.Env().Undefined();
  Loop* loop = instance.sources[id].loop;
  if (loop == nullptr) {
    delete source;
    instance.sources.erase(id);
    return Napi::Boolean::New(info.Env(), true);
  }
  Command command;
  command.kind = Command::Kind::kDropSource;
  command.source = source;
  instance.sources[id].source = nullptr;
  loop->post(std::move(command));
  return Napi::Boolean::New(info.Env(), false);
}

// sourceBytesRead(id) → number
Napi::Value source_bytes_read(const Napi::CallbackInfo& info) {
  const FdSource* source = Instance::of(info.Env())->source(info[0].As<Napi::Number>().Uint32Value());
  if (source == nullptr) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(source->bytes_read()));
}

}  // namespace

void export_source_doors(Napi::Env env, Napi::Object exports) {
  exports.Set("sourceOpen", Napi::Function::New(env, source_open, "sourceOpen"));
  exports.Set("sourceAttach", Napi::Function::New(env, source_attach, "sourceAttach"));
  exports.Set("sourceClose", Napi::Function::New(env, source_close, "sourceClose"));
  exports.Set("sourceBytesRead", Napi::Function::New(env, source_bytes_read, "sourceBytesRead"));
}

}  // namespace flumen
