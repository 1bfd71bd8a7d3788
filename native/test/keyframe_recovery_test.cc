// A viewer that recovers by key frame always resumes on a key frame: thousands of random stalls, every byte
// that a receiver gets compared with the frames there were.
#include <doctest/doctest.h>

#include <cstring>

#include "test/choices.h"
#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

// A frame: its number in 8 bytes, then bytes that belong to it alone.
std::string frame_bytes(uint64_t seq, size_t size) {
  std::string bytes = pattern(size, seq);
  std::memcpy(bytes.data(), &seq, sizeof seq);
  return bytes;
}

struct Pushed {
  size_t size = 0;
  bool key = false;
};

/// Takes the body off one more chunk or message of `wire`; false when there is no whole one.
bool unwrap(Framing framing, std::string& wire, std::string& body) {
  if (framing == Framing::kRaw) {
    if (wire.empty()) return false;
    body += std::exchange(wire, {});
    return true;
  }
  size_t head = 2;
  size_t size = 0;
  if (framing == Framing::kChunked) {
    const size_t line = wire.find("\r\n");
    if (line == std::string::npos) return false;
    head = line + 2;
    size = std::stoul(wire.substr(0, line), nullptr, 16);
    if (wire.size() < head + size + 2) return false;
    CHECK(wire.substr(head + size, 2) == "\r\n");
  } else {
    if (wire.size() < 4) return false;
    size = static_cast<uint8_t>(wire[1]);
    REQUIRE(size < 127);
    if (size == 126) {
      head = 4;
      size = static_cast<size_t>(static_cast<uint8_t>(wire[2])) << 8 | static_cast<uint8_t>(wire[3]);
    }
    if (wire.size() < head + size) return false;
  }
  body += wire.substr(head, size);
  wire.erase(0, head + size + (framing == Framing::kChunked ? 2 : 0));
  return true;
}

/// What one receiver makes of its bytes.
struct Viewer {
  Client* client = nullptr;
  Framing framing = Framing::kRaw;
  std::string wire;
  std::string body;
  uint64_t next = ~uint64_t{0};  // the frame that follows without a gap
  uint64_t recoveries = 0;
  uint64_t missed = 0;
  uint64_t frames = 0;
  uint64_t wrong = 0;  // torn, reordered, or resumed on a delta frame
  uint64_t stalls_for = 0;

  void take(std::vector<uint8_t>& received, const std::vector<Pushed>& pushed) {
    wire.append(received.begin(), received.end());
    received.clear();
    while (unwrap(framing, wire, body)) continue;
    size_t at = 0;
    while (body.size() - at >= sizeof(uint64_t)) {
      uint64_t seq = 0;
      std::memcpy(&seq, body.data() + at, sizeof seq);
      if (seq >= pushed.size()) {
        ++wrong;
        return;
      }
      const size_t size = pushed[seq].size;
      if (body.size() - at < size) break;
      if (body.compare(at, size, frame_bytes(seq, size)) != 0) ++wrong;
      meet(seq, pushed[seq].key);
      at += size;
    }
    body.erase(0, at);
  }

 private:
  void meet(uint64_t seq, bool key) {
    if (seq != next) {
      const bool first = next == ~uint64_t{0};
      if (!key || (!first && seq < next)) ++wrong;
      if (!first) {
        ++recoveries;
        missed += seq - next;
      }
    }
    next = seq + 1;
    ++frames;
  }
};

struct Show {
  explicit Show(uint64_t seed) : choices(seed), rig(options(choices)) {
    for (size_t i = 0; i < 24; ++i) {
      Viewer viewer;
      viewer.framing = static_cast<Framing>(i % 3);
      viewer.client = rig.reserve({.kind = i % 4 == 3 ? FdKind::kPipe : FdKind::kSocket,
                                   .capacity = static_cast<size_t>(choices.between(1, 40)) * kKiB,
                                   .framing = viewer.framing});
      // Each its own patience; who starts between key frames waits for one.
      viewer.client->rules = std::make_unique<ClientRules>();
      viewer.client->rules->start =
          StartRule{choices.one_in(2) ? SyncMethod::kNextKeyframe : SyncMethod::kLatestKeyframe, {}, {}};
      viewer.client->rules->lag = LagRule{patience(), {}, RecoverPolicy::kKeyframe};
      rig.shard->add(viewer.client, rig.now);
      viewers.push_back(std::move(viewer));
    }
  }

