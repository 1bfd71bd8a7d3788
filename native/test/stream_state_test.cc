// Stream headers: who is given them, when, and which in-band copies are left out.
#include <doctest/doctest.h>

#include "core/timeline/header_filter.h"
#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

StateRef headers(Ledger& ledger, std::vector<std::string_view> texts) {
  std::vector<BlockSlice> slices;
  for (std::string_view text : texts) slices.push_back(copy_to_slice(ledger, bytes_of(text)));
  return StateRef(StreamState::create(ledger, std::move(slices)));
}

void append(Rig& rig, std::string_view text, const StateRef& state, uint8_t flags = 0) {
  FrameInfo info;
  info.flags = flags;
  rig.append(rig.copy(text), info, state);
}

SinkOptions burst() {
  SinkOptions options;
  options.start = {SyncMethod::kBurst, {Unit::kFrames, 3}, {}};
  return options;
}

struct Filter {
  Filter() : state(headers(ledger, {"abc", "de"})) {}
  /// What comes out for one frame, joined by '|'.
  std::string pass(std::string_view text, bool flagged = true) {
    FrameInfo info;
    info.flags = flagged ? FrameFlags::kHeader : 0;
    return joined(filter.pass({copy_to_slice(ledger, bytes_of(text)), info}, state));
  }
  static std::string joined(const std::vector<HeaderFilter::Held>& frames) {
    std::string all;
    for (const auto& frame : frames) {
      all += std::string(reinterpret_cast<const char*>(frame.bytes.data()), frame.bytes.size) + "|";
    }
    return all;
  }

  Ledger ledger;
  StateRef state;
  HeaderFilter filter;
};

}  // namespace

TEST_CASE("stream headers: every newcomer gets them before its first frame, behind its own head") {
  Rig rig(burst());
  const StateRef state = headers(rig.ledger, {"<A>", "<B>"});
  Client* plain = rig.add();
  Client* web = rig.add({.prologue = "head "});
  Client* chunked = rig.add({.framing = Framing::kChunked});
  rig.settle();
  CHECK(rig.received(plain).empty());  // headers never go out alone
  CHECK(rig.received(web) == "head ");
  append(rig, "1", state);
  append(rig, "2", state);
  rig.settle();
  Client* late = rig.add({.prologue = "late "});
  rig.settle();
  CHECK(rig.received(plain) == "<A><B>12");
  CHECK(rig.received(web) == "head <A><B>12");
  CHECK(rig.received(late) == "late <A><B>12");
  CHECK(rig.received(chunked) == "6\r\n<A><B>\r\n2\r\n12\r\n");
}

TEST_CASE("stream headers: a lagging client gets old headers with old frames, then the new ones") {
  Rig rig(burst());
  const StateRef first = headers(rig.ledger, {"<first>"});
  const StateRef second = headers(rig.ledger, {"<second>"});
  Client* slow = rig.add({.capacity = 8});
  Client* quick = rig.add();
  append(rig, "1111", first);
  append(rig, "2222", first);
  rig.settle();
  append(rig, "3333", second);
  rig.settle();
  CHECK(rig.received(quick) == "<first>11112222<second>3333");
  Client* joins = rig.add();
  rig.settle();
  CHECK(rig.received(joins) == "<first>11112222<second>3333");
  for (int i = 0; i < 20; ++i) {
    rig.io.peer_read(rig.fd_of(slow), 3);
    rig.settle();
  }
  CHECK(rig.received(slow) == "<first>11112222<second>3333");
}

TEST_CASE("stream headers: equal ones are not sent again; gone and come back they are") {
  Rig rig({});
  const StateRef a = headers(rig.ledger, {"<a>"});
  const StateRef same = headers(rig.ledger, {"<a>"});
  const StateRef none = headers(rig.ledger, {});
  Client* client = rig.add();
  for (const StateRef& state : {a, same, none, a}) append(rig, ".", state);
  rig.settle();
  CHECK(rig.received(client) == "<a>...<a>.");
}

TEST_CASE("stream headers: without resend a client keeps what it has, but the first ones it gets") {
  Rig rig({});
  const StateRef a = headers(rig.ledger, {"<a>"});
  const StateRef b = headers(rig.ledger, {"<b>"});
  const StateRef none = headers(rig.ledger, {});
  Client* client = rig.reserve();
  client->resend_headers = false;
  rig.shard->add(client, rig.now);
  for (const StateRef& state : {StateRef(), a, b}) append(rig, ".", state);
  rig.settle();
  CHECK(rig.received(client) == ".<a>..");
  for (const StateRef& state : {none, b}) append(rig, ".", state);
  rig.settle();
  CHECK(rig.received(client) == ".<a>...<b>.");
}

