// The tables of an MPEG transport stream (ISO 13818-1, 2.4.4): which programs there are, what they consist
// of, and the packets that say so, for whoever comes later. Owned by its parser.
#pragma once

#include <array>
#include <bitset>

#include "core/container/parser.h"

namespace flumen::container {

inline constexpr size_t kTsPacket = 188;
inline constexpr size_t kTsPids = 8'192;
inline constexpr uint16_t kTsNoPid = 0xffff;

inline uint16_t ts_pid(const uint8_t* packet) {
  return static_cast<uint16_t>((packet[1] & 0x1fu) << 8 | packet[2]);
}
inline bool ts_starts_unit(const uint8_t* packet) { return (packet[1] & 0x40u) != 0; }
/// Where the payload begins; kTsPacket when there is none, or none that can be read.
size_t ts_payload_at(const uint8_t* packet);

enum class TsCodec : uint8_t { kAudio, kMpegVideo, kMpeg4, kH264, kH265, kOtherVideo };

/// The elementary stream that receivers start with.
struct TsStart {
  uint16_t pid = kTsNoPid;
  TsCodec codec = TsCodec::kAudio;
};

class TsTables {
 public:
  TsTables();

  /// Whether packets of a PID are looked at, or stand in front of pictures like those that are.
  bool is_table(uint16_t pid) const { return tables_[pid]; }
  void take(const uint8_t* packet);

  /// A run of packets of tables begins.
  void begin_run();
  /// What is new in it, and whether it has all that is known.
  bool run_changed() const { return changed_; }
  bool run_is_whole() const;
  /// Whether all programs have been described.
  bool are_known() const;

  std::vector<std::string> packets() const;
  /// The first program's pictures; where no program has any, its sound.
  TsStart start() const { return start_; }

 private:
  struct Section {
    uint16_t pid = 0;
    bool open = false;
    std::string bytes;
    std::string packets;
  };
  struct Program {
    uint16_t number = 0;
    uint16_t pid = 0;
    bool in_run = false;
    std::string packets;  // empty: not described yet
    TsStart video;
    TsStart audio;
  };

  void gather(Section& section, const uint8_t* packet, size_t from, size_t to);
  void close(Section& section, size_t size);
  void take_programs(Bytes section, const std::string& packets);
  void take_program(Program& program, Bytes section, const std::string& packets);
  void choose_start();
  void watch();

  std::bitset<kTsPids> tables_;
  std::vector<Section> sections_;  // one for each PID that is looked at
  std::string programs_packets_;
  std::vector<Program> programs_;
  TsStart start_;
  bool programs_in_run_ = false;
  bool changed_ = false;
};

}  // namespace flumen::container
