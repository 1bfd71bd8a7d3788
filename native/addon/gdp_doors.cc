// Doors of the GDP codec: parsers by id, and what the encoder is made of. Packets' text is text here; gdpRead
// makes values of it.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "addon/convert.h"
#include "addon/gdp_values.h"
#include "addon/instance.h"
#include "core/gdp/parser.h"
#include "core/gdp/recognise.h"
#include "core/gdp/structure_text.h"

namespace flumen {

namespace {

using namespace gdp;

// Numbers of a packet in the records of gdpFeed; lib/binding.ts has them as GDP_RECORD.
constexpr size_t kRecordFields = 19;

void append_record(const Packet& packet, std::vector<uint64_t>* records) {
  const Header& wire = packet.header;
  const EventKind* event = packet.kind == PacketKind::kEvent ? packet.event.kind : nullptr;
  const bool frame = packet.kind == PacketKind::kFrame;
  const uint64_t fields[kRecordFields] = {static_cast<uint64_t>(packet.kind),
                                          packet.at,
                                          wire.major,
                                          wire.minor,
                                          wire.header_flags,
                                          wire.type,
                                          wire.length,
                                          wire.pts,
                                          wire.dts,
                                          wire.duration,
                                          wire.offset,
                                          wire.offset_end,
                                          wire.flags,
                                          wire.header_crc,
                                          wire.payload_crc,
                                          frame ? packet.frame.dts : kNoValue,
                                          frame ? packet.frame.flags : uint64_t{0},
                                          event != nullptr ? static_cast<uint64_t>(event->number) : 0,
                                          event != nullptr ? event->wire_type() : wire.type};
  records->insert(records->end(), fields, fields + kRecordFields);
}

// What comes out of one feed, on its way to JavaScript.
struct Batch {
  std::vector<uint64_t> records;
  std::vector<std::string> texts;    // caps, or the structure of an event; "" for none
  std::vector<std::string> skipped;  // "" for packets to be used
  std::string payloads;

  void add(const Packet& packet) {
    append_record(packet, &records);
    std::string text;
    if (packet.kind == PacketKind::kCaps) text = print_caps(packet.caps);
    const bool event = packet.kind == PacketKind::kEvent;
    if (event && packet.event.structure) text = print_structure(*packet.event.structure);
    texts.push_back(std::move(text));
    skipped.push_back(event ? packet.skipped : "");
    if (packet.payload) {
      payloads.append(reinterpret_cast<const char*>(packet.payload.data()), packet.payload.size);
    }
  }
};

Napi::Array strings(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (size_t i = 0; i < texts.size(); ++i)
    array[static_cast<uint32_t>(i)] = Napi::String::New(env, texts[i]);
  return array;
}

Napi::Uint8Array bytes(Napi::Env env, const void* data, size_t size) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, size);
  if (size > 0) std::memcpy(array.Data(), data, size);
  return array;
}

Napi::Object batch_object(Napi::Env env, const Batch& batch, const StreamError& error) {
  Napi::Object out = Napi::Object::New(env);
  auto records = Napi::BigUint64Array::New(env, batch.records.size());
  std::copy(batch.records.begin(), batch.records.end(), records.Data());
  out["records"] = records;
  out["texts"] = strings(env, batch.texts);
  out["skipped"] = strings(env, batch.skipped);
  out["payloads"] = bytes(env, batch.payloads.data(), batch.payloads.size());
  if (error.fault != Fault::kNone) {
    out["fault"] = std::string(fault_code(error.fault));
    out["message"] = error.message;
    out["at"] = static_cast<double>(error.at);
    out["packet"] = static_cast<double>(error.packet);
  }
  return out;
}

uint32_t limit_of(const Napi::Value& value) { return value.As<Napi::Number>().Uint32Value(); }

// gdpOpen(frame limit, caps limit, event limit) → id
Napi::Value gdp_open(const Napi::CallbackInfo& info) {
  Instance& instance = *Instance::of(info.Env());
  const ParserLimits limits{limit_of(info[0]), limit_of(info[1]), limit_of(info[2])};
  const uint32_t id = instance.next_id++;
  instance.parsers[id] = std::make_unique<Parser>(instance.ledger, limits);
  return Napi::Number::New(info.Env(), id);
}

// gdpFeed(id, bytes or undefined: that was all) → the packets that are complete
Napi::Value gdp_feed(const Napi::CallbackInfo& info) {
  Instance& instance = *Instance::of(info.Env());
  const auto found = instance.parsers.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == instance.parsers.end()) return info.Env().Undefined();
  Parser& parser = *found->second;
  Batch batch;
  if (info[1].IsUndefined()) {
    parser.finish();
  } else if (parser.error().fault == Fault::kNone) {
    parser.feed_copy(bytes_of(info[1]));
    Packet packet;
    while (parser.next(&packet) == Parser::Step::kPacket) batch.add(packet);
  }
  return batch_object(info.Env(), batch, parser.error());
}

