// What a dump shows: every figure of a small scene, and how a long timeline is cut.
#include <doctest/doctest.h>

#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

// Runs of spaces count as one: what is said, not where.
std::string squeezed(const std::string& text) {
  std::string out;
  for (char letter : text) {
    if (letter != ' ' || (!out.empty() && out.back() != ' ' && out.back() != '\n')) out += letter;
  }
  return out;
}

bool has(const Rig& rig, const std::string& row) {
  const std::string all = "\n" + squeezed(rig.shard->dump());
  return all.find("\n" + row + "\n") != std::string::npos;
}

Client* named(Rig& rig, uint32_t id, const ClientSetup& setup) {
  Client* client = rig.reserve(setup);
  client->id = id;
  return client;
}

}  // namespace

TEST_CASE("dump: an empty shard, and a finished one") {
  SinkOptions options;
  Rig rig(options);
  CHECK(squeezed(rig.shard->dump()) ==
        "0 frames, 0 bytes, 0.000 ms; next frame 0; 0 of 67108864 bytes held; starts latest; "
        "limits soft none, none, hard 4194304 bytes\nno clients\n");
  rig.shard->end();
  rig.settle();
  CHECK(rig.shard->dump() == "finished\n");
}

TEST_CASE("dump: frames, and a client in each state") {
  SinkOptions options;
  options.keep.frames = 3;
  options.stall_timeout = 0;
  Rig rig(options);
  Client* blocked = named(rig, 12, {.capacity = 100, .framing = Framing::kChunked});
  Client* caught_up = named(rig, 7, {});
  Client* waiting = named(rig, 9, {.prologue = "head"});
  Client* leaving = named(rig, 8, {.capacity = 300});
  waiting->rules = std::make_unique<ClientRules>();
  waiting->rules->start = StartRule{SyncMethod::kNextKeyframe, {}, {}};
  waiting->rules->lag = LagRule{{Unit::kTime, 1'500'000}, {Unit::kFrames, 9}, RecoverPolicy::kKeyframe};
  for (Client* client : {blocked, caught_up, waiting, leaving}) rig.shard->add(client, rig.now);
  rig.settle();
  const StateRef state = [&] {
    StateChange change;
    const std::string_view header = "<h>";
    change.headers = {{{reinterpret_cast<const uint8_t*>(header.data()), header.size()}}};
    change.texts[static_cast<size_t>(StateText::kTitle)] = "on air";
    return changed_state(rig.ledger, StateRef(), change);
  }();
  // 200 bytes each: the first in a state of its own.
  for (int i = 0; i < 3; ++i) {
    Frame frame;
    const std::string bytes = pattern(200, static_cast<uint64_t>(i));
    frame.bytes = rig.writer->copy({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    frame.info.pts = i * 40 * kMillisecond - kSecond;
    frame.info.flags = FrameFlags::kDelta | (i == 2 ? FrameFlags::kHeader : 0);
    if (i > 0) frame.state = state;
    rig.stamper.stamp(frame, rig.now);
    rig.shard->append(std::move(frame), rig.now);
    rig.settle();
  }
  rig.shard->remove(leaving, rig.now, true);
  const std::string text = squeezed(rig.shard->dump());
  INFO(text);
  CHECK(text.starts_with("3 frames, 600 bytes, 80.000 ms; next frame 3; "));
  CHECK(has(rig, "state 1: 1 headers of 3 bytes, title"));
  CHECK(has(rig, "0 200 -1.000000000 delta 0 0.000"));
  CHECK(has(rig, "1 200 -0.960000000 delta 1 40.000"));
  CHECK(has(rig, "2 200 -0.920000000 delta header 1 80.000"));
  // 100 of the first chunk's 207 bytes are out; frames 1 and 2 wait: T(2) - T(1) = 40 ms.
  CHECK(has(rig, "12 blocked chunked 0+96 2 400 40.000 room 0 - 0"));
  CHECK(has(rig, "7 caught-up raw 3 0 0 0.000 frame 0 - 0"));
  // Frame 0 and the first 100 bytes of what follows: the header went out before frame 1.
  CHECK(has(rig, "8 blocked raw 1+97 1 200 0.000 room 0 3 removed 0"));
  CHECK(has(rig,
            "9 waiting raw 0 0 0 0.000 key frame 0 - 0 next-keyframe; soft 1.5 ms, keyframe, hard 9 frames"));
  CHECK(text.find("\n7 ") < text.find("\n8 "));
  CHECK(text.find("\n9 ") < text.find("\n12 "));
}

TEST_CASE("dump: a long timeline is cut in the middle") {
  SinkOptions options;
  options.keep.frames = 100;
  Rig rig(options);
  for (int i = 0; i < 32; ++i) rig.append("x");
  CHECK(has(rig, "15 1 - key 0 0.000"));
  CHECK(has(rig, "16 1 - key 0 0.000"));
  CHECK(squeezed(rig.shard->dump()).find("more") == std::string::npos);
  for (int i = 0; i < 8; ++i) rig.append("x");
  CHECK(has(rig, "15 1 - key 0 0.000"));
  CHECK(has(rig, "... 8 more"));
  CHECK_FALSE(has(rig, "16 1 - key 0 0.000"));
  CHECK_FALSE(has(rig, "23 1 - key 0 0.000"));
  CHECK(has(rig, "24 1 - key 0 0.000"));
  CHECK(has(rig, "39 1 - key 0 0.000"));
}
