#include "test/sockets.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/check.h"

namespace flumen::test {

Pair::~Pair() {
  if (ours >= 0) close(ours);
  if (theirs >= 0) close(theirs);
}

int Pair::take_ours() { return std::exchange(ours, -1); }
int Pair::take_theirs() { return std::exchange(theirs, -1); }

Pair unix_pair() {
  int ends[2];
  FLUMEN_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {ends[0], ends[1]};
}

Pair tcp_pair() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  FLUMEN_CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  FLUMEN_CHECK(listen(listener, 1) == 0);
  FLUMEN_CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const int theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  FLUMEN_CHECK(connect(theirs, reinterpret_cast<sockaddr*>(&address), size) == 0);
  const int ours = accept(listener, nullptr, nullptr);
  FLUMEN_CHECK(ours >= 0);
  close(listener);
  return {ours, theirs};
}

void reset_theirs(Pair& pair) {
  const linger now{1, 0};
  setsockopt(pair.theirs, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(pair.take_theirs());
}

std::string read_some(int fd, size_t bytes) {
  std::string text(bytes, '\0');
  size_t have = 0;
  while (have < bytes) {
    const ssize_t got = read(fd, text.data() + have, bytes - have);
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  text.resize(have);
  return text;
}

size_t drain(int fd) {
  std::array<char, 65536> buffer;
  size_t total = 0;
  pollfd query{fd, POLLIN, 0};
  while (poll(&query, 1, 0) == 1) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got <= 0) break;
    total += static_cast<size_t>(got);
  }
  return total;
}

std::string read_all(int fd) {
  std::array<char, 65536> buffer;
  std::string text;
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
}

}  // namespace flumen::test
