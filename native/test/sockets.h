// Real descriptors for tests: connected pairs, and peers that read.
#pragma once

#include <cstddef>
#include <string>

namespace flumen::test {

/// Two connected sockets; whatever is not taken is closed.
struct Pair {
  int ours = -1;
  int theirs = -1;

  Pair() = default;
  Pair(int a, int b) : ours(a), theirs(b) {}
  Pair(Pair&& other) noexcept : ours(other.take_ours()), theirs(other.take_theirs()) {}
  Pair& operator=(Pair&&) = delete;
  ~Pair();

  int take_ours();
  int take_theirs();
};

Pair unix_pair();
/// Over 127.0.0.1.
Pair tcp_pair();
/// Closes their side so that ours sees ECONNRESET.
void reset_theirs(Pair& pair);

/// Reads exactly `bytes`, waiting for them; less at the end of the stream.
std::string read_some(int fd, size_t bytes);
/// Reads what is there without waiting; how much it was.
size_t drain(int fd);
/// Reads to the end of the stream.
std::string read_all(int fd);

}  // namespace flumen::test
