// The GDP codec alone, for bench/gdp.mjs: as much of a relay's work as gdppay and gdpdepay do.
//
//   gdp_codec pay SIZE COUNT CRC           headers for COUNT frames of SIZE bytes, which lie in shared blocks
//   gdp_codec write FILE SIZE COUNT CRC    such a stream as a file
//   gdp_codec depay FILE                   reads it in blocks of 64 KiB and cuts it into frames
//
// CRC 1: payloads have a checksum. Prints how many frames and bytes there were.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/gdp/parser.h"
#include "core/wire/packets.h"

using namespace flumen;

namespace {

struct Work {
  size_t size = 0;
  uint64_t count = 0;
  gdp::Checksums checksums;
};

Work work_of(char** arguments) {
  return {std::strtoull(arguments[0], nullptr, 10),
          std::strtoull(arguments[1], nullptr, 10),
          {true, arguments[2][0] == '1'}};
}

Frame frame_of(BlockSlice bytes, uint64_t number) {
  Frame frame;
  frame.bytes = std::move(bytes);
  frame.info.pts = static_cast<Nanos>(number) * kMillisecond;
  return frame;
}

// A second of frames, so that their bytes are not all in the nearest cache.
std::vector<BlockSlice> payloads(const Work& work, BlockWriter& writer) {
  std::vector<BlockSlice> slices;
  for (size_t i = 0; i < 64; ++i) {
    const std::vector<uint8_t> bytes(work.size, static_cast<uint8_t>(i));
    slices.push_back(writer.copy(bytes));
  }
  return slices;
}

template <typename Take>
uint64_t pay(const Work& work, Take take) {
  Ledger ledger;
  BlockWriter writer(ledger), packet_writer(ledger);
  const std::vector<BlockSlice> slices = payloads(work, writer);
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < work.count; ++i) {
    Frame frame = frame_of(slices[i % slices.size()], i);
    frame.packet = frame_packet(frame, work.checksums, packet_writer);
    bytes += frame.packet.size + frame.size();
    take(frame);
  }
  return bytes;
}

uint64_t write_file(const char* path, const Work& work) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) return 0;
  Ledger ledger;
  StateTexts texts;
  const StickyPackets sticky = sticky_packets(texts, {}, work.checksums, ledger);
  std::fwrite(sticky.all.data(), 1, sticky.all.size, file);
  const uint64_t bytes = pay(work, [&](const Frame& frame) {
    std::fwrite(frame.packet.data(), 1, frame.packet.size, file);
    std::fwrite(frame.data(), 1, frame.size(), file);
  });
  return std::fclose(file) == 0 ? bytes : 0;
}

uint64_t depay(const char* path, uint64_t* frames) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  Ledger ledger;
  BlockWriter writer(ledger);
  gdp::Parser parser(ledger);
  gdp::Packet packet;
  uint64_t bytes = 0;
  for (;;) {
    const std::span<uint8_t> room = writer.reserve(BlockWriter::kCapacity);
    const ssize_t got = read(fd, room.data(), room.size());
    if (got <= 0) break;
    bytes += static_cast<uint64_t>(got);
    parser.feed(writer.commit(static_cast<size_t>(got)));
    gdp::Parser::Step step;
    while ((step = parser.next(&packet)) == gdp::Parser::Step::kPacket) {
      *frames += packet.kind == gdp::PacketKind::kFrame ? 1 : 0;
    }
    if (step == gdp::Parser::Step::kFailed) break;
  }
  close(fd);
  return parser.finish() ? bytes : 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  uint64_t bytes = 0;
  uint64_t frames = 0;
  if (what == "pay" && count == 5) {
    const Work work = work_of(arguments + 2);
    uint64_t sum = 0;
    bytes = pay(work, [&](const Frame& frame) { sum += frame.packet.data()[58]; });
    frames = sum > 0 ? work.count : 0;
  } else if (what == "write" && count == 6) {
    const Work work = work_of(arguments + 3);
    bytes = write_file(arguments[2], work);
    frames = work.count;
  } else if (what == "depay" && count == 3) {
    bytes = depay(arguments[2], &frames);
  } else {
    std::fprintf(stderr, "usage: gdp_codec pay SIZE COUNT CRC | write FILE SIZE COUNT CRC | depay FILE\n");
    return 2;
  }
  std::printf("%llu frames, %llu bytes\n", static_cast<unsigned long long>(frames),
              static_cast<unsigned long long>(bytes));
  return frames > 0 && bytes > 0 ? 0 : 1;
}
