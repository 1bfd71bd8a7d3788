#include "test/churn_round.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "test/sockets.h"
#include "test/world.h"

namespace flumen::test {

namespace {

constexpr uint32_t kReservedIds = 1;
constexpr Nanos kFramePeriod = 25 * kMillisecond;

// As in the simulation, but for a machine that has better things to do: else most would be too slow.
LagRule lag_from(Choices& choices, Nanos flush_interval) {
  LagRule rule = World::lag_from(choices, flush_interval);
  rule.hard.value *= 10;
  rule.soft.value *= 4;
  return rule;
}

SinkOptions options_from(Choices& choices) {
  constexpr Nanos kIntervals[] = {0, 0, 50 * kMillisecond, 200 * kMillisecond};
  SinkOptions options;
  options.flush_interval = kIntervals[choices.below(4)];
  options.stall_timeout = static_cast<Nanos>(choices.between(4, 15)) * kSecond;
  options.lag = lag_from(choices, options.flush_interval);
  options.start = World::start_from(choices);
  options.position_on_push = choices.one_in(4);
  if (choices.one_in(2)) options.keep.frames = choices.below(100);
  if (choices.one_in(3)) options.memory_cap = choices.between(1, 8) * kMiB;
  options.close_timeout = 2 * kSecond;
  // Never the kernel's own choice: megabytes for each would hide who is slow, and take minutes to drain.
  constexpr uint32_t kBuffers[] = {4096, 16'384, 65'536};
  options.socket.send_buffer = kBuffers[choices.below(3)];
  return options;
}

bool starts_on_key(SyncMethod method) {
  return method == SyncMethod::kNextKeyframe || method == SyncMethod::kLatestKeyframe ||
         method == SyncMethod::kBurstKeyframe;
}

Pair pipe_pair() {
  int ends[2];
  FLUMEN_CHECK(pipe2(ends, O_CLOEXEC) == 0);
  return {ends[1], ends[0]};
}

}  // namespace

void ChurnTotals::print() const {
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "churn: %llu rounds, %llu clients, at most %llu at a time; %llu frames and %llu states pushed, %llu "
      "in-band copies\n",
      number(rounds), number(joined), number(most), number(pushed), number(states), number(copies));
  std::printf("  left: ended %llu, closed %llu, removed %llu, slow %llu, timeout %llu, error %llu\n",
              number(reasons[1]), number(reasons[2]), number(reasons[3]), number(reasons[4]),
              number(reasons[5]), number(reasons[6]));
  std::printf(
      "  seen by them: %llu frames, %llu header sets, %.1f GB, %llu jumps by recovery, %llu pongs, %llu "
      "closes answered\n",
      number(frames), number(header_sets), static_cast<double>(bytes) / 1e9, number(jumps), number(pongs),
      number(closes));
  std::printf(
      "  ends: %llu by FIN, %llu by reset, %llu hung up themselves; %llu cut within a frame, as cut off or "
      "reset\n",
      number(eofs), number(resets), number(hung_up), number(torn_by_cut));
  std::printf("  torn, skipped, reordered or wrong: %llu\n", number(problems));
  std::fflush(stdout);
}

ChurnRound::ChurnRound(uint64_t seed, size_t clients, ChurnTotals& totals)
    : choices_(seed),
      clients_(clients),
      totals_(totals),
      options_(options_from(choices_)),
      stream_(seed + 1) {}