// gdpClose(id)
Napi::Value gdp_close(const Napi::CallbackInfo& info) {
  Instance::of(info.Env())->parsers.erase(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

// gdpHeader(type, [pts, dts, duration, offset, offset end], flags, payload, header flags) → 62 bytes
Napi::Value gdp_header(const Napi::CallbackInfo& info) {
  Header header;
  header.type = static_cast<uint16_t>(info[0].As<Napi::Number>().Uint32Value());
  const uint64_t* meta = info[1].As<Napi::BigUint64Array>().Data();
  header.pts = meta[0];
  header.dts = meta[1];
  header.duration = meta[2];
  header.offset = meta[3];
  header.offset_end = meta[4];
  header.flags = static_cast<uint16_t>(info[2].As<Napi::Number>().Uint32Value());
  header.header_flags = static_cast<uint8_t>(info[4].As<Napi::Number>().Uint32Value());
  const HeaderBytes out = header_for(header, bytes_of(info[3]));
  return bytes(info.Env(), out.data(), out.size());
}

Napi::Value refuse(Napi::Env env, const std::string& why) {
  Napi::TypeError::New(env, why).ThrowAsJavaScriptException();
  return env.Undefined();
}

// gdpEncode(caps: true; or the number of an event, text or undefined, header flags) → the packet. Throws a
// TypeError when the text cannot be read, or a receiver could not read it.
Napi::Value gdp_encode(const Napi::CallbackInfo& info) {
  const std::string text(text_of(info[1]));
  const uint32_t flags = info[2].As<Napi::Number>().Uint32Value();
  const Checksums checksums{(flags & kHasHeaderCrc) != 0, (flags & kHasPayloadCrc) != 0};
  const bool is_caps = info[0].IsBoolean();
  Caps caps;
  Event event;
  TextError error;
  if (is_caps ? !parse_caps(text, &caps, &error)
              : info[1].IsTypedArray() && !parse_structure(text, &event.structure.emplace(), &error)) {
    return refuse(info.Env(), error.what + " (byte " + std::to_string(error.at) + ")");
  }
  std::string packet;
  std::string why;
  if (!is_caps) event.kind = event_of_number(info[0].As<Napi::Number>().Uint32Value());
  if (!(is_caps ? encode_caps(caps, checksums, &packet, &why)
                : encode_event(event, checksums, &packet, &why))) {
    return refuse(info.Env(), why);
  }
  return bytes(info.Env(), packet.data(), packet.size());
}

// gdpRead(caps: boolean, text) → [the text as GStreamer writes it, its structures…]. Throws a TypeError when
// it cannot be read.
Napi::Value gdp_read(const Napi::CallbackInfo& info) {
  const std::string_view text = text_of(info[1]);
  const bool is_caps = info[0].ToBoolean();
  Caps caps;
  TextError error;
  if (is_caps ? !parse_caps(text, &caps, &error)
              : !parse_structure(text, &caps.structures.emplace_back(), &error)) {
    return refuse(info.Env(), error.what + " (byte " + std::to_string(error.at) + ")");
  }
  Napi::Array out = Napi::Array::New(info.Env());
  out[0u] = is_caps ? print_caps(caps) : print_structure(caps.structures.front());
  for (const Structure& structure : caps.structures) {
    out[out.Length()] = structure_array(info.Env(), structure);
  }
  return out;
}

// gdpRecognise(bytes) → Recognition
Napi::Value gdp_recognise(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(recognise(bytes_of(info[0]))));
}

}  // namespace

void export_gdp_doors(Napi::Env env, Napi::Object exports) {
  exports.Set("gdpOpen", Napi::Function::New(env, gdp_open, "gdpOpen"));
  exports.Set("gdpFeed", Napi::Function::New(env, gdp_feed, "gdpFeed"));
  exports.Set("gdpClose", Napi::Function::New(env, gdp_close, "gdpClose"));
  exports.Set("gdpHeader", Napi::Function::New(env, gdp_header, "gdpHeader"));
  exports.Set("gdpEncode", Napi::Function::New(env, gdp_encode, "gdpEncode"));
  exports.Set("gdpRead", Napi::Function::New(env, gdp_read, "gdpRead"));
  exports.Set("gdpRecognise", Napi::Function::New(env, gdp_recognise, "gdpRecognise"));
}

}  // namespace flumen
