// Request bodies: raw, by length, in chunks; cut anywhere, and with everything wrong that can be.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/source/body.h"
#include "test/choices.h"
#include "test/naive_body.h"
#include "test/rig.h"

using namespace flumen;
using namespace flumen::test;

namespace {

struct DecodedBody {
  std::string payload;
  bool finished = false;
  std::string error;
  uint64_t offset = 0;
};

template <typename Piece>
DecodedBody decode(BodyDecoder decoder, const std::string& wire, Piece piece_at) {
  DecodedBody out;
  for (size_t at = 0; at < wire.size() && !out.finished && out.error.empty();) {
    const size_t piece = std::min<size_t>(piece_at(at), wire.size() - at);
    std::vector<uint8_t> bytes(wire.begin() + static_cast<long>(at),
                               wire.begin() + static_cast<long>(at + piece));
    const BodyDecoder::Step step = decoder.decode(bytes);
    out.payload.append(reinterpret_cast<const char*>(bytes.data()), step.payload);
    out.finished = step.finished;
    if (step.error != nullptr) out.error = step.error;
    at += piece;
  }
  out.offset = decoder.body_offset();
  return out;
}

DecodedBody chunked(const std::string& wire, size_t piece) {
  return decode(BodyDecoder(BodyFraming::kChunked, 0), wire, [=](size_t) { return piece; });
}

}  // namespace

TEST_CASE("body: chunks of any spelling, cut at any byte") {
  const std::string data = pattern(700);
  const std::string wire = "5\r\nhello\r\n1;name=\"value\"\r\n \r\n0005 \t\r\nworld\r\n2bC\r\n" + data +
                           "\r\n000;last\r\nTrailer: x\r\nOther: y\r\n\r\nbehind";
  const size_t length = wire.size() - 6;
  for (size_t piece = 1; piece <= wire.size(); ++piece) {
    const DecodedBody out = chunked(wire, piece);
    REQUIRE(out.payload == "hello world" + data);
    REQUIRE(out.finished);
    REQUIRE(out.error.empty());
    REQUIRE(out.offset == length);
  }
  for (size_t cut = 1; cut < wire.size(); ++cut) {
    const DecodedBody out = decode(BodyDecoder(BodyFraming::kChunked, 0), wire,
                                   [=](size_t at) { return at == 0 ? cut : wire.size(); });
    REQUIRE(out.payload == "hello world" + data);
    REQUIRE(out.finished);
  }
}

TEST_CASE("body: what is wrong with chunks is named, at its place") {
  struct Case {
    const char* wire;
    const char* error;
    uint64_t offset;
  };
  for (const Case& wrong : {Case{"-5\r\n", "hexadecimal", 0},
                            {"\r\nhello", "hexadecimal", 0},
                            {"0x5\r\nhello", "hexadecimal", 1},
                            {"5\nhello", "hexadecimal", 1},
                            {" 5\r\nhello", "hexadecimal", 0},
                            {"5;a\nhello", "without CR", 3},
                            {"5\rhello", "without LF", 2},
                            {"5\r\nhello!\r\n", "longer", 8},
                            {"5\r\nhello\n", "longer", 8},
                            {"5\r\nhello\r5", "without LF", 9},
                            {"0\r\n\rx", "without LF", 4},
                            {"40000001\r\n", "1 GiB", 7},
                            {"FFFFFFFFFFFFFFFFFFFFFFFF\r\n", "1 GiB", 7}}) {
    for (const size_t piece : {1u, 3u, 1000u}) {
      const DecodedBody out = chunked(wrong.wire, piece);
      CAPTURE(wrong.wire);
      CHECK(out.error.find(wrong.error) != std::string::npos);
      CHECK(out.offset == wrong.offset);
      CHECK_FALSE(out.finished);
    }
  }
}

TEST_CASE("body: a chunk of exactly 1 GiB is announced without complaint, lines are bounded") {
  CHECK(chunked("40000000\r\n", 1).error.empty());
  CHECK(chunked(std::string(4095, '0') + "\r\n\r\n", 100).finished);
  CHECK(chunked(std::string(4097, '0'), 100).error.find("4 KiB") != std::string::npos);
  CHECK(chunked("1;" + std::string(5000, 'x'), 100).error.find("4 KiB") != std::string::npos);
  std::string trailer = "0\r\n";
  for (int i = 0; i < 500; ++i) trailer += "Name: value\r\n";
  CHECK(chunked(trailer + "\r\n", 100).error.find("4 KiB") != std::string::npos);
}

TEST_CASE("body: agrees with the slow decoder on what chance makes of chunks") {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Choices choices(seed);
    std::string wire;
    for (uint64_t i = choices.below(6); i > 0; --i) {
      const std::string data = pattern(choices.between(1, 40), seed + i);
      char size[20];
      std::snprintf(size, sizeof size, choices.one_in(2) ? "%zx" : "%04zX", data.size());
      wire += size + std::string(choices.one_in(4) ? ";x=y" : "") + "\r\n" + data + "\r\n";
    }
    wire += "0\r\n";
    if (choices.one_in(3)) wire += "A: b\r\n";
    wire += "\r\n";
    constexpr char kBytes[] = "0123456789abcdefF;\r\n \t-xg";
    for (uint64_t i = choices.below(3); i > 0; --i) {
      wire[choices.below(wire.size())] = kBytes[choices.below(sizeof kBytes - 1)];
    }
    const NaiveBody expected = naive_chunked(wire);
    const DecodedBody out =
        decode(BodyDecoder(BodyFraming::kChunked, 0), wire, [&](size_t) { return choices.between(1, 20); });
    REQUIRE(out.payload == expected.payload);
    REQUIRE(out.finished == expected.finished);
    REQUIRE(out.error.empty() == !expected.bad);
    REQUIRE(out.offset == expected.used);
  }
}

TEST_CASE("body: a length counts down, and no further; raw takes everything and may end anywhere") {
  const std::string wire = pattern(1000);
  for (const size_t piece : {1u, 7u, 500u, 1000u}) {
    const DecodedBody out =
        decode(BodyDecoder(BodyFraming::kLength, 600), wire, [=](size_t) { return piece; });
    CHECK(out.finished);
    CHECK(out.payload == wire.substr(0, 600));
    CHECK(out.offset == 600);
  }
  BodyDecoder none(BodyFraming::kLength, 0);
  CHECK(none.may_end());
  BodyDecoder some(BodyFraming::kLength, 1);
  CHECK_FALSE(some.may_end());
  BodyDecoder raw;
  CHECK(raw.may_end());
  const DecodedBody all = decode(raw, wire, [](size_t) { return 13; });
  CHECK(all.payload == wire);
  CHECK_FALSE(all.finished);
}
