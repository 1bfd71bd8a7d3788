// What nearly every case about a container begins with.
#pragma once

#include <doctest/doctest.h>

#include "test/container_reading.h"

namespace flumen::test {

/// Reads `bytes`, which must be the same stream wherever they are cut, and pass on to the last one.
inline ContainerReading read_whole(container::Format format, const std::string& bytes) {
  CHECK(differs_when_cut(format, bytes) == "");
  const ContainerReading reading = read_container(format, bytes);
  CHECK(reading.from_start() == bytes);
  return reading;
}

}  // namespace flumen::test
