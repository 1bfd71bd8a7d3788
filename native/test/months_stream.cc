// The stream of a simulated month: frames that are windows of one block of noise, and what sources do.
#include <algorithm>

#include "test/months_life.h"

namespace flumen::test {

namespace {
constexpr size_t kNoise = 16 * kMiB;
constexpr uint32_t kFloodFrame = kMiB;
constexpr size_t kKept = 8192;  // more frames than anybody may lag
}  // namespace

MonthsLife::MonthsLife(const MonthsPlan& plan, uint64_t seed)
    : plan_(plan),
      choices_(seed),
      rig_(plan.options, plan.start),
      noise_(Block::create(rig_.ledger, kNoise)) {
  const std::string some = pattern(kMiB + 13, seed);
  for (size_t at = 0; at < kNoise; at += some.size())
    std::copy_n(some.data(), std::min(some.size(), kNoise - at), noise_->data() + at);
  began_ = rig_.now;
  ends_ = began_ + static_cast<Nanos>(plan.days * 24 * 3600) * kSecond;
  if (plan.floods) {
    flood_from_ = began_ + (ends_ - began_) / 3;
    flood_until_ = flood_from_ + kMonthsPeriod * 4500;
  }
  first_seq_ = plan.start.frames;
  expected_time_ = plan.start.time;
  rig_.io.record = false;
  rig_.io.on_write = [this](int fd, std::span<const iovec> iov, int64_t result) {
    saw_write(fd, iov, result);
  };
  rig_.removed_hook = [this](Client* client) { saw_removal(client); };
}

MonthsLife::~MonthsLife() = default;

bool MonthsLife::run() {
  restart();
  const auto pushes = static_cast<uint64_t>((ends_ - began_) / kMonthsPeriod);
  // One of two comes one by one, the others in rushes.
  const uint64_t one_in = std::max<uint64_t>(1, pushes / std::max<uint64_t>(1, plan_.listeners / 2));
  const uint64_t rush_in = std::max<uint64_t>(1, pushes / 10);
  const Nanos stay = (ends_ - began_) / 40;
  for (int i = 0; i < 5; ++i) join(2 * (ends_ - began_));
  for (uint64_t i = 1; rig_.now < ends_ && problems_.empty(); ++i) {
    push();
    if (choices_.one_in(one_in)) join(static_cast<Nanos>(choices_.below(static_cast<uint64_t>(2 * stay))));
    if (i % rush_in == rush_in * 3 / 4) rush();
    wander();
    perform_due();
    rig_.pass(kMonthsPeriod);
    if (i % 1800 == 0) check_totals();
    if (i % 43'200 == 0 || i % (pushes / 30 + 1) == 0) check_day();
  }
  if (problems_.empty()) check_day();
  if (problems_.empty()) check_end();
  return problems_.empty();
}

bool MonthsLife::flooding() const { return rig_.now >= flood_from_ && rig_.now < flood_until_; }

uint32_t MonthsLife::size_of(uint64_t seq) const {
  return flooding() ? kFloodFrame : static_cast<uint32_t>(1 + seq * 7919 % 6000);
}

const uint8_t* MonthsLife::content_of(uint64_t seq) const {
  return noise_->data() + seq * 4099 % (kNoise - kFloodFrame);
}

void MonthsLife::push() {
  const uint64_t seq = rig_.stamper.next();
  const uint32_t size = size_of(seq);
  // Small frames are copied, as those of JavaScript are, and lie packed; big ones are given as they are.
  BlockSlice bytes{noise_, static_cast<uint32_t>(content_of(seq) - noise_->data()), size};
  if (!flooding()) bytes = rig_.writer->copy({content_of(seq), size});
  FrameInfo info;
  info.flags = seq % 5 == 0 ? 0 : FrameFlags::kDelta;
  info.pts = pts_;
  if (last_pts_ != kNoTime && pts_ > last_pts_ && pts_ - last_pts_ <= 10 * kSecond)
    expected_time_ += pts_ - last_pts_;
  last_pts_ = pts_;
  pts_ += kMonthsPeriod;
  pushed_.push_back({bytes.data(), size, seq % 5 == 0, state_});
  while (pushed_.size() > kKept) pushed_.pop_front();
  rig_.append(std::move(bytes), info, rig_.state);
  ++counts_.pushes;
  counts_.media += size;
}

/// Another source, or the same one again: other headers, and a clock of its own.
void MonthsLife::restart() {
  ++state_;
  ++counts_.restarts;
  const std::string text = "headers " + std::to_string(state_) + pattern(choices_.between(1, 400), state_);
  std::vector<BlockSlice> slices;
  slices.push_back(copy_to_slice(rig_.ledger, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  rig_.state = StateRef(StreamState::create(rig_.ledger, std::move(slices), {}));
  headers_[state_] = text;
  while (headers_.size() > 64) headers_.erase(headers_.begin());
  pts_ = choices_.one_in(2) ? 0 : static_cast<Nanos>(choices_.below(uint64_t{1} << 62));
}

/// Jumps of the timestamps, restarts, pauses of up to eight hours.
void MonthsLife::wander() {
  const uint64_t what = choices_.below(20'000);
  if (what < 3) {
    restart();
  } else if (what < 6) {
    ++counts_.jumps;
    const auto far = static_cast<Nanos>(choices_.below(uint64_t{1} << choices_.between(30, 60)));
    pts_ = (choices_.one_in(2) ? pts_ + far : pts_ - far) & ((Nanos{1} << 62) - 1);
  } else if (what < 7 && !flooding()) {
    ++counts_.pauses;
    rig_.pass(static_cast<Nanos>(choices_.below(8 * kHour)));
    if (choices_.one_in(2)) restart();
  }
}

}  // namespace flumen::test