  static SinkOptions options(Choices& choices) {
    SinkOptions options;
    options.start.method = SyncMethod::kLatestKeyframe;
    options.stall_timeout = 0;
    options.memory_cap = 1024 * kMiB;
    options.flush_interval = choices.one_in(2) ? 0 : 50 * kMillisecond;
    return options;
  }

  Amount patience() {
    switch (choices.below(3)) {
      case 0:
        return {Unit::kFrames, choices.between(1, 20)};
      case 1:
        return {Unit::kBytes, choices.between(1, 10) * kKiB};
      default:
        return {Unit::kTime, choices.between(2, 20) * static_cast<uint64_t>(40 * kMillisecond)};
    }
  }

  void push() {
    Pushed frame;
    frame.size = choices.one_in(10) ? choices.between(2000, 12'000) : choices.between(8, 900);
    // Groups of 1 to about 40 frames, and now and then a long wait.
    frame.key = until_key == 0;
    until_key =
        frame.key ? (choices.one_in(20) ? choices.between(50, 150) : choices.below(25)) : until_key - 1;
    FrameInfo info;
    info.pts = static_cast<Nanos>(pushed.size()) * 40 * kMillisecond;
    info.flags = frame.key ? 0 : FrameFlags::kDelta;
    rig.append(frame_bytes(pushed.size(), frame.size), info);
    pushed.push_back(frame);
  }

  void step() {
    push();
    for (Viewer& viewer : viewers) {
      const int fd = rig.fd_of(viewer.client);
      if (viewer.stalls_for > 0) {
        --viewer.stalls_for;
      } else if (choices.one_in(12)) {
        viewer.stalls_for = choices.between(1, 60);
      } else {
        // Everything, or only a piece.
        rig.io.peer_read(fd, choices.one_in(4) ? choices.below(3000) : ~size_t{0});
      }
    }
    rig.pass(40 * kMillisecond);
    for (Viewer& viewer : viewers) viewer.take(rig.fd(viewer.client).recorded, pushed);
  }

  /// Everyone reads until nothing waits any more.
  void drain() {
    for (int i = 0; i < 2000; ++i) {
      for (Viewer& viewer : viewers) rig.io.peer_read(rig.fd_of(viewer.client), ~size_t{0});
      rig.pass(40 * kMillisecond);
    }
    for (Viewer& viewer : viewers) viewer.take(rig.fd(viewer.client).recorded, pushed);
  }

  Choices choices;
  Rig rig;
  std::vector<Viewer> viewers;
  std::vector<Pushed> pushed;
  uint64_t until_key = 0;
};

}  // namespace

TEST_CASE("recovery by key frame: over thousands of random stalls every viewer resumes on a key frame") {
  uint64_t recoveries = 0, frames = 0, missed = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Show show(seed);
    uint64_t here = 0;
    for (int step = 0; step < 20'000 && here < 1000; ++step) {
      show.step();
      here = 0;
      for (const Viewer& viewer : show.viewers) here += viewer.recoveries;
    }
    // The last word is a key frame: who waits for one is not left out.
    show.until_key = 0;
    show.push();
    show.drain();
    INFO("seed ", seed);
    CHECK(show.rig.removals.empty());
    CHECK(show.rig.io.violations.empty());
    for (const Viewer& viewer : show.viewers) {
      CHECK(viewer.wrong == 0);
      CHECK(viewer.wire.empty());
      CHECK(viewer.body.empty());
      CHECK(viewer.next == show.pushed.size());
      CHECK(viewer.missed == viewer.client->frames_dropped);
      recoveries += viewer.recoveries;
      frames += viewer.frames;
      missed += viewer.missed;
    }
  }
  MESSAGE(recoveries, " recoveries, ", frames, " frames compared, ", missed, " missed");
  CHECK(recoveries >= 6000);
}
