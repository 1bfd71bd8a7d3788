// How a World ends, and what must be true then.
#include <algorithm>

#include "test/world.h"

namespace flumen::test {

void World::end_all(bool close) {
  say(close ? "close()" : "end()");
  if (!ending_) {
    flush_filter();
    // Who has been sent its FIN is past this.
    for (ModelPeer* peer : here_) peer->end_at(stream_.next(), Reason::kEnded);
  }
  ending_ = true;
  if (close) {
    close_at_ = std::min(close_at_, rig_.now + options_.close_timeout);
    rig_.shard->close(rig_.now);
  } else {
    rig_.shard->end();
  }
}

void World::finale() {
  const uint64_t how = choices_.below(10);
  if (how == 0) {
    say("abandon");
    const size_t before = rig_.removals.size();
    ending_ = true;  // nobody is reported
    for (ModelPeer& peer : peers_) peer.may_reset = true;
    rig_.io.closing_down = true;
    rig_.shard->abandon();
    if (rig_.removals.size() != before) problem("abandon() reported somebody");
    for (ModelPeer* peer : here_) unreleased_.push_back(peer);
    check_nothing_left();
    return;
  }
  if (choices_.one_in(4)) let_time_pass(static_cast<Nanos>(choices_.below(300)) * kMillisecond);
  if (how < 6) {
    end_all(false);
    if (choices_.one_in(3)) add_client();
    wind_up();
  }
  if (problems_.empty()) {
    end_all(true);
    if (choices_.one_in(5)) add_client();
    if (choices_.one_in(2)) wind_up();
    let_time_pass(options_.close_timeout);
  }
  if (problems_.empty()) check_finished();
  if (problems_.empty()) check_nothing_left();
}

// Peers that read get everything, and answer our FIN with theirs or do not.
void World::wind_up() {
  std::vector<ModelPeer*> reading;
  for (ModelPeer* peer : here_) {
    if (choices_.one_in(4)) continue;
    peer->appetite = kMiB;
    if (peer->kind != FdKind::kFile) reading.push_back(peer);
  }
  // The clock stands still: however small its buffer, nobody may be called slow meanwhile.
  const auto waits = [&](const ModelPeer* peer) { return peer->here && !peer->complete(stream_); };
  for (uint64_t before = ~accepted_; std::any_of(reading.begin(), reading.end(), waits);) {
    if (before == accepted_) break;
    before = accepted_;
    peers_read(0);
    rig_.settle();
  }
  settle();
  for (int i = 0; i < 10 && !here_.empty() && problems_.empty(); ++i) {
    let_time_pass(kMillisecond);
    for (ModelPeer* peer : here_) {
      if (rig_.io.at(peer->fd).our_fin && choices_.one_in(2)) rig_.io.peer_fin(peer->fd);
    }
  }
  for (const ModelPeer* peer : reading) {
    if (problems_.empty() && peer->here && close_at_ == kNever && !peer->complete(stream_)) {
      problem(*peer, "reads, but did not get the rest");
    }
  }
}

void World::check_finished() {
  let_time_pass(options_.flush_interval);  // slots that were due when their members left
  if (rig_.finished != 1) problem("on_finished was called " + std::to_string(rig_.finished) + " times");
  for (const ModelPeer* peer : here_) problem(*peer, "still here after close()");
  if (rig_.removals.size() != peers_.size()) problem("not every client was reported exactly once");
  if (rig_.shard->deadline() != kNever) problem("a finished shard still wants turns");
  if (!rig_.shard->timeline().empty()) problem("a finished shard keeps frames");
}

void World::check_nothing_left() {
  if (rig_.io.still_open() != 0) problem(std::to_string(rig_.io.still_open()) + " descriptors still open");
  for (ModelPeer* peer : unreleased_) rig_.release(peer->client);
  unreleased_.clear();
  if (rig_.roster->size() != 0) problem("slots are lost");
  filter_.flush(state_);
  state_ = {};
  rig_.shard.reset();
  rig_.writer.reset();
  rig_.roster.reset();
  const Ledger& ledger = rig_.ledger;
  if (ledger.live_blocks != 0) problem(std::to_string(ledger.live_blocks) + " blocks leaked");
  if (ledger.live_bytes != 0) problem(std::to_string(ledger.live_bytes) + " bytes not given back");
  if (ledger.live_clients != 0) problem("live_clients is not zero");
  if (ledger.open_fds != 0) problem("open_fds is not zero");
}

}  // namespace flumen::test
