#include "core/container/ts_tables.h"

#include <algorithm>
#include <optional>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

constexpr size_t kMostSection = 1'024;
constexpr size_t kMostSectionPackets = 16;
constexpr size_t kMostPrograms = 32;
constexpr uint8_t kProgramsTable = 0;
constexpr uint8_t kProgramTable = 2;
constexpr size_t kTsCrcBytes = 4;

// Annex A: over a section and its check it comes out as 0.
uint32_t ts_crc(Bytes bytes) {
  uint32_t crc = 0xffff'ffff;
  for (const uint8_t byte : bytes) {
    crc ^= static_cast<uint32_t>(byte) << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ ((crc >> 31) != 0 ? 0x04c1'1db7u : 0u);
  }
  return crc;
}

// Packets that say the same: all but the continuity counters.
bool same_packets(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return false;
  for (size_t at = 0; at < a.size(); at += kTsPacket) {
    if ((a[at + 3] & 0xf0) != (b[at + 3] & 0xf0) || a.compare(at, 3, b, at, 3) != 0) return false;
    if (a.compare(at + 4, kTsPacket - 4, b, at + 4, kTsPacket - 4) != 0) return false;
  }
  return true;
}

// What a private stream is, by its descriptors (ETSI EN 300 468 6.1; registrations).
std::optional<TsCodec> private_codec(Bytes descriptors) {
  for (size_t at = 0; at + 2 <= descriptors.size();) {
    const uint8_t tag = descriptors[at];
    const size_t size = descriptors[at + 1];
    // AC-3, E-AC-3, DTS, AAC.
    if (tag == 0x6a || tag == 0x7a || tag == 0x7b || tag == 0x7c) return TsCodec::kAudio;
    if (tag == 5) {
      for (const char* const sound : {"Opus", "AC-3", "EAC3", "BSSD"}) {
        if (has_text(descriptors, at + 2, sound)) return TsCodec::kAudio;
      }
      if (has_text(descriptors, at + 2, "HEVC")) return TsCodec::kH265;
      if (has_text(descriptors, at + 2, "AV01")) return TsCodec::kOtherVideo;
    }
    at += 2 + size;
  }
  return std::nullopt;
}

std::optional<TsCodec> ts_codec(uint8_t stream_type, Bytes descriptors) {
  switch (stream_type) {
    case 0x01:
    case 0x02:
      return TsCodec::kMpegVideo;
    case 0x10:
      return TsCodec::kMpeg4;
    case 0x1b:
      return TsCodec::kH264;
    case 0x24:
      return TsCodec::kH265;
    case 0x21:  // JPEG 2000
    case 0x33:  // VVC
    case 0x42:  // AVS
    case 0xea:  // VC-1
      return TsCodec::kOtherVideo;
    case 0x03:
    case 0x04:
    case 0x0f:
    case 0x11:
    case 0x81:
    case 0x87:
      return TsCodec::kAudio;
    case 0x06:
      return private_codec(descriptors);
    default:
      return std::nullopt;
  }
}

}  // namespace

size_t ts_payload_at(const uint8_t* packet) {
  // An error in transport, encryption, no payload.
  if ((packet[1] & 0x80u) != 0 || (packet[3] & 0xc0u) != 0 || (packet[3] & 0x10u) == 0) return kTsPacket;
  const size_t at = (packet[3] & 0x20u) != 0 ? 5u + packet[4] : 4u;
  return std::min(at, kTsPacket);
}

TsTables::TsTables() { watch(); }

void TsTables::take(const uint8_t* packet) {
  const uint16_t pid = ts_pid(packet);
  const auto found = std::ranges::find(sections_, pid, &Section::pid);
  const size_t at = ts_payload_at(packet);
  if (found == sections_.end() || at >= kTsPacket) return;
  if (!ts_starts_unit(packet)) return gather(*found, packet, at, kTsPacket);
  const size_t start = at + 1 + packet[at];
  if (start > kTsPacket) {
    found->open = false;
    return;
  }
  if (start > at + 1) gather(*found, packet, at + 1, start);
  // The former one may have changed what is looked at.
  const auto section = std::ranges::find(sections_, pid, &Section::pid);
  if (section == sections_.end()) return;
  section->open = true;
  section->bytes.clear();
  section->packets.clear();
  gather(*section, packet, start, kTsPacket);
}

void TsTables::gather(Section& section, const uint8_t* packet, size_t from, size_t to) {
  if (!section.open) return;
  section.bytes.append(reinterpret_cast<const char*>(packet) + from, to - from);
  section.packets.append(reinterpret_cast<const char*>(packet), kTsPacket);
  if (section.bytes.size() < 3) return;
  const size_t size = 3 + (be16(reinterpret_cast<const uint8_t*>(section.bytes.data()) + 1) & 0xfffu);
  if (size > kMostSection || section.packets.size() > kMostSectionPackets * kTsPacket) {
    section.open = false;
  } else if (section.bytes.size() >= size) {
    section.open = false;
    close(section, size);
  }
}

