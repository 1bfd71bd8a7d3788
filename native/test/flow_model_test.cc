// Random lives of a shard whose producer waits and whose process is short of memory now and then, held
// against the naive rule: who lags how far is worked out client by client and frame by frame.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "test/choices.h"
#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

struct PushedFrame {
  uint64_t size = 0;
  Nanos time = 0;
};

class FlowWorld {
 public:
  explicit FlowWorld(uint64_t seed) : choices_(seed), options_(options()), rig_(options_) {
    rig_.io.record = false;
    rig_.removed_hook = [this](Client* client) { saw_removal(client); };
  }

  void live() {
    for (int i = 0; i < 120; ++i) step();
    rig_.shard->close(rig_.now);
    rig_.pass(options_.close_timeout);
    CHECK(rig_.finished == 1);
    CHECK_FALSE(rig_.pace->closed());
    CHECK(static_cast<uint64_t>(rig_.drained) == closings_);
    CHECK(rig_.io.violations.empty());
  }

  uint64_t closings() const { return closings_; }
  uint64_t squeezed() const { return squeezed_; }

 private:
  Amount soft_limit() {
    constexpr uint64_t kMost[] = {0, 12, 6000, 300 * kMillisecond};
    const auto unit = static_cast<Unit>(choices_.between(1, 3));
    return {unit, choices_.below(kMost[static_cast<size_t>(unit)])};
  }

  SinkOptions options() {
    SinkOptions options;
    options.pace = PaceRule::kWait;
    options.lag = {soft_limit(), {}, RecoverPolicy::kNone};
    options.stall_timeout = choices_.one_in(2) ? kSecond : 0;
    options.flush_interval = choices_.one_in(3) ? 100 * kMillisecond : 0;
    options.close_timeout = 50 * kMillisecond;
    options.start.method = static_cast<SyncMethod>(choices_.below(6));
    options.start.min = {Unit::kFrames, choices_.below(20)};
    options.position_on_push = choices_.one_in(4);
    return options;
  }

  void step() {
    const uint64_t what = choices_.below(20);
    if (what < 8) {
      push();
    } else if (what < 11) {
      add();
    } else if (what < 12 && !here_.empty()) {
      rig_.shard->remove(any(), rig_.now, choices_.one_in(2));
    } else if (what < 13) {
      options_.lag.soft = soft_limit();
      rig_.shard->set_lag(options_.lag);
    } else if (what < 14 && choices_.one_in(3)) {
      squeeze();
    } else if (what < 18 && !here_.empty()) {
      rig_.io.peer_read(rig_.fd_of(any()), choices_.below(5000));
    } else {
      rig_.pass(static_cast<Nanos>(choices_.below(300)) * kMillisecond);
    }
    if (choices_.one_in(3)) return;
    rig_.settle();
    check_at_rest();
  }

  Client* any() { return here_[choices_.below(here_.size())]; }

