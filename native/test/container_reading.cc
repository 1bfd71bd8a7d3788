#include "test/container_reading.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/check.h"
#include "test/choices.h"

namespace flumen::test {

namespace {

class Reader : public FrameSink {
 public:
  explicit Reader(ContainerReading& reading) : reading_(reading) { reading_.states.emplace_back(); }

  Flow append(BlockSlice bytes, const FrameInfo& info, Nanos) override {
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size);
    const uint64_t at =
        reading_.frames.empty() ? 0 : reading_.frames.back().at + reading_.frames.back().bytes.size();
    reading_.frames.push_back({at, std::move(text), info, reading_.states.size() - 1});
    return Flow::kMore;
  }

  void set_state(const StateChange& change, Nanos) override {
    ReadState state = reading_.states.back();
    if (change.headers) {
      state.headers.clear();
      for (const auto& header : *change.headers) {
        state.headers.emplace_back(reinterpret_cast<const char*>(header.data()), header.size());
      }
    }
    if (const auto& caps = change.texts[static_cast<size_t>(StateText::kCaps)]) state.caps = *caps;
    if (!(state == reading_.states.back())) reading_.states.push_back(std::move(state));
  }

  bool append_event(const gdp::EventKind&, std::string_view) override { return true; }
  bool ended() const override { return false; }

 private:
  ContainerReading& reading_;
};

Frame frame_of(const ReadFrame& read) {
  Frame frame;
  frame.info = read.info;
  return frame;
}

std::string ms(Nanos time) { return time == kNoTime ? "-" : std::to_string(time / kMillisecond); }

}  // namespace

std::string ReadState::joined() const {
  std::string all;
  for (const std::string& header : headers) all += header;
  return all;
}

std::string ContainerReading::from_start() const { return frames.empty() ? "" : from_frame(0); }

// As Shard::meet_state() has it.
std::string ContainerReading::from_frame(size_t index) const {
  std::string all;
  std::string had;
  for (size_t i = index; i < frames.size(); ++i) {
    const std::string headers = states[frames[i].state].joined();
    const bool inside = frame_of(frames[i]).brings_headers(!had.empty());
    if (!headers.empty() && headers != had && !inside) all += headers;
    had = headers;
    all += frames[i].bytes;
  }
  return all;
}

std::vector<std::string> ContainerReading::starts() const {
  std::vector<std::string> all;
  for (const ReadFrame& frame : frames) {
    if (!frame.is_key()) continue;
    all.push_back(std::to_string(frame.at) + " " + ms(frame.info.pts) + " " + ms(frame.info.dts) + " " +
                  std::to_string(frame.info.flags) + " " + states[frame.state].caps + " " +
                  states[frame.state].joined());
  }
  return all;
}

std::string ContainerReading::times() const {
  std::string all;
  for (const ReadFrame& frame : frames) {
    if (frame.is_key()) all += (all.empty() ? "" : " ") + ms(frame.info.pts);
  }
  return all;
}

ContainerReading read_container(container::Format format, std::string_view bytes,
                                const std::function<size_t(size_t at)>& piece_at,
                                std::string_view content_type) {
  Ledger ledger;
  ContainerReading reading;
  {
    Reader sink(reading);
    ContainerStream stream(sink, ledger, format, content_type);
    BlockWriter writer(ledger);
    const auto note = [&] {
      reading.most_memory = std::max<size_t>(reading.most_memory, ledger.live_bytes.load());
      for (const StreamNote& said : stream.notes()) {
        reading.notes.push_back(std::to_string(said.at) + " " + said.text);
      }
      stream.notes().clear();
    };
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = std::min(piece_at(at), bytes.size() - at);
      stream.take(writer.copy({reinterpret_cast<const uint8_t*>(bytes.data()) + at, size}), 0);
      at += size;
      note();
    }
    stream.finish(0);
    note();
  }
  FLUMEN_CHECK(ledger.live_blocks.load() == 0);
  return reading;
}

ContainerReading read_container(container::Format format, std::string_view bytes,
                                std::string_view content_type) {
  return read_container(
      format, bytes, [](size_t) { return 16 * kKiB; }, content_type);
}

std::string differs_when_cut(container::Format format, std::string_view bytes,
                             std::string_view content_type) {
  const ContainerReading whole = read_container(format, bytes, content_type);
  if (!whole.frames.empty() && whole.from_start() != bytes) return "bytes differ";
  for (uint64_t seed = 0; seed < 8; ++seed) {
    Choices choices(seed);
    // Byte by byte, where that is not millions of pieces.
    const size_t least = bytes.size() < 256 * kKiB ? 1 : 1'000;
    const size_t most = seed == 0 ? least : seed == 1 ? 100'000 : choices.between(least + 1, 5'000);
    const auto piece = [&](size_t) { return choices.between(1, most); };
    const ContainerReading cut = read_container(format, bytes, piece, content_type);
    const std::string in =
        " in pieces of up to " + std::to_string(most) + " (seed " + std::to_string(seed) + ")";
    if (!whole.frames.empty() && cut.from_start() != bytes) return "bytes differ" + in;
    if (cut.starts() != whole.starts()) return "starts differ" + in;
  }
  return "";
}

std::string container_sample(std::string_view name) {
  std::ifstream file(std::string(FLUMEN_SAMPLES) + "/" + std::string(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> container_sample_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(FLUMEN_SAMPLES)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".md")) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace flumen::test
