// What it costs to cut a container's stream into frames, for bench/containers.mjs.
//
//   container_cut FORMAT FILE MIB
//
// Reads FILE's bytes over and over, MIB in all, in pieces of 16 KiB as a source would, and cuts them for a
// sink that takes what it is given and does nothing. Prints frames, bytes, and nanoseconds of CPU time.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "core/source/container_stream.h"

using namespace flumen;

namespace {

class Nowhere : public FrameSink {
 public:
  Flow append(BlockSlice, const FrameInfo&, Nanos) override {
    ++frames;
    return Flow::kMore;
  }
  void set_state(const StateChange&, Nanos) override {}
  bool append_event(const gdp::EventKind&, std::string_view) override { return true; }
  bool ended() const override { return false; }

  uint64_t frames = 0;
};

std::vector<uint8_t> read_all(const char* path) {
  std::vector<uint8_t> bytes;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return bytes;
  uint8_t piece[65'536];
  for (size_t got; (got = std::fread(piece, 1, sizeof piece, file)) > 0;)
    bytes.insert(bytes.end(), piece, piece + got);
  std::fclose(file);
  return bytes;
}

container::Format format_called(const std::string& name) {
  for (size_t i = 0; i < container::kFormats; ++i) {
    const auto format = static_cast<container::Format>(i);
    if (container::name_of(format) == name) return format;
  }
  return container::Format::kGeneric;
}

int64_t cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * kSecond + now.tv_nsec;
}

}  // namespace

int main(int count, char** arguments) {
  constexpr size_t kPiece = 16 * kKiB;
  const std::vector<uint8_t> bytes = count == 4 ? read_all(arguments[2]) : std::vector<uint8_t>();
  if (bytes.size() < kPiece) {
    std::fprintf(stderr, "usage: container_cut FORMAT FILE MIB, with a file of 16 KiB at least\n");
    return 2;
  }
  const uint64_t total = std::strtoull(arguments[3], nullptr, 10) * kMiB;
  Ledger ledger;
  Nowhere sink;
  BlockWriter writer(ledger);
  uint64_t done = 0;
  int64_t spent = 0;
  while (done < total) {
    ContainerStream stream(sink, ledger, format_called(arguments[1]), {});
    for (size_t at = 0; at < bytes.size(); at += kPiece) {
      const size_t size = std::min(kPiece, bytes.size() - at);
      // The kernel would put them there.
      std::memcpy(writer.reserve(size).data(), bytes.data() + at, size);
      const BlockSlice piece = writer.commit(size);
      const int64_t began = cpu_ns();
      stream.take(piece, 0);
      spent += cpu_ns() - began;
    }
    done += bytes.size();
  }
  std::printf("%llu %llu %lld\n", static_cast<unsigned long long>(sink.frames),
              static_cast<unsigned long long>(done), static_cast<long long>(spent));
  return 0;
}
