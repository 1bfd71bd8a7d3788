// GDP streams of chance: frames, caps and events with every kind of value, as far as the encoder takes them.
#pragma once

#include "test/choices.h"
#include "test/gdp_stream.h"

namespace flumen::test {

struct GdpMade {
  std::string wire;
  std::vector<std::string> lines;  // as GdpReading has them
};

gdp::Structure make_gdp_structure(Choices& choices, int depth);
GdpMade make_gdp_stream(Choices& choices);

}  // namespace flumen::test
