// The fault matrix against the deterministic core: a shard, or a source, over the fake kernel, with the fault
// at the first call of its kind, then at the second, and so on to the last that there is.
#include <cerrno>
#include <cstring>

#include "core/source/fd_source.h"
#include "test/faults.h"
#include "test/live.h"
#include "test/naive_wire.h"
#include "test/rig.h"

namespace flumen::test {

namespace {

/// What the row means at the boundary of the core; none where the real Io deals with it alone.
struct Place {
  bool any = false;
  IoCall call = IoCall::kSubmit;
  FdKind kind = FdKind::kSocket;
  Framing framing = Framing::kRaw;
  bool source = false;
};

Place place_of(Scene scene) {
  switch (scene) {
    case Scene::kSend:
      return {true};
    case Scene::kSendmsg:
      return {true, IoCall::kSubmit, FdKind::kSocket, Framing::kChunked};
    case Scene::kPipe:
    case Scene::kOldPipe:
    case Scene::kPipePoll:
      return {true, IoCall::kSubmit, FdKind::kPipe};
    case Scene::kFile:
      return {true, IoCall::kSubmit, FdKind::kFile};
    case Scene::kClientRecv:
      return {true, IoCall::kRead};
    case Scene::kSourceRecv:
      return {true, IoCall::kRead, FdKind::kSocket, Framing::kRaw, true};
    case Scene::kPipeRead:
    case Scene::kPipeReadPoll:
      return {true, IoCall::kRead, FdKind::kPipe, Framing::kRaw, true};
    case Scene::kFileRead:
      return {true, IoCall::kRead, FdKind::kFile, Framing::kRaw, true};
    case Scene::kWatchClient:
      return {true, IoCall::kAdd};
    case Scene::kWatchSource:
      return {true, IoCall::kAdd, FdKind::kSocket, Framing::kRaw, true};
    case Scene::kShutdown:
      return {true, IoCall::kShutdown};
    case Scene::kQueued:
      return {true, IoCall::kQueued};
    case Scene::kWait:
      return {true, IoCall::kWait};
    default:
      return {};
  }
}

/// Fails the `skip`th call of its kind.
struct Fault {
  IoCall call;
  int fd = -1;
  int skip = 0;
  int error = 0;
  bool fired = false;

  int operator()(IoCall made, int of) {
    if (fired || made != call || (fd >= 0 && of != fd) || skip-- > 0) return 0;
    fired = true;
    return error;
  }
};

/// Everything that a client can go through, with others beside it.
class Script {
 public:
  Script(const FaultRow& row, const Place& place, int error, int skip)
      : row_(row), place_(place), error_(error), rig_(options()) {
    constexpr Framing kFramings[] = {Framing::kRaw, Framing::kChunked, Framing::kWebsocket};
    for (const Framing framing : kFramings)
      others_.push_back(rig_.add({.framing = framing, .prologue = "head"}));
    others_.push_back(rig_.add({.kind = FdKind::kPipe, .prologue = "head"}));
    others_.push_back(rig_.add({.kind = FdKind::kFile, .prologue = "head"}));
    victim_ = rig_.reserve({.kind = place.kind, .framing = place.framing, .prologue = "head"});
    fault_ = {place.call, place.call == IoCall::kWait ? -1 : rig_.fd_of(victim_), skip, error};
    rig_.io.fault = [this](IoCall call, int fd) { return fault(call, fd); };
    rig_.removed_hook = [this](Client* client) { ++removals_[client]; };
  }

  bool fired() const { return fault_.fired; }

  std::string play() {
    rig_.shard->add(victim_, rig_.now);
    push_and_turn(3);
    stall();
    push_and_turn(3);
    talk();
    push_and_turn(2);
    if (rig_.reason_of(victim_) == Reason::kNone) rig_.shard->report(victim_, rig_.now);
    rig_.shard->end();
    rig_.settle();
    // The victim's peer reads what is there and hangs up with the others'.
    for (Client* client : all()) rig_.io.peer_read(rig_.fd_of(client), kMiB);
    rig_.pass(100 * kMillisecond);
    for (Client* client : all()) rig_.io.peer_fin(rig_.fd_of(client));
    rig_.pass(5 * kSecond);
    judge();
    return wrong_;
  }

