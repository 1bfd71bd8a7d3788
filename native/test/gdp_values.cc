#include "test/gdp_values.h"

#include <utility>

namespace flumen::test {

using namespace gdp;

namespace {

std::string make_text(Choices& choices, std::string_view alphabet) {
  std::string text;
  for (uint64_t i = choices.below(12); i > 0; --i) text += alphabet[choices.below(alphabet.size())];
  return text;
}

std::string make_string_text(Choices& choices) {
  if (choices.one_in(4)) return make_text(choices, "NUL");
  std::string text = make_text(choices, "ab/+:._-,;=\"\\ ()[]{}<>\t\n\x7f!09");
  if (choices.one_in(3)) text += "é – 語";
  return text;
}

std::string make_name(Choices& choices) { return "n" + make_text(choices, "abcxyz019-_"); }

Value make_number(Choices& choices) {
  Value value;
  // kInt to kDouble, in the order of the enum.
  value.type = static_cast<ValueType>(choices.below(9));
  const uint64_t bits = choices.one_in(2) ? choices.below(100) : choices.below(~uint64_t{0});
  value.number = static_cast<int64_t>(bits);
  if (value.type == ValueType::kInt) value.number = static_cast<int32_t>(bits);
  if (value.type == ValueType::kUInt) value.number = static_cast<uint32_t>(bits);
  if (value.type == ValueType::kUChar) value.number = static_cast<uint8_t>(bits);
  const double real = static_cast<double>(value.number) / static_cast<double>(1 + choices.below(1000));
  value.real = value.type == ValueType::kFloat ? static_cast<float>(real) : real;
  return value;
}

Value make_pair(Choices& choices) {
  Value value;
  value.type = choices.one_in(2) ? ValueType::kFraction : ValueType::kFlagSet;
  value.number = static_cast<int64_t>(choices.below(1000));
  value.second = static_cast<int64_t>(choices.between(1, 1000));
  if (value.type == ValueType::kFlagSet) value.number &= value.second;
  if (value.type == ValueType::kFraction) value.second = 1;
  return value;
}

Value make_value(Choices& choices, int depth);

Value make_sequence(Choices& choices, int depth) {
  Value value;
  value.type = choices.one_in(2) ? ValueType::kArray : ValueType::kList;
  for (uint64_t i = choices.below(4); i > 0; --i) value.items.push_back(make_value(choices, depth + 1));
  return value;
}

Value make_range(Choices& choices) {
  Value value;
  value.type = ValueType::kRange;
  const int32_t low = static_cast<int32_t>(choices.below(50));
  value.items = {make_int(low * 6), make_int(low * 6 + 6)};
  if (choices.one_in(2)) value.items.push_back(make_int(3));
  return value;
}

Value make_value(Choices& choices, int depth) {
  constexpr const char* kNames[][2] = {{"GstFormat", "time"},
                                       {"GstStreamFlags", "GST_STREAM_FLAG_SPARSE+GST_STREAM_FLAG_SELECT"},
                                       {"date", "2026-11-25"},
                                       {"datetime", "2026-11-25T18:40:22Z"}};
  switch (choices.below(depth < 3 ? 10 : 6)) {
    case 0:
      return make_string(make_string_text(choices));
    case 1:
      return make_buffer(make_text(choices, "ab,\"\x01\xff"));
    case 2:
      return make_boolean(choices.one_in(2));
    case 3:
      return make_pair(choices);
    case 4: {
      const auto& [type, text] = kNames[choices.below(4)];
      return make_named(type, text);
    }
    case 6:
      return make_sequence(choices, depth);
    case 7:
      return make_range(choices);
    case 8:
      return make_nested(ValueType::kStructure, make_gdp_structure(choices, depth + 1));
    case 9: {
      Structure tags = make_gdp_structure(choices, depth + 1);
      tags.name = "taglist";
      return make_nested(ValueType::kTagList, std::move(tags));
    }
    default:
      return make_number(choices);
  }
}

Event make_event(Choices& choices) {
  Segment segment;
  segment.start = choices.below(1000);
  segment.rate = static_cast<double>(choices.between(1, 8)) / 4;
  switch (choices.below(8)) {
    case 0:
      return stream_start_event(make_string_text(choices), static_cast<uint32_t>(choices.below(9)));
    case 1:
      return segment_event(segment);
    case 2:
      return tag_event(make_gdp_structure(choices, 2), choices.one_in(2) ? "stream" : "global");
    case 3:
      return gap_event(choices.below(1u << 30), choices.one_in(2) ? kNoValue : choices.below(1u << 30));
    case 4:
      return flush_start_event();
    case 5:
      return flush_stop_event(choices.one_in(2));
    default: {
      constexpr EventNumber kCustom[] = {EventNumber::kCustomDownstream, EventNumber::kCustomDownstreamOob,
                                         EventNumber::kCustomDownstreamSticky, EventNumber::kCustomBoth,
                                         EventNumber::kCustomBothOob};
      return {&event_of(kCustom[choices.below(5)]), make_gdp_structure(choices, 0)};
    }
  }
}

FrameMeta make_meta(Choices& choices) {
  FrameMeta meta;
  for (uint64_t* field : {&meta.pts, &meta.dts, &meta.duration, &meta.offset, &meta.offset_end}) {
    if (choices.one_in(2)) *field = choices.below(kNoValue);
  }
  meta.flags = static_cast<uint16_t>(choices.below(65536)) & BufferFlags::kAll;
  return meta;
}

}  // namespace

Structure make_gdp_structure(Choices& choices, int depth) {
  Structure structure;
  structure.name = make_name(choices);
  for (uint64_t i = choices.below(5); i > 0; --i) {
    structure.set(make_name(choices), make_value(choices, depth));
  }
  return structure;
}

GdpMade make_gdp_stream(Choices& choices) {
  GdpMade made;
  const auto add = [&](Packet packet, const std::string& bytes) {
    packet.at = made.wire.size();
    packet.number = made.lines.size();
    made.lines.push_back(gdp_line(packet));
    made.wire += bytes;
  };
  bool has_caps = false;
  for (uint64_t i = choices.between(1, 12); i > 0; --i) {
    const Checksums checksums{choices.one_in(2), choices.one_in(2)};
    Packet packet;
    std::string bytes;
    std::string why;
    const uint64_t kind = choices.below(3);
    if (kind == 0) {
      packet.kind = PacketKind::kCaps;
      packet.caps.structures.push_back(make_gdp_structure(choices, 1));
      if (choices.one_in(4)) packet.caps.structures[0].features = {"memory:X", "meta:Y"};
      if (!encode_caps(packet.caps, checksums, &bytes, &why)) continue;
      has_caps = true;
      add(packet, bytes);
    } else if (kind == 1) {
      packet.kind = PacketKind::kEvent;
      packet.event = make_event(choices);
      if (encode_event(packet.event, checksums, &bytes, &why)) add(packet, bytes);
    } else if (has_caps) {
      Ledger ledger;
      const std::string payload = make_text(choices, "frame bytes");
      packet.frame = make_meta(choices);
      packet.payload =
          copy_to_slice(ledger, {reinterpret_cast<const uint8_t*>(payload.data()), payload.size()});
      add(std::move(packet), gdp_frame(payload, packet.frame, checksums));
    }
  }
  return made;
}

}  // namespace flumen::test