bool ChurnRound::run(Nanos time) {
  env_ = std::make_unique<LiveEnv>(choices_.between(1, 3));
  sink_ = &env_->open_sink(options_);
  crowd_ = std::make_unique<ChurnCrowd>(choices_.below(1'000'000));
  std::thread producer([this] { produce(); });
  // As many as there are to be within the first quarter of the round; who leaves is replaced.
  constexpr size_t kJoinsAtOnce = 100;
  const Nanos begin = monotonic_now();
  const Nanos until = begin + time;
  while (monotonic_now() < until && problems_ == 0) {
    const Nanos into = std::min(monotonic_now() - begin, time / 4);
    const auto wanted = static_cast<size_t>(static_cast<Nanos>(clients_) * into / (time / 4));
    for (size_t i = 0; i < kJoinsAtOnce && here_.size() < wanted; ++i) join_one();
    totals_.most = std::max<uint64_t>(totals_.most, here_.size());
    if (choices_.one_in(3)) remove_one();
    if (choices_.one_in(200)) change_limits();
    if (choices_.one_in(50)) sink_->stats();
    if (choices_.one_in(3) && !here_.empty())
      sink_->ask_report(joined_[here_[choices_.below(here_.size())]].client, 1);
    if (choices_.one_in(6000)) {
      for (const uint32_t id : here_) joined_[id].cut = true;
      sink_->clear();
    }
    settle_accounts(false);
    usleep(10'000);
  }
  stop_ = true;
  producer.join();
  wind_up();
  ++totals_.rounds;
  totals_.problems += problems_;
  return problems_ == 0;
}

// A frame now and then several at once, changes of state with frames on both sides, copies of the headers.
void ChurnRound::produce() {
  Choices& choices = stream_.choices();
  const auto push = [&](std::string_view bytes, const FrameInfo& info) {
    sink_->push({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, info, monotonic_now());
  };
  while (!stop_) {
    if (choices.one_in(25)) {
      const std::vector<std::string> headers = stream_.next_headers();
      StateChange change;
      std::vector<std::span<const uint8_t>>& spans = change.headers.emplace();
      for (const std::string& header : headers)
        spans.emplace_back(reinterpret_cast<const uint8_t*>(header.data()), header.size());
      sink_->set_state(change, monotonic_now());
      ++totals_.states;
    }
    if (choices.one_in(20)) {
      const std::string copy = stream_.in_band_copy();
      FrameInfo info;
      info.flags = FrameFlags::kHeader;
      if (!copy.empty()) push(copy, info);
      totals_.copies += copy.empty() ? 0 : 1;
    }
    for (uint64_t i = choices.one_in(8) ? choices.between(1, 20) : 1; i > 0; --i) {
      const ChurnStream::Push frame = stream_.next_frame();
      push(frame.bytes, frame.info);
      ++totals_.pushed;
    }
    usleep(static_cast<useconds_t>(kFramePeriod / kMicrosecond));
  }
}

void ChurnRound::join_one() {
  const auto id = static_cast<uint32_t>(joined_.size() + kReservedIds);
  Joined& one = joined_[id];
  const uint64_t kind = choices_.below(12);
  Pair pair = kind == 0 ? pipe_pair() : kind < 4 ? unix_pair() : tcp_pair();
  one.kind = kind == 0 ? FdKind::kPipe : FdKind::kSocket;
  one.unix_socket = kind > 0 && kind < 4;
  constexpr Framing kFramings[] = {Framing::kRaw, Framing::kChunked, Framing::kWebsocket};
  one.framing = one.kind == FdKind::kPipe ? Framing::kRaw : kFramings[choices_.below(3)];
  // Small buffers at the other end, too: what it does not read is soon felt at ours.
  const int buffer = choices_.one_in(2) ? 16'384 : 65'536;
  setsockopt(pair.theirs, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  ClientOptions asked;
  asked.framing = one.framing;
  ChurnRules rules{options_.lag.recover, starts_on_key(options_.start.method), !choices_.one_in(4)};
  asked.resend_headers = rules.resend;
  if (choices_.one_in(2)) {
    const StartRule start = World::start_from(choices_);
    const LagRule lag = lag_from(choices_, options_.flush_interval);
    asked.rules = std::make_unique<ClientRules>(ClientRules{start, lag, {}});
    rules.recover = lag.recover;
    rules.starts_on_key = starts_on_key(start.method);
  }
  // Recovery may move it before it has had a frame, and only one policy looks for key frames.
  if (rules.recover == RecoverPolicy::kLatest || rules.recover == RecoverPolicy::kSoftLimit)
    rules.starts_on_key = false;
  one.recover = rules.recover;
  const std::string head = choices_.one_in(2) ? pattern(choices_.between(1, 600), id) : "";
  Result<Client*> added = sink_->add(pair.ours, head, std::move(asked));
  FLUMEN_CHECK(added.ok());
  one.client = added.value();
  env_->keys[one.client] = static_cast<int>(id);
  here_.push_back(id);
  crowd_->join(std::make_unique<ChurnPeer>(pair.take_theirs(), id, one.framing, head, rules));
}

void ChurnRound::remove_one() {
  if (here_.empty()) return;
  Joined& one = joined_[here_[choices_.below(here_.size())]];
  const bool flush = choices_.one_in(2);
  (flush ? one.flushed : one.cut) = true;
  sink_->remove(one.client, flush);
}

// Other amounts under the same policy: what receivers are to expect stays.
void ChurnRound::change_limits() {
  LagRule rule = lag_from(choices_, options_.flush_interval);
  rule.recover = options_.lag.recover;
  sink_->set_lag(rule);
}

// Who has been reported as gone, and what the other ends have seen.
void ChurnRound::settle_accounts(bool block) {
  if (!block) env_->ring();
  FLUMEN_CHECK(env_->drain());
  for (const auto& [key, reason] : std::exchange(env_->left, {})) {
    Joined& one = joined_.at(static_cast<uint32_t>(key));
    if (!one.here) problem("client " + std::to_string(key) + " was reported twice");
    one.here = false;
    one.reason = reason;
    std::erase(here_, static_cast<uint32_t>(key));
  }
  for (auto& [id, outcome] : crowd_->take_outcomes()) {
    Joined& one = joined_.at(id);
    one.outcome = std::move(outcome);
    one.has_outcome = true;
    if (!one.outcome.problem.empty()) problem("client " + std::to_string(id) + ": " + one.outcome.problem);
  }
}

void ChurnRound::wind_up() {
  crowd_->hurry();
  const bool patient = !choices_.one_in(3);
  if (patient) sink_->end();
  for (const Nanos until = monotonic_now() + 4 * kSecond;
       patient && env_->sinks_finished == 0 && monotonic_now() < until; usleep(5'000)) {
    settle_accounts(false);
  }
  if (env_->sinks_finished == 0) {
    sink_->close();
    closed_ = true;
  }
  while (env_->sinks_finished == 0) settle_accounts(true);
  wait_for_ends();
  crowd_.reset();
  env_->stop();
  for (const auto& [id, one] : joined_) {
    judge(id, one);
    count(one);
  }
  const Ledger& ledger = env_->ledger;
  if (ledger.open_fds != 0) problem(std::to_string(ledger.open_fds) + " descriptors left");
  if (ledger.live_blocks != 0) problem(std::to_string(ledger.live_blocks) + " blocks left");
  if (ledger.live_clients != 0) problem(std::to_string(ledger.live_clients) + " client slots left");
  if (ledger.live_bytes != 0) problem(std::to_string(ledger.live_bytes) + " bytes left");
  env_.reset();
}

// What is still on its way may be a lot: as long as anything arrives there is no hurry.
void ChurnRound::wait_for_ends() {
  constexpr Nanos kSilence = 20 * kSecond;
  const auto seen = [](const auto& one) { return one.second.has_outcome; };
  uint64_t read_before = 0;
  for (Nanos heard_at = monotonic_now(); !std::ranges::all_of(joined_, seen); usleep(5'000)) {
    settle_accounts(false);
    const uint64_t read_now = crowd_->bytes_read();
    if (read_now != read_before) heard_at = monotonic_now();
    read_before = read_now;
    if (monotonic_now() - heard_at > kSilence) return;
  }
}

void ChurnRound::judge(uint32_t id, const Joined& one) {
  std::string what = verdict(one);
  if (what.empty()) return;
  problem("client " + std::to_string(id) + ", kind " + std::to_string(static_cast<int>(one.kind)) +
          ", framing " + std::to_string(static_cast<int>(one.framing)) + ", reason " +
          std::to_string(static_cast<int>(one.reason)) + ": " + what);
}

std::string ChurnRound::verdict(const Joined& one) const {
  if (one.here) return "never reported";
  if (!one.has_outcome) return "its other end saw no end";
  const ChurnOutcome& outcome = one.outcome;
  // What was lost on the way down is nobody's fault when the receiver hung up, or was reset.
  const bool graceful = outcome.end == ChurnOutcome::End::kEof;
  switch (one.reason) {
    case Reason::kEnded:
      if (!graceful) return "";
      if (!outcome.whole) return "ended within a frame";
      if (one.framing != Framing::kRaw && !outcome.finished) return "ended without the end of its framing";
      // Who waits for a key frame, or has a soft limit below one frame, may have been moved behind all of
      // them.
      if (outcome.frames > 0 && outcome.last + 1 != stream_.frames() &&
          (one.recover == RecoverPolicy::kNone || one.recover == RecoverPolicy::kLatest))
        return "ended with frame " + std::to_string(outcome.last) + " of " + std::to_string(stream_.frames());
      return "";
    case Reason::kClosed:
      if (graceful && !outcome.whole) return "closed within a frame";
      if (graceful && outcome.goodbye && !outcome.finished) return "its close was not answered";
      if (graceful && outcome.goodbye && outcome.status != ChurnPeer::kStatus)
        return "answered by another status";
      return "";
    case Reason::kRemoved:
      if (!one.cut && !one.flushed && !closed_) return "removed, and nobody asked for it";
      if (graceful && !one.cut && !closed_ && !outcome.whole) return "flushed, and ends within a frame";
      return "";
    case Reason::kSlow:
      return "";
    default:
      return "left for reason " + std::to_string(static_cast<int>(one.reason));
  }
}

void ChurnRound::count(const Joined& one) {
  ++totals_.joined;
  ++totals_.reasons[static_cast<size_t>(one.reason)];
  const ChurnOutcome& outcome = one.outcome;
  totals_.frames += outcome.frames;
  totals_.bytes += outcome.bytes;
  totals_.header_sets += outcome.header_sets;
  totals_.jumps += outcome.jumps;
  totals_.pongs += outcome.pongs > 0 ? 1 : 0;
  totals_.closes += outcome.goodbye && outcome.finished ? 1 : 0;
  totals_.eofs += outcome.end == ChurnOutcome::End::kEof ? 1 : 0;
  totals_.resets += outcome.end == ChurnOutcome::End::kReset ? 1 : 0;
  totals_.hung_up += outcome.end == ChurnOutcome::End::kHungUp ? 1 : 0;
  if (!outcome.whole && outcome.end != ChurnOutcome::End::kHungUp) ++totals_.torn_by_cut;
}

void ChurnRound::problem(const std::string& what) {
  if (++problems_ <= 10) std::printf("PROBLEM %s\n", what.c_str());
}

}  // namespace flumen::test
