#include "core/loop/loop.h"

#include <algorithm>

#include "core/sys/clock.h"

namespace flumen {

namespace {

Notice notice_of(Notice::Kind kind, const Shard* shard) {
  Notice notice;
  notice.kind = kind;
  notice.id = shard->sink_id();
  return notice;
}

Notice notice_of(Notice::Kind kind, const FdSource* source) {
  Notice notice;
  notice.kind = kind;
  notice.id = source->id();
  notice.serial = source->serial();
  return notice;
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::start(const std::string& name, Outbox& outbox, Ledger& ledger,
                                          MemoryCap& memory, EpollIo::Sends sends) {
  Result<std::unique_ptr<EpollIo>> io = EpollIo::create(ledger, sends);
  if (!io.ok()) return io.error();
  std::unique_ptr<Loop> loop(new Loop(std::move(io.value()), outbox, ledger, memory));
  Loop* self = loop.get();
  Result<Thread> thread = start_thread(name.c_str(), [self] { self->run(); });
  if (!thread.ok()) return thread.error();
  loop->thread_ = std::move(thread.value());
  return loop;
}

Loop::~Loop() { stop(); }

void Loop::stop() {
  if (!thread_.joinable()) return;
  Command stop;
  stop.kind = Command::Kind::kStop;
  post(std::move(stop));
  thread_.join();
}

void Loop::post(Command command) {
  if (inbox_.push(std::move(command))) io_->wake();
}

void Loop::run() {
  Nanos now = monotonic_now();
  while (!stopping_) {
    const Nanos deadline = next_deadline();
    // Nobody needs to wake us while there is work.
    const bool sleeps = deadline > now && fall_asleep(now);
    const std::span<const IoEvent> events = io_->wait(now, sleeps ? deadline : 0);
    now = monotonic_now();
    // Commands first: a frame pushed before a client sent its FIN is pending for that client.
    inbox_.take(commands_);
    for (Command& command : commands_) obey(command, now);
    commands_.clear();
    for (const IoEvent& event : events) dispatch(event, now);
    dropped_.clear();
    tick_all(now = monotonic_now());
    if (squeezing_) report_squeezed();
    memory_.check();  // private bytes, what clients sent, and bookkeeping grow here
    outbox_.deliver(inputs_, gone_, notices_);
    now = monotonic_now();
  }
  for (auto& shard : shards_) shard->abandon();
  for (auto& source : sources_) source->detach();
}

bool Loop::fall_asleep(Nanos now) {
  for (auto& shard : shards_) shard->patience() = shard->patience_at(now);
  return inbox_.sleep();
}

Nanos Loop::next_deadline() {
  Nanos next = kNever;
  for (auto& shard : shards_) next = std::min(next, shard->deadline());
  for (auto& source : sources_) next = std::min(next, source->deadline());
  return next;
}

// Tokens are pointers; sources set the lowest bit. They stay valid for the events of a turn: a source that a
// command dropped is freed behind them, and a slot is reused only after its client's leaving was delivered,
// turns before.
void Loop::dispatch(const IoEvent& event, Nanos now) {
  if ((event.token & 1) != 0) {
    auto* source = reinterpret_cast<FdSource*>(event.token & ~uint64_t{1});
    if (source->attached()) source->on_readable(now);
    return;
  }
  auto* client = reinterpret_cast<Client*>(event.token);
  if (client->shard != nullptr) client->shard->on_event(client, event, now);
}

void Loop::obey(Command& command, Nanos now) {
  using Kind = Command::Kind;
  switch (command.kind) {
    case Kind::kAppend:
      command.shard->append(std::move(command.frame), command.pushed);
      break;
    case Kind::kAdd:
      command.shard->add(command.client, now);
      break;
    case Kind::kRemove:
    case Kind::kFlushRemove:
      command.shard->remove(command.client, now, command.kind == Kind::kFlushRemove);
      settle(command);
      break;
    case Kind::kSetLag:
      command.shard->set_lag(command.lag);
      break;
    case Kind::kSetDeadline:
      command.shard->set_deadline(command.client, command.deadline, now);
      settle(command);
      break;
    case Kind::kAcknowledge:
      command.shard->acknowledge_input(command.client, command.request, now);
      settle(command);
      break;
    case Kind::kReport: {
      Notice notice = notice_of(Notice::Kind::kClientReport, command.shard);
      notice.serial = command.request;
      notice.client = command.client;
      notice.report = std::make_unique<ClientReport>(command.shard->report(command.client, now));
      notices_.push_back(std::move(notice));
      break;
    }
    case Kind::kDump: {
      Notice notice = notice_of(Notice::Kind::kSinkDump, command.shard);
      notice.serial = command.request;
      notice.offset = command.place;
      notice.text = command.shard->dump();
      notices_.push_back(std::move(notice));
      break;
    }
    case Kind::kClear:
      command.shard->clear(now);
      break;
    case Kind::kEnd:
      command.shard->end();
      break;
    case Kind::kClose:
      command.shard->close(now);
      break;
    case Kind::kOpenShard:
      shards_.emplace_back(command.shard);
      break;
    case Kind::kDropShard:
      std::erase_if(shards_, [&](auto& shard) { return shard.get() == command.shard; });
      break;
    case Kind::kAttach: {
      const bool known = std::ranges::any_of(sources_, [&](auto& s) { return s.get() == command.source; });
      if (!known) sources_.emplace_back(command.source);
      command.source->attach(std::move(*command.feed), *io_, *this, now);
      break;
    }
    case Kind::kResume:
      // It may have been dropped since.
      for (auto& source : sources_) {
        if (source.get() == command.source) source->resume(now);
      }
      break;
    case Kind::kDropSource: {
      command.source->detach();
      notices_.push_back(notice_of(Notice::Kind::kSourceClosed, command.source));
      for (auto& source : sources_) {
        if (source.get() == command.source) dropped_.push_back(std::move(source));
      }
      std::erase(sources_, nullptr);
      break;
    }
    case Kind::kSqueeze: {
      const Shortage shortage = memory_.shortage();
      for (auto& shard : shards_) shard->squeeze(shortage);
      squeezing_ = true;
      break;
    }
    case Kind::kStop:
      stopping_ = true;
      break;
  }
}

// A command that names a client, and has no other answer, has been obeyed.
void Loop::settle(const Command& command) {
  Notice notice = notice_of(Notice::Kind::kClientSettled, command.shard);
  notice.client = command.client;
  notices_.push_back(std::move(notice));
}

void Loop::tick_all(Nanos now) {
  for (auto& shard : shards_) {
    if (shard->deadline() <= now) shard->tick(now);
  }
  for (auto& source : sources_) {
    if (source->deadline() <= now) source->tick(now);
  }
}

// Healthy clients may have to be served first, which takes a turn or two.
void Loop::report_squeezed() {
  if (std::ranges::any_of(shards_, [](const auto& shard) { return shard->squeezing(); })) return;
  squeezing_ = false;
  bool gave = false;
  for (auto& shard : shards_) gave |= shard->gave_way();
  memory_.obeyed(this, gave);
}

void Loop::on_finished(Shard* shard) { notices_.push_back(notice_of(Notice::Kind::kSinkFinished, shard)); }

void Loop::on_drained(Shard* shard) { notices_.push_back(notice_of(Notice::Kind::kSinkDrained, shard)); }

void Loop::on_end(FdSource* source) { notices_.push_back(notice_of(Notice::Kind::kSourceEnded, source)); }

void Loop::on_error(FdSource* source, Error error, uint64_t offset) {
  Notice notice = notice_of(Notice::Kind::kSourceFailed, source);
  notice.error = error;
  notice.offset = offset;
  notices_.push_back(std::move(notice));
}

void Loop::on_broken(FdSource* source, const gdp::StreamError& error) {
  Notice notice = notice_of(Notice::Kind::kSourceBroken, source);
  notice.offset = error.at;
  notice.packet = error.packet;
  notice.text.append(gdp::fault_code(error.fault)).append(1, ' ').append(error.message);
  notices_.push_back(std::move(notice));
}

void Loop::on_note(FdSource* source, StreamNote note) {
  const auto kind = static_cast<size_t>(Notice::Kind::kSourceNote) + static_cast<size_t>(note.kind);
  Notice notice = notice_of(static_cast<Notice::Kind>(kind), source);
  notice.offset = note.at;
  notice.packet = note.packet;
  notice.text = std::move(note.text);
  notices_.push_back(std::move(notice));
}

void Loop::on_timeout(FdSource* source) {
  notices_.push_back(notice_of(Notice::Kind::kSourceTimeout, source));
}

}  // namespace flumen