TEST_CASE("stream headers: a client that recovers over a change gets the new ones, behind the frame begun") {
  SinkOptions options;
  options.lag = {{Unit::kFrames, 2}, {}, RecoverPolicy::kLatest};
  Rig rig(options);
  const StateRef a = headers(rig.ledger, {"<a>"});
  const StateRef b = headers(rig.ledger, {"<b>"});
  Client* client = rig.add({.capacity = 5});
  append(rig, "1111", a);
  rig.settle();
  CHECK(rig.received(client) == "<a>11");
  for (const char* text : {"2222", "3333", "4444"}) {
    append(rig, text, b);
    rig.settle();
  }
  CHECK(client->frames_dropped == 2);
  for (int i = 0; i < 10; ++i) {
    rig.io.peer_read(rig.fd_of(client), 5);
    rig.settle();
  }
  CHECK(rig.received(client) == "<a>1111<b>4444");
}

TEST_CASE("HeaderFilter: one of the headers, all of them at once, or piece by piece") {
  Filter filter;
  CHECK(filter.pass("de").empty());
  CHECK(filter.pass("abcde").empty());
  CHECK(filter.pass("abc").empty());
  CHECK(filter.pass("de").empty());
  CHECK(filter.pass("ab").empty());
  CHECK(filter.pass("cd").empty());
  CHECK(filter.pass("e").empty());
  CHECK(Filter::joined(filter.filter.flush(filter.state)).empty());
}

TEST_CASE("HeaderFilter: one header alone is a copy, also the one that all of them begin with") {
  Filter filter;
  CHECK(filter.pass("abc").empty());
  CHECK(filter.pass("media", false) == "media|");
  CHECK(filter.pass("abc").empty());
  CHECK(Filter::joined(filter.filter.flush(filter.state)).empty());
}

TEST_CASE("HeaderFilter: a copy that begins where another broke off") {
  Filter filter;
  CHECK(filter.pass("ab").empty());
  CHECK(filter.pass("ab") == "ab|");
  CHECK(filter.pass("cde").empty());
  CHECK(filter.pass("ab").empty());
  CHECK(filter.pass("de") == "ab|");  // an entry, which goes on with nothing
  CHECK(filter.pass("cde") == "cde|");
  Filter again;
  again.state = headers(again.ledger, {"aa", "b"});
  for (int i = 0; i < 2; ++i) CHECK(again.pass("a").empty());
  CHECK(again.pass("a") == "a|");
  CHECK(again.pass("b").empty());
  CHECK(Filter::joined(again.filter.flush(again.state)).empty());
}

TEST_CASE("HeaderFilter: nothing is lost that is no copy") {
  Filter filter;
  CHECK(filter.pass("abc", false) == "abc|");  // not flagged
  CHECK(filter.pass("xyz") == "xyz|");
  CHECK(filter.pass("").size() == 1);
  CHECK(filter.pass("ab").empty());      // may be the beginning of a copy …
  CHECK(filter.pass("zz") == "ab|zz|");  // … and is none
  CHECK(filter.pass("ab").empty());
  CHECK(filter.pass("media", false) == "ab|media|");
  CHECK(filter.pass("abcd").empty());
  CHECK(Filter::joined(filter.filter.flush(filter.state)) == "abcd|");
  filter.state = StateRef();
  CHECK(filter.pass("abc") == "abc|");
}

TEST_CASE("stream state: a change keeps what it does not name, and the same again is no new state") {
  Ledger ledger;
  {
    StateRef state;
    CHECK(changed_state(ledger, state, {}) == state);
    StateChange first;
    first.headers = {{bytes_of("abc"), bytes_of("de")}};
    first.texts[static_cast<size_t>(StateText::kCaps)] = "audio/x-test";
    first.texts[static_cast<size_t>(StateText::kTitle)] = "one";
    state = changed_state(ledger, state, first);
    CHECK(state->number() == 1);
    CHECK(state->text(StateText::kCaps) == "audio/x-test");
    CHECK(state->text(StateText::kSegment).empty());
    CHECK(changed_state(ledger, state, first) == state);

    StateChange title;
    title.texts[static_cast<size_t>(StateText::kTitle)] = "two";
    const StateRef second = changed_state(ledger, state, title);
    CHECK(second->number() == 2);
    CHECK(second->text(StateText::kTitle) == "two");
    CHECK(second->text(StateText::kCaps) == "audio/x-test");
    CHECK(second->header_bytes().data() == state->header_bytes().data());
    CHECK_FALSE(headers_wanted(state, second, true));
    CHECK(state->text(StateText::kTitle) == "one");

    StateChange bare;
    bare.headers.emplace();
    bare.texts[static_cast<size_t>(StateText::kCaps)] = "";
    const StateRef third = changed_state(ledger, second, bare);
    CHECK_FALSE(third.has_headers());
    CHECK(third->text(StateText::kCaps).empty());
    CHECK(third->text(StateText::kTitle) == "two");
    CHECK(headers_wanted(third, second, false));
  }
  CHECK(ledger.live_blocks == 0);
}

TEST_CASE("stream state: texts reach nobody whose wire has no place for them") {
  Rig rig(burst());
  const StateRef first = headers(rig.ledger, {"<A>"});
  StateChange change;
  change.texts[static_cast<size_t>(StateText::kTags)] = "tags";
  const StateRef second = changed_state(rig.ledger, first, change);
  Client* client = rig.add();
  append(rig, "1", first);
  append(rig, "2", second);
  append(rig, "3", first);
  rig.settle();
  CHECK(rig.received(client) == "<A>123");
}