// Long sections of a table are not looked at, but for the first of them; nor what is not valid yet.
void TsTables::close(Section& section, size_t size) {
  const Bytes bytes(reinterpret_cast<const uint8_t*>(section.bytes.data()), size);
  if (size < 8 + kTsCrcBytes || (bytes[5] & 1u) == 0 || bytes[6] != 0) return;
  const std::string packets = section.packets;
  if (section.pid == 0) {
    if (bytes[0] != kProgramsTable) return;
    programs_in_run_ = programs_in_run_ || same_packets(packets, programs_packets_);
    if (same_packets(packets, programs_packets_) || ts_crc(bytes) != 0) return;
    const std::string kept(reinterpret_cast<const char*>(bytes.data()), size);
    return take_programs({reinterpret_cast<const uint8_t*>(kept.data()), size}, packets);
  }
  if (bytes[0] != kProgramTable) return;
  for (Program& program : programs_) {
    if (program.pid != section.pid || program.number != be16(&bytes[3])) continue;
    program.in_run = program.in_run || same_packets(packets, program.packets);
    if (!same_packets(packets, program.packets) && ts_crc(bytes) == 0) take_program(program, bytes, packets);
    return;
  }
}

// What is known of programs that are still there stays.
void TsTables::take_programs(Bytes section, const std::string& packets) {
  std::vector<Program> programs;
  for (size_t at = 8; at + 4 + kTsCrcBytes <= section.size() && programs.size() < kMostPrograms; at += 4) {
    Program program;
    program.number = static_cast<uint16_t>(be16(&section[at]));
    program.pid = static_cast<uint16_t>(be16(&section[at + 2]) & 0x1fffu);
    // The network's own table is none of a program.
    if (program.number == 0 || program.pid == 0) continue;
    for (const Program& known : programs_) {
      if (known.number == program.number && known.pid == program.pid) program = known;
    }
    programs.push_back(std::move(program));
  }
  programs_ = std::move(programs);
  programs_packets_ = packets;
  programs_in_run_ = true;
  changed_ = true;
  watch();
  choose_start();
}

void TsTables::take_program(Program& program, Bytes section, const std::string& packets) {
  if (section.size() < 12 + kTsCrcBytes) return;
  program.packets = packets;
  program.in_run = true;
  program.video = {};
  program.audio = {};
  changed_ = true;
  const Bytes all = section.first(section.size() - kTsCrcBytes);
  for (size_t at = 12 + (be16(&section[10]) & 0xfffu); at + 5 <= all.size();) {
    const size_t described = std::min<size_t>(be16(&all[at + 3]) & 0xfffu, all.size() - at - 5);
    const auto pid = static_cast<uint16_t>(be16(&all[at + 1]) & 0x1fffu);
    if (const auto codec = ts_codec(all[at], all.subspan(at + 5, described))) {
      TsStart& start = *codec == TsCodec::kAudio ? program.audio : program.video;
      if (start.pid == kTsNoPid) start = {pid, *codec};
    }
    at += 5 + described;
  }
  choose_start();
}

void TsTables::choose_start() {
  start_ = {};
  for (const auto which : {&Program::video, &Program::audio}) {
    for (const Program& program : programs_) {
      if (start_.pid == kTsNoPid) start_ = program.*which;
    }
  }
}

// Programs and conditional access; and, not looked at, the tables of DVB (ETSI EN 300 468, 5.1.3).
void TsTables::watch() {
  tables_.reset();
  for (const size_t pid : {0x00, 0x01, 0x10, 0x11, 0x12, 0x14}) tables_.set(pid);
  std::vector<Section> sections(1);
  for (const Program& program : programs_) {
    tables_.set(program.pid);
    if (std::ranges::find(sections, program.pid, &Section::pid) != sections.end()) continue;
    Section& section = sections.emplace_back();
    section.pid = program.pid;
  }
  for (Section& section : sections) {
    const auto known = std::ranges::find(sections_, section.pid, &Section::pid);
    if (known != sections_.end()) section = std::move(*known);
  }
  sections_ = std::move(sections);
}

void TsTables::begin_run() {
  changed_ = false;
  programs_in_run_ = false;
  for (Program& program : programs_) program.in_run = false;
}

bool TsTables::run_is_whole() const {
  const auto there = [](const Program& program) { return program.packets.empty() || program.in_run; };
  return programs_in_run_ && std::ranges::all_of(programs_, there);
}

bool TsTables::are_known() const {
  return !programs_.empty() &&
         std::ranges::none_of(programs_, [](const Program& program) { return program.packets.empty(); });
}

std::vector<std::string> TsTables::packets() const {
  std::vector<std::string> all;
  if (programs_packets_.empty()) return all;
  all.push_back(programs_packets_);
  for (const Program& program : programs_) {
    if (!program.packets.empty()) all.push_back(program.packets);
  }
  return all;
}

}  // namespace flumen::container