 private:
  static SinkOptions options() {
    SinkOptions options;
    options.close_timeout = kSecond;
    return options;
  }

  int fault(IoCall call, int fd) {
    const int error = fault_(call, fd);
    // It has everything, and only its farewell is under way.
    if (error != 0 && fd >= 0) through_ = rig_.io.at(fd).our_fin;
    return error;
  }

  std::vector<Client*> all() const {
    std::vector<Client*> clients = others_;
    clients.push_back(victim_);
    return clients;
  }

  void push_and_turn(int frames) {
    for (int i = 0; i < frames; ++i) {
      const std::string frame = pattern(1000, pushed_++);
      stream_ += frame;
      rig_.append(frame);
      rig_.turn();
    }
    rig_.pass(100 * kMillisecond);
  }

  /// Its kernel takes a piece of a frame and then nothing for a while.
  void stall() {
    const int fd = rig_.fd_of(victim_);
    if (place_.kind == FdKind::kFile || !rig_.io.at(fd).open) return;
    rig_.io.cut(fd, 300);
    push_and_turn(1);
    rig_.io.peer_read(fd, 10'000);
    rig_.settle();
  }

  void talk() {
    if (place_.kind != FdKind::kSocket) return;
    for (int i = 0; i < 3; ++i) {
      rig_.io.peer_send(rig_.fd_of(victim_), 20'000);
      rig_.settle();
    }
  }

  void wrong(const std::string& what) { wrong_ += (wrong_.empty() ? "" : "; ") + what; }

  void judge() {
    if (!fault_.fired) return;
    for (Client* client : all()) {
      if (removals_[client] != 1)
        wrong("a client was reported " + std::to_string(removals_[client]) + " times");
    }
    for (const Client* client : others_) {
      if (client->reason != Reason::kEnded) wrong("a bystander did not end");
      if (media_of(client) != stream_) wrong("a bystander has got other bytes than the stream's");
    }
    const bool served = through_ || row_.outcome == Outcome::kUnharmed;
    const Reason expected = served                             ? Reason::kEnded
                            : row_.outcome == Outcome::kClosed ? Reason::kClosed
                                                               : Reason::kError;
    if (victim_->reason != expected)
      wrong("the victim left with reason " + std::to_string(static_cast<int>(victim_->reason)));
    if (expected == Reason::kError &&
        (victim_->error != error_ || std::strcmp(victim_->error_operation, operation())))
      wrong("the error is " + std::to_string(victim_->error) + " in " + victim_->error_operation);
    const std::string got = media_of(victim_);
    if (served ? got != stream_ : !stream_.starts_with(got))
      wrong("the victim has got other bytes than the stream's");
    for (const std::string& violation : rig_.io.violations) wrong(violation);
    check_nothing_left();
  }

  /// As the shard names it: it knows one kind of write.
  const char* operation() const { return place_.call == IoCall::kSubmit ? "write" : row_.operation; }

  std::string media_of(const Client* client) const {
    std::string bytes = rig_.received(client);
    const size_t head = std::min<size_t>(bytes.size(), 4);
    if (bytes.substr(0, head) != std::string("head").substr(0, head)) return "no head";
    return naive_decode(client->framing, bytes.substr(head)).media;
  }

  void check_nothing_left() {
    for (Client* client : all()) rig_.release(client);
    if (rig_.finished != 1) wrong("the shard has not finished");
    rig_.shard.reset();
    rig_.writer.reset();
    rig_.roster.reset();
    if (rig_.io.still_open() != 0) wrong("descriptors are left open");
    const Ledger& ledger = rig_.ledger;
    if (ledger.open_fds != 0 || ledger.live_clients != 0 || ledger.live_blocks != 0 || ledger.live_bytes != 0)
      wrong("the ledger is not empty");
  }

  const FaultRow& row_;
  const Place place_;
  const int error_;
  Rig rig_;
  Fault fault_;
  std::vector<Client*> others_;
  Client* victim_ = nullptr;
  std::map<const Client*, int> removals_;
  std::string stream_;
  uint64_t pushed_ = 0;
  bool through_ = false;
  std::string wrong_;
};

/// Where a source's bytes go, and what is said of it.
struct Basin final : FrameSink, SourceListener {
  std::string bytes;
  int ends = 0;
  std::vector<Error> errors;

  Flow append(BlockSlice slice, const FrameInfo&, Nanos) override {
    bytes.append(reinterpret_cast<const char*>(slice.data()), slice.size);
    return Flow::kMore;
  }
  void set_state(const StateChange&, Nanos) override {}
  bool append_event(const gdp::EventKind&, std::string_view) override { return true; }
  bool ended() const override { return false; }
  void on_end(FdSource*) override { ++ends; }
  void on_error(FdSource*, Error error, uint64_t) override { errors.push_back(error); }
  void on_broken(FdSource*, const gdp::StreamError&) override {}
  void on_note(FdSource*, StreamNote) override {}
  void on_timeout(FdSource*) override {}
};

std::string play_source(const FaultRow& row, const Place& place, int error, int skip, bool& fired) {
  Ledger ledger;
  std::string wrong;
  {
    FakeIo io(ledger);
    const auto basin = std::make_shared<Basin>();
    FdSource source(1, basin, ledger, 0);
    const int fd = io.open(place.kind, 0);
    Fault fault{place.call, fd, skip, error};
    io.fault = [&](IoCall call, int of) { return fault(call, of); };
    Feed feed;
    feed.fd = fd;
    feed.kind = place.kind;
    source.attach(std::move(feed), io, *basin, kSecond);
    const std::string all = pattern(50'000);
    for (size_t at = 0; at < all.size(); at += 10'000) {
      if (!io.at(fd).open) break;
      io.at(fd).said.append(all, at, 10'000);
      io.at(fd).input += 10'000;
      source.on_readable(kSecond);
    }
    io.at(fd).peer_fin = true;
    for (int i = 0; i < 3 && source.attached(); ++i) source.on_readable(kSecond);
    fired = fault.fired;
    if (!fired) return "";
    const bool whole = row.outcome == Outcome::kUnharmed;
    if (whole ? basin->bytes != all : !all.starts_with(basin->bytes)) wrong = "other bytes than the source's";
    if (basin->ends != (whole ? 1 : 0) || basin->errors.size() != (whole ? 0 : 1)) wrong = "not told once";
    if (!whole &&
        (basin->errors[0].code != error || std::strcmp(basin->errors[0].operation, row.operation) != 0))
      wrong = "another error";
    if (source.attached() || io.still_open() != 0) wrong = "the descriptor is left open";
    if (!io.violations.empty()) wrong = io.violations[0];
  }
  if (ledger.open_fds != 0 || ledger.live_blocks != 0) wrong = "the ledger is not empty";
  return wrong;
}

}  // namespace

std::string play_fake(const FaultRow& row, int error, size_t& runs) {
  const Place place = place_of(row.scene);
  // Below the boundary: the real Io calls again, or another way.
  if (!place.any || (error == EINTR && place.call != IoCall::kWait) || error == EOPNOTSUPP) return "";
  bool fired = true;
  for (int skip = 0; fired; ++skip, ++runs) {
    std::string wrong;
    if (place.source) {
      wrong = play_source(row, place, error, skip, fired);
    } else {
      Script script(row, place, error, skip);
      wrong = script.play();
      fired = script.fired();
    }
    if (fired && !wrong.empty()) return "call " + std::to_string(skip) + ": " + wrong;
    if (!fired && skip == 0) return "the fake kernel was never asked";
  }
  return "";
}

}  // namespace flumen::test
