// A shard with everything around it that a test needs: the fake kernel, a roster, a sequencer, a virtual
// clock and a listener that writes down who left. Drives turns as the loop does.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/sink/roster.h"
#include "core/sink/shard.h"
#include "core/timeline/stamper.h"
#include "test/fake_io.h"

namespace flumen::test {

struct Removal {
  Client* client = nullptr;
  Reason reason = Reason::kNone;
  Nanos at = 0;
  int error = 0;
};

struct ClientSetup {
  FdKind kind = FdKind::kSocket;
  size_t capacity = 64 * kKiB;
  Framing framing = Framing::kRaw;
  std::string_view prologue = {};
  bool wants_input = false;
  Nanos deadline = kNever;
  uint32_t icy_interval = 1000;  // with kIcy
  bool gdp = false;
};

/// What has been before: numbers of the frames to come, and the clock.
struct RigStart {
  uint64_t frames = 0;
  uint64_t bytes = 0;
  Nanos time = 0;
  Nanos now = 1'000'000 * kSecond;
};

class Rig : public ShardListener, public PaceWaker {
 public:
  explicit Rig(const SinkOptions& options, const RigStart& start = {});
  ~Rig() override;

  // Commands, at `now`.
  uint64_t append(std::string_view bytes, FrameInfo info = {});
  uint64_t append(BlockSlice bytes, const FrameInfo& info, const StateRef& of, BlockSlice events = {});
  BlockSlice copy(std::string_view bytes);
  /// Gives a frame its number, and says that it is on its way.
  void stamp(Frame& frame);
  /// As append(), and then asks the gate, as a push does.
  bool push(std::string_view bytes, FrameInfo info = {});
  Client* reserve(const ClientSetup& setup = {});
  Client* add(const ClientSetup& setup = {});
  /// Gives back the slot of a client that has left.
  void release(Client* client);

  /// Edges of space, then what the kernel has to say: true when there was anything.
  bool events();
  bool tick_if_due();
  /// One turn of the loop: events, then tick() when it is due. False when there was neither.
  bool turn();
  /// Turns until nothing is due now.
  void settle();
  /// Lets time pass, with turns at every deadline on the way.
  void pass(Nanos time);

  /// What the peer of this client has been sent so far.
  std::string received(const Client* client) const { return received(fd_of(client)); }
  std::string received(int fd) const;
  FakeFd& fd(const Client* client) { return io.at(fd_of(client)); }
  /// The descriptor a client was given, also after it left.
  int fd_of(const Client* client) const;
  /// The reason a client left for; kNone while it is here.
  Reason reason_of(const Client* client) const;

  void on_removed(Client* client) override;
  void on_input(Client* client, BlockSlice bytes) override;
  void on_finished(Shard* finished) override;
  void on_drained(Shard*) override { ++drained; }
  void resume_source() override { ++resumed; }

  std::function<void(Client*)> removed_hook;
  std::function<void(Client*, const IoEvent&)> event_hook;        // before the shard hears of it …
  std::function<void(Client*, const IoEvent&)> event_after_hook;  // … and after
  std::function<void()> tick_hook;
  std::function<void()> before_tick_hook;

  Ledger ledger;
  FakeIo io{ledger};
  Nanos now;
  Stamper stamper;
  Newest newest;
  std::unique_ptr<Pace> pace;  // with pace: wait
  StateRef state;              // of the frames from now on
  std::unique_ptr<Roster> roster = std::make_unique<Roster>(ledger);
  std::unique_ptr<BlockWriter> writer = std::make_unique<BlockWriter>(ledger);
  std::unique_ptr<Shard> shard;
  std::vector<Removal> removals;
  std::vector<std::string> heard;  // what clients have sent, as it was passed on
  int finished = 0;
  int drained = 0;
  int resumed = 0;
  uint64_t turns = 0;
  uint64_t most_closes = 0;  // in one tick

 private:
  std::vector<int> fds_;  // by roster index
};

/// `count` bytes that differ from place to place and with `seed`.
std::string pattern(size_t count, uint64_t seed = 0);

}  // namespace flumen::test