  void add() {
    constexpr size_t kCapacities[] = {100, 3000, 100'000};
    Client* client = rig_.reserve(
        {.capacity = kCapacities[choices_.below(3)], .prologue = choices_.one_in(4) ? "head" : ""});
    if (choices_.one_in(3)) {
      client->rules = std::make_unique<ClientRules>();
      client->rules->start = options_.start;
      client->rules->lag = {soft_limit(), {}, RecoverPolicy::kNone};
    }
    here_.push_back(client);
    rig_.shard->add(client, rig_.now);
  }

  // Right after a rest the shard's marks are as exact as can be: the answer is the naive rule's.
  void push() {
    const bool exact = choices_.one_in(2) && options_.flush_interval == 0;
    if (exact) rig_.settle();
    std::vector<const Client*> lagging;
    for (const Client* client : here_) {
      if (counts(client)) lagging.push_back(client);
    }
    FrameInfo info;
    pts_ += static_cast<Nanos>(choices_.below(60)) * kMillisecond;
    info.pts = pts_;
    if (!choices_.one_in(4)) info.flags = FrameFlags::kDelta;
    const std::string bytes = pattern(choices_.between(1, 2000), frames_.size());
    const uint64_t known = frames_.size();
    const bool more = rig_.push(bytes, info);
    frames_.push_back({bytes.size(), rig_.stamper.time()});
    if (exact) {
      const bool over =
          std::ranges::any_of(lagging, [&](const Client* client) { return is_over(client, known); });
      CHECK(more == (!over && !told()));
    }
    if (!more && !told()) ++closings_;
  }

  // A push was turned away and has not heard of the opening.
  bool told() const { return closings_ > static_cast<uint64_t>(rig_.drained); }

  bool counts(const Client* client) const {
    return client->await == Await::kNothing && client->state != ClientState::kLingering;
  }

  // `known`: how many frames the shard had when it last said how far the stream may go.
  bool is_over(const Client* client, uint64_t known) const {
    const Amount soft = client->rules && client->rules->lag ? client->rules->lag->soft : options_.lag.soft;
    const uint64_t from = client->offset > 0 ? client->seq + 1 : client->seq;
    uint64_t amount = 0;
    if (soft.unit == Unit::kTime) {
      const uint64_t since = from < known ? from : known - 1;
      if (from < frames_.size() && known > 0)
        amount = static_cast<uint64_t>(frames_.back().time - frames_[since].time);
    } else {
      for (uint64_t seq = from; seq < frames_.size(); ++seq) {
        amount += soft.unit == Unit::kFrames ? 1 : frames_[seq].size;
      }
    }
    return amount > soft.value;
  }

  void check_at_rest() {
    const bool over = std::ranges::any_of(
        here_, [&](const Client* client) { return counts(client) && is_over(client, frames_.size()); });
    // Whoever was told to wait has heard of it, once.
    if (!over) CHECK(static_cast<uint64_t>(rig_.drained) == closings_);
    CHECK(rig_.pace->closed() == told());
    CHECK(rig_.io.violations.empty());
  }

  // As if other shards held the rest of what the process has.
  void squeeze() {
    rig_.settle();
    Shortage shortage;
    shortage.cap = choices_.between(1, 50'000);
    shortage.live = shortage.cap * choices_.between(1, 10);
    shortage.shards = choices_.between(1, 20);
    const uint64_t held = rig_.shard->bytes_held();
    const uint64_t fair = (shortage.cap - shortage.cap / 64) / shortage.shards;
    const bool must = held > fair;
    squeezing_ = must;
    rig_.shard->squeeze(shortage);
    CHECK((rig_.shard->squeezing() == false || must));
    rig_.settle();
    squeezing_ = false;
    CHECK_FALSE(rig_.shard->squeezing());
    const uint64_t now_held = rig_.shard->bytes_held();
    if (!must) {
      CHECK(now_held == held);
      return;
    }
    ++squeezed_;
    // Private bytes of clients that are not stuck stay.
    uint64_t private_bytes = 0;
    for (const Client* client : here_) private_bytes += client->prologue_held;
    const double part = static_cast<double>(shortage.cap) / static_cast<double>(shortage.live);
    const double share = std::max(static_cast<double>(fair), static_cast<double>(held) * part);
    CHECK(static_cast<double>(now_held) <= share + static_cast<double>(private_bytes) + 1);
    check_at_rest();
  }

  void saw_removal(Client* client) {
    std::erase(here_, client);
    if (!squeezing_ || client->reason != Reason::kSlow) return;
    // Nobody whom it is waiting for was further back.
    for (const Client* other : here_) {
      if (counts(other)) CHECK(other->seq >= client->seq);
    }
  }

  Choices choices_;
  SinkOptions options_;
  Rig rig_;
  std::vector<Client*> here_;
  std::vector<PushedFrame> frames_;
  Nanos pts_ = 0;
  bool squeezing_ = false;
  uint64_t closings_ = 0;
  uint64_t squeezed_ = 0;
};

}  // namespace

TEST_CASE("flow: the gate and the share of a shard are those of the naive rule, over random lives") {
  uint64_t closings = 0, squeezed = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    CAPTURE(seed);
    FlowWorld world(seed);
    world.live();
    closings += world.closings();
    squeezed += world.squeezed();
  }
  CHECK(closings > 1000);
  CHECK(squeezed > 200);
}
