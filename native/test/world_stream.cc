// The stream in a World: frames, its headers, and copies of them among the frames, through the sequencer's
// filter.
#include <algorithm>
#include <cstring>

#include "test/world.h"

namespace flumen::test {

namespace {

constexpr uint32_t kBiggest = 200'000;
constexpr size_t kShifts = 64 * kKiB;

// Frames are windows of one block of noise, so that a byte in the wrong place is nearly always a wrong byte.
const std::string& noise() {
  static const std::string bytes = pattern(kBiggest + kShifts, 42);
  return bytes;
}

// Of two letters only: what begins like something else is common here.
const std::string& babble() {
  static const std::string bytes = [] {
    std::string text = pattern(4096, 7);
    for (char& byte : text) byte = (byte & 1) != 0 ? 'a' : 'b';
    return text;
  }();
  return bytes;
}

const uint8_t* window(const std::string& bytes, size_t at) {
  return reinterpret_cast<const uint8_t*>(bytes.data()) + at;
}

uint32_t frame_size(Choices& choices) {
  switch (choices.below(40)) {
    case 0:
      return static_cast<uint32_t>(choices.between(50'000, kBiggest));
    case 1:
    case 2:
      return static_cast<uint32_t>(choices.between(5'000, 20'000));
    case 3:
    case 4:
      return 0;
    default:
      return static_cast<uint32_t>(choices.between(1, 1500));
  }
}

std::string header_from(Choices& choices) {
  const uint64_t kind = choices.below(12);
  if (kind < 4) return babble().substr(choices.below(4000), choices.between(1, 4));
  const size_t most = kind < 10 ? 80 : kind < 11 ? 3000 : 90'000;
  return noise().substr(choices.below(kShifts), choices.below(most));
}

// Few of them, so that what comes back is what was there before.
std::string text_from(Choices& choices) {
  const uint64_t kind = choices.below(6);
  if (kind < 2) return "";
  const size_t size = kind == 5 && choices.one_in(3) ? choices.between(3000, 5000) : kind * 20;
  return std::string(size, static_cast<char>('a' + kind));
}

}  // namespace

void World::append_some() {
  for (uint64_t i = choices_.between(1, 5); i > 0; --i) {
    const uint8_t flags = gop_ == 0 || !choices_.one_in(gop_) ? FrameFlags::kDelta : 0;
    push(window(noise(), stream_.next() * 97 % kShifts), frame_size(choices_), flags);
  }
}

// Frames that are flagged as headers: copies, pieces of copies, and what only begins like one.
void World::append_in_band() {
  const ModelState none;
  const ModelState& headers = states_.empty() ? none : states_.back();
  const auto flag = static_cast<uint8_t>(FrameFlags::kHeader | (choices_.one_in(2) ? FrameFlags::kDelta : 0));
  const size_t size = headers.all.size();
  switch (choices_.below(4)) {
    case 0:  // entry by entry, or some of them
      for (size_t at = 0, i = 0; i < headers.entries.size(); at += headers.entries[i++].size()) {
        if (choices_.one_in(4)) continue;
        push(window(headers.all, at), static_cast<uint32_t>(headers.entries[i].size()), flag);
      }
      break;
    case 1:  // at any cuts, perhaps with an end missing
      for (size_t at = 0; at < size && !choices_.one_in(6);) {
        const size_t piece = choices_.between(1, std::min<size_t>(size - at, size / 3 + 1));
        push(window(headers.all, at), static_cast<uint32_t>(piece), flag);
        at += piece;
      }
      break;
    case 2:
      push(window(headers.all, 0), static_cast<uint32_t>(size), flag);
      break;
    default:
      for (uint64_t i = choices_.between(1, 6); i > 0; --i)
        push(window(babble(), choices_.below(4000)), static_cast<uint32_t>(choices_.between(1, 3)), flag);
  }
}

void World::push(const uint8_t* data, uint32_t size, uint8_t flags) {
  FrameInfo info;
  info.flags = flags;
  if (timed_ && !choices_.one_in(20)) {
    dts_ += choices_.one_in(30) ? 11 * kSecond : static_cast<Nanos>(choices_.below(100)) * kMillisecond;
    if (choices_.one_in(40)) dts_ -= 3 * kSecond;
    (choices_.one_in(2) ? info.dts : info.pts) = dts_;
  }
  const ModelState* headers = states_.empty() ? nullptr : &states_.back();
  std::vector<ModelFilter::Pushed> expected = model_filter_.pass({data, size, info}, headers);
  if (expected.empty()) ++counts_.copies;
  if (expected.size() > 1) ++counts_.held_back;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  come_out(filter_.pass({rig_.copy(bytes), info}, state_), std::move(expected));
}

// What the filter lets through is what the stream consists of.
void World::come_out(std::vector<HeaderFilter::Held> frames, std::vector<ModelFilter::Pushed> expected) {
  const bool same = std::ranges::equal(frames, expected, [](const auto& frame, const auto& want) {
    return frame.bytes.size == want.size && frame.info.flags == want.info.flags &&
           frame.info.dts == want.info.dts && frame.info.pts == want.info.pts &&
           (want.size == 0 || std::memcmp(frame.bytes.data(), want.data, want.size) == 0);
  });
  if (!same) {
    problem("the header filter let " + std::to_string(frames.size()) + " frames through instead of " +
            std::to_string(expected.size()) + ", or others");
    return;
  }
  for (size_t i = 0; i < frames.size(); ++i) {
    const ModelFilter::Pushed& frame = expected[i];
    stream_.append(frame.data, frame.size, frame.info, rig_.now, states_.empty() ? nullptr : &states_.back(),
                   events_, options_.checksums);
    BlockSlice events;
    if (!events_.empty()) events = copy_to_slice(rig_.ledger, {window(events_, 0), events_.size()});
    events_.clear();
    rig_.append(std::move(frames[i].bytes), frame.info, state_, std::move(events));
    say("append ", stream_.next() - 1, ", ", frame.size,
        stream_.at(stream_.next() - 1).key ? " bytes, key" : " bytes");
    start_awaiting();
  }
}

void World::flush_filter() {
  come_out(filter_.flush(state_), model_filter_.flush(states_.empty() ? nullptr : &states_.back()));
}

// As the sequencer does it: the same ones again are no new state, now and then they are one all the same.
void World::change_headers() {
  ModelState fresh;
  const bool again = !states_.empty() && choices_.one_in(4);
  if (again) {
    fresh.entries = states_[choices_.below(states_.size())].entries;
  } else if (!choices_.one_in(6)) {
    for (uint64_t i = choices_.between(1, 3); i > 0; --i) fresh.entries.push_back(header_from(choices_));
  }
  if (!states_.empty() && fresh.entries == states_.back().entries && !choices_.one_in(3)) return;
  flush_filter();
  std::vector<BlockSlice> slices;
  for (const std::string& entry : fresh.entries) {
    fresh.all += entry;
    slices.push_back(copy_to_slice(rig_.ledger, {window(entry, 0), entry.size()}));
  }
  if (!states_.empty()) fresh.texts = states_.back().texts;
  say("headers: ", fresh.entries.size(), " of ", fresh.all.size(), " bytes", again ? ", as before" : "");
  StateTexts texts = fresh.texts;
  new_state(StateRef(StreamState::create(rig_.ledger, std::move(slices), std::move(texts))),
            std::move(fresh));
}

// Some of what is known besides the headers, and mostly the title.
void World::change_texts() {
  ModelState fresh;
  if (!states_.empty()) fresh = states_.back();
  // What was true once comes back.
  if (states_.size() > 1 && choices_.one_in(2)) fresh.texts = states_[choices_.below(states_.size())].texts;
  for (size_t i = 0; i < kStateTexts; ++i) {
    if (choices_.one_in(i == static_cast<size_t>(StateText::kTitle) ? 2 : 4))
      fresh.texts[i] = text_from(choices_);
  }
  if (!states_.empty() && fresh.texts == states_.back().texts) return;
  say("texts, title of ", fresh.title().size(), " letters");
  StateTexts texts = fresh.texts;
  new_state(StateRef(states_.empty() ? StreamState::create(rig_.ledger, {}, std::move(texts))
                                     : state_->with_texts(std::move(texts), 0)),
            std::move(fresh));
}

void World::new_state(StateRef state, ModelState model) {
  StickyPackets packets = sticky_packets(state->texts(), state->headers(), options_.checksums, rig_.ledger);
  for (size_t i = 0; i < ModelState::kParts; ++i) {
    const BlockSlice part = packets.part(i);
    model.parts[i].assign(reinterpret_cast<const char*>(part.data()), part.size);
  }
  state.owned()->set_packets(std::move(packets));
  states_.push_back(std::move(model));
  // The headers of a state with other texts are the same bytes in memory.
  if (states_.size() == 1 || state->header_bytes().block.get() != state_->header_bytes().block.get())
    states_.back().shared = &states_.back();
  state_ = std::move(state);
}

void World::append_event() {
  const std::string packet = event_packet(gdp::event_of(gdp::EventNumber::kCustomDownstream),
                                          text_from(choices_), options_.checksums);
  say("an event of ", packet.size(), " bytes");
  events_ += packet;
  ++counts_.events;
}

}  // namespace flumen::test
