// The dumping half of a shard: its timeline and its clients as a table for people. Lines are cut to length
// for nobody's screen but read well at 130 columns.
#include <algorithm>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "core/sink/shard.h"

namespace flumen {

namespace {

// Frames shown at either end of a long timeline.
constexpr uint64_t kRowsAtEnds = 16;

// A line of the table is shorter than this.
constexpr size_t kLineBytes = 320;

[[gnu::format(printf, 1, 2)]] std::string line(const char* format, ...) {
  char text[kLineBytes];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

double ms(Nanos time) { return static_cast<double>(time) / static_cast<double>(kMillisecond); }

// "12.345678901" seconds; "-" for none.
std::string timestamp(Nanos time) {
  if (time == kNoTime) return "-";
  const uint64_t ns = time < 0 ? 0 - static_cast<uint64_t>(time) : static_cast<uint64_t>(time);
  return line("%s%" PRIu64 ".%09" PRIu64, time < 0 ? "-" : "", ns / kSecond, ns % kSecond);
}

const char* name_of(ClientState state) {
  switch (state) {
    case ClientState::kReserved:
      return "reserved";
    case ClientState::kCaughtUp:
      return "caught-up";
    case ClientState::kReady:
      return "ready";
    case ClientState::kWaiting:
      return "waiting";
    case ClientState::kBlocked:
      return "blocked";
    case ClientState::kLingering:
      return "lingering";
    case ClientState::kGone:
      return "gone";
  }
  return "";
}

const char* name_of(Framing framing) {
  switch (framing) {
    case Framing::kRaw:
      return "raw";
    case Framing::kChunked:
      return "chunked";
    case Framing::kWebsocket:
      return "websocket";
    case Framing::kIcy:
      return "icy";
  }
  return "";
}

const char* name_of(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "none";
    case Reason::kEnded:
      return "ended";
    case Reason::kClosed:
      return "closed";
    case Reason::kRemoved:
      return "removed";
    case Reason::kSlow:
      return "slow";
    case Reason::kTimeout:
      return "timeout";
    case Reason::kError:
      return "error";
  }
  return "";
}

const char* name_of(SyncMethod method) {
  switch (method) {
    case SyncMethod::kLatest:
      return "latest";
    case SyncMethod::kNextKeyframe:
      return "next-keyframe";
    case SyncMethod::kLatestKeyframe:
      return "latest-keyframe";
    case SyncMethod::kBurst:
      return "burst";
    case SyncMethod::kBurstKeyframe:
      return "burst-keyframe";
    case SyncMethod::kBurstWithKeyframe:
      return "burst-with-keyframe";
  }
  return "";
}

const char* name_of(RecoverPolicy policy) {
  switch (policy) {
    case RecoverPolicy::kNone:
      return "none";
    case RecoverPolicy::kLatest:
      return "latest";
    case RecoverPolicy::kSoftLimit:
      return "soft-limit";
    case RecoverPolicy::kKeyframe:
      return "keyframe";
  }
  return "";
}

// What has to happen before it goes on.
const char* waits_for(const Client& client) {
  switch (client.state) {
    case ClientState::kReady:
      return "its turn";
    case ClientState::kBlocked:
      return "room";
    case ClientState::kLingering:
      return "peer's FIN";
    case ClientState::kWaiting:
      return client.await == Await::kKeyframe ? "key frame" : "frame";
    default:
      return "frame";
  }
}

std::string text_of(Amount amount) {
  switch (amount.unit) {
    case Unit::kNone:
      return "none";
    case Unit::kFrames:
      return line("%" PRIu64 " frames", amount.value);
    case Unit::kBytes:
      return line("%" PRIu64 " bytes", amount.value);
    case Unit::kTime:
      return line("%.6g ms", ms(static_cast<Nanos>(amount.value)));
  }
  return "";
}

std::string text_of(const LagRule& rule) {
  return "soft " + text_of(rule.soft) + ", " + name_of(rule.recover) + ", hard " + text_of(rule.hard);
}

std::string text_of(const StartRule& rule) {
  std::string text = name_of(rule.method);
  const bool bursts = rule.method == SyncMethod::kBurst || rule.method == SyncMethod::kBurstKeyframe ||
                      rule.method == SyncMethod::kBurstWithKeyframe;
  if (bursts) text += " min " + text_of(rule.min) + " max " + text_of(rule.max);
  return text;
}

std::string text_of(const StreamState& state) {
  std::string text = line("state %" PRIu32 ": %zu headers of %" PRIu32 " bytes", state.number(),
                          state.headers().size(), state.header_bytes().size);
  constexpr const char* kParts[kStateTexts] = {"stream-start", "caps", "segment", "tags", "title"};
  for (size_t i = 0; i < kStateTexts; ++i) {
    if (!state.texts()[i].empty()) text += std::string(", ") + kParts[i];
  }
  return text + "\n";
}

std::string row_of(const Frame& frame) {
  const uint32_t state = frame.state.get() != nullptr ? frame.state->number() : 0;
  return line("%12" PRIu64 " %11" PRIu32 " %22s  %-5s  %-6s %5" PRIu32 " %16.3f\n", frame.seq, frame.size(),
              timestamp(frame.info.pts).c_str(), frame.is_key() ? "key" : "delta",
              (frame.info.flags & FrameFlags::kHeader) != 0 ? "header" : "", state, ms(frame.running_time));
}

}  // namespace

std::string Shard::dump_timeline() const {
  const uint64_t tail = timeline_.tail();
  const uint64_t next = timeline_.next();
  std::string text =
      line("%" PRIu64 " frames, %" PRIu64 " bytes, %.3f ms; next frame %" PRIu64, next - tail,
           timeline_.bytes_kept(), ms(static_cast<Nanos>(timeline_.amount(tail, Unit::kTime))), next);
  if (newest_key_ != Timeline::kNoKey) text += line(", newest key frame %" PRIu64, newest_key_);
  text += line("; %" PRIu64 " of %" PRIu64 " bytes held; starts %s; limits ", bytes_held(),
               options_.memory_cap, text_of(options_.start).c_str());
  text += text_of(options_.lag) + "\n";
  if (timeline_.empty()) return text;
  const StateRef& state = timeline_.at(next - 1).state;
  if (state.get() != nullptr) text += text_of(*state.get());
  text += "       frame       bytes                    pts  kind   flag   state  running time ms\n";
  const bool all = next - tail <= 2 * kRowsAtEnds;
  for (uint64_t seq = tail; seq < next; ++seq) {
    if (!all && seq == tail + kRowsAtEnds) {
      seq = next - kRowsAtEnds;
      text += line("         ... %" PRIu64 " more\n", seq - tail - kRowsAtEnds);
    }
    text += row_of(timeline_.at(seq));
  }
  return text;
}

std::string Shard::dump_client(const Client& client) const {
  const uint64_t from = lags_from(&client);
  const std::string until =
      client.stop == Client::kNoStop ? "-" : line("%" PRIu64 " %s", client.stop, name_of(client.stop_reason));
  const std::string cursor = client.offset > 0 ? line("%" PRIu64 "+%" PRIu32, client.seq, client.offset)
                                               : line("%" PRIu64, client.seq);
  std::string text = line("%12" PRIu32 "  %-9s  %-9s  %16s %9" PRIu64 " %11" PRIu64
                          " %12.3f  %-10s %11" PRIu64 "  %-14s %8" PRIu32,
                          client.id, name_of(client.state), name_of(client.framing), cursor.c_str(),
                          timeline_.amount(from, Unit::kFrames), timeline_.amount(from, Unit::kBytes),
                          ms(static_cast<Nanos>(timeline_.amount(from, Unit::kTime))), waits_for(client),
                          client.placed, until.c_str(), client.prologue.size);
  if (client.rules && client.rules->start) text += "  " + text_of(*client.rules->start);
  if (client.rules && client.rules->lag)
    text += (client.rules->start ? "; " : "  ") + text_of(*client.rules->lag);
  return text + "\n";
}

std::string Shard::dump() {
  if (finished_) return "finished\n";
  std::string text = dump_timeline();
  std::vector<Client*> clients = all_clients();
  if (clients.empty()) return text + "no clients\n";
  std::ranges::sort(clients, {}, &Client::id);
  text +=
      "      client  state      wire            next frame  lag: frames      bytes           ms  waits for   "
      "  "
      "   start  leaves at       private  rules of its own\n";
  for (const Client* client : clients) text += dump_client(*client);
  return text;
}

}  // namespace flumen
