// EpollIo against the real kernel: the edges the shard lives on, wake-ups, and what a reset does.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "core/sys/clock.h"
#include "core/sys/io_epoll.h"
#include "test/sockets.h"

using namespace flumen;
using namespace flumen::test;

namespace {

struct Kernel {
  Ledger ledger;
  std::unique_ptr<EpollIo> io;
  Kernel() {
    Result<std::unique_ptr<EpollIo>> made = EpollIo::create(ledger);
    REQUIRE(made.ok());
    io = std::move(made.value());
  }

  /// Takes over `fd`, counted as one of ours.
  int own(int fd) {
    ledger.open_fds.fetch_add(1);
    return fd;
  }
  int64_t send(int fd, FdKind kind, const std::string& bytes) {
    const iovec iov{const_cast<char*>(bytes.data()), bytes.size()};
    SendOp op{fd, kind, &iov, 1, 0};
    io->submit({&op, 1});
    return op.result;
  }
  /// Sends until the kernel takes no more; how much it took.
  size_t fill(int fd, FdKind kind) {
    const std::string bytes(100'000, 'f');
    size_t taken = 0;
    for (;;) {
      const int64_t sent = send(fd, kind, bytes);
      if (sent < 0) {
        REQUIRE(sent == -EAGAIN);
        return taken;
      }
      taken += static_cast<size_t>(sent);
    }
  }
  std::vector<IoEvent> events(Nanos wait = 0) {
    const Nanos now = monotonic_now();
    const auto seen = io->wait(now, now + wait);
    return {seen.begin(), seen.end()};
  }
};

}  // namespace

TEST_CASE("EpollIo: OUT is an edge: once at the start, then only after a refused write and space") {
  for (const bool tcp : {false, true}) {
    CAPTURE(tcp);
    Kernel kernel;
    Pair pair = tcp ? tcp_pair() : unix_pair();
    const int fd = kernel.own(pair.take_ours());
    REQUIRE(kernel.io->add(fd, Watch::kClient, 8).ok());
    kernel.io->tune_client(fd, {});
    std::vector<IoEvent> seen = kernel.events(kSecond);
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].token == 8);
    CHECK(seen[0].writable);
    CHECK_FALSE(seen[0].readable);
    CHECK_FALSE(seen[0].peer_closed);
    CHECK(kernel.events().empty());

    const size_t taken = kernel.fill(fd, FdKind::kSocket);
    while (!kernel.events(10 * kMillisecond).empty()) kernel.fill(fd, FdKind::kSocket);
    // Nothing more comes until the peer reads.
    CHECK(kernel.events(20 * kMillisecond).empty());
    read_some(pair.theirs, taken);
    bool writable = false;
    for (int i = 0; i < 100 && !writable; ++i) {
      drain(pair.theirs);
      for (const IoEvent& event : kernel.events(20 * kMillisecond)) writable |= event.writable;
    }
    CHECK(writable);
    CHECK(kernel.send(fd, FdKind::kSocket, "x") == 1);
    kernel.io->remove(fd);
    kernel.io->close(fd, false);
    CHECK(kernel.ledger.open_fds == 0);
  }
}

TEST_CASE("EpollIo: tune_client sets TCP_NODELAY and TCP_NOTSENT_LOWAT, and leaves unix sockets alone") {
  Kernel kernel;
  Pair pair = tcp_pair();
  kernel.io->tune_client(pair.ours, {.notsent_lowat = 12'345});
  int value = 0;
  socklen_t size = sizeof value;
  REQUIRE(getsockopt(pair.ours, IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0);
  CHECK(value == 1);
  REQUIRE(getsockopt(pair.ours, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, &size) == 0);
  CHECK(value == 12'345);
  Pair local = unix_pair();
  kernel.io->tune_client(local.ours, {.notsent_lowat = 12'345});
}

TEST_CASE("EpollIo: input, FIN and RST are told; reading says which") {
  Kernel kernel;
  std::array<uint8_t, 100> buffer;
  Pair pair = tcp_pair();
  REQUIRE(kernel.io->add(pair.ours, Watch::kClient, 16).ok());
  kernel.events(kSecond);
  CHECK(kernel.io->read(pair.ours, FdKind::kSocket, buffer) == -EAGAIN);
  REQUIRE(write(pair.theirs, "hello", 5) == 5);
  std::vector<IoEvent> seen = kernel.events(kSecond);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].readable);
  CHECK_FALSE(seen[0].peer_closed);
  CHECK(kernel.io->read(pair.ours, FdKind::kSocket, buffer) == 5);
  shutdown(pair.theirs, SHUT_WR);
  seen = kernel.events(kSecond);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].peer_closed);
  CHECK_FALSE(seen[0].failed);
  CHECK(kernel.io->read(pair.ours, FdKind::kSocket, buffer) == 0);
  CHECK(kernel.send(pair.ours, FdKind::kSocket, "still") == 5);  // half closed only
  kernel.io->remove(pair.ours);

  Pair other = tcp_pair();
  REQUIRE(kernel.io->add(other.ours, Watch::kClient, 24).ok());
  kernel.events(kSecond);
  reset_theirs(other);
  seen = kernel.events(kSecond);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].failed);
  CHECK(kernel.io->read(other.ours, FdKind::kSocket, buffer) == -ECONNRESET);
  CHECK(kernel.send(other.ours, FdKind::kSocket, "x") == -EPIPE);  // and no SIGPIPE
}

TEST_CASE("EpollIo: no event of a descriptor after remove, files cannot be watched") {
  Kernel kernel;
  Pair pair = unix_pair();
  REQUIRE(kernel.io->add(pair.ours, Watch::kClient, 32).ok());
  REQUIRE(write(pair.theirs, "x", 1) == 1);
  kernel.io->remove(pair.ours);
  CHECK(kernel.events(20 * kMillisecond).empty());
  const int file = open("/dev/null", O_WRONLY);
  Result<bool> watched = kernel.io->add(file, Watch::kClient, 40);
  CHECK_FALSE(watched.ok());
  CHECK(watched.error().code == EPERM);
  CHECK(std::string(watched.error().operation) == "epoll_ctl");
  CHECK(kernel.send(file, FdKind::kFile, "abc") == 3);
  close(file);
}

TEST_CASE("EpollIo: a source is told of input as long as there is some") {
  Kernel kernel;
  Pair pair = unix_pair();
  REQUIRE(kernel.io->add(pair.ours, Watch::kSource, 48).ok());
  CHECK(kernel.events().empty());
  REQUIRE(write(pair.theirs, "abc", 3) == 3);
  CHECK(kernel.events(kSecond).size() == 1);
  CHECK(kernel.events(kSecond).size() == 1);
  std::array<uint8_t, 10> buffer;
  CHECK(kernel.io->read(pair.ours, FdKind::kSocket, buffer) == 3);
  CHECK(kernel.events().empty());
}

TEST_CASE("EpollIo: a full pipe does not block although its flags say it may, and its status flags stay") {
  Kernel kernel;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(kernel.io->add(ends[1], Watch::kClient, 56).ok());
  const int flags = fcntl(ends[1], F_GETFL);
  REQUIRE((flags & O_NONBLOCK) == 0);
  const size_t taken = kernel.fill(ends[1], FdKind::kPipe);
  CHECK(taken >= 4096);
  CHECK(fcntl(ends[1], F_GETFL) == flags);
  while (!kernel.events().empty()) continue;
  read_some(ends[0], taken / 2);
  const std::vector<IoEvent> seen = kernel.events(kSecond);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].writable);
  CHECK(kernel.send(ends[1], FdKind::kPipe, "x") == 1);
  // An empty pipe is not waited for either.
  drain(ends[0]);
  std::array<uint8_t, 10> buffer;
  CHECK(kernel.io->read(ends[0], FdKind::kPipe, buffer) == -EAGAIN);
  close(ends[0]);
  CHECK(kernel.send(ends[1], FdKind::kPipe, "x") == -EPIPE);
  const std::vector<IoEvent> after = kernel.events(kSecond);
  REQUIRE(after.size() == 1);
  CHECK(after[0].failed);
  close(ends[1]);
}

TEST_CASE("EpollIo: close with reset aborts, close without sends FIN; both are counted") {
  for (const bool reset : {false, true}) {
    Kernel kernel;
    Pair pair = tcp_pair();
    const int fd = kernel.own(pair.take_ours());
    CHECK(kernel.send(fd, FdKind::kSocket, "last") == 4);
    kernel.io->close(fd, reset);
    CHECK(kernel.ledger.open_fds == 0);
    char buffer[10];
    ssize_t got = 0;
    while ((got = read(pair.theirs, buffer, sizeof buffer)) > 0) continue;
    CHECK(got == (reset ? -1 : 0));
    if (reset) CHECK(errno == ECONNRESET);
  }
}

TEST_CASE("EpollIo: shutdown_write sends FIN and leaves the other direction") {
  Kernel kernel;
  Pair pair = tcp_pair();
  kernel.io->shutdown_write(pair.ours);
  char byte;
  CHECK(read(pair.theirs, &byte, 1) == 0);
  REQUIRE(write(pair.theirs, "x", 1) == 1);
  std::array<uint8_t, 4> buffer;
  int64_t got = -EAGAIN;
  for (int i = 0; i < 1000 && got == -EAGAIN; ++i) {
    got = kernel.io->read(pair.ours, FdKind::kSocket, buffer);
    if (got == -EAGAIN) std::this_thread::yield();
  }
  CHECK(got == 1);
}

TEST_CASE("EpollIo: wake ends a wait from another thread, and one that has not begun yet") {
  Kernel kernel;
  std::thread other([&] { kernel.io->wake(); });
  CHECK(kernel.io->wait(monotonic_now(), kNever).empty());
  other.join();
  kernel.io->wake();
  kernel.io->wake();
  CHECK(kernel.io->wait(monotonic_now(), kNever).empty());
}

TEST_CASE("EpollIo: nobody spins towards a deadline, and one that has passed is not waited for") {
  Kernel kernel;
  const Nanos deadline = monotonic_now() + 5 * kMillisecond;
  // Rounded up to whole milliseconds, so that one call is enough; a ring that an earlier case closed may
  // interrupt some.
  int calls = 0;
  for (; monotonic_now() < deadline; ++calls) kernel.io->wait(monotonic_now(), deadline);
  CHECK(calls <= 20);
  kernel.io->wait(deadline + kSecond, deadline);
}

TEST_CASE("EpollIo: a batch goes out in order, each with its own result") {
  Kernel kernel;
  Pair good = unix_pair(), bad = unix_pair();
  shutdown(bad.theirs, SHUT_RD);
  close(bad.take_theirs());
  std::string one = "one ", two = "two";
  const iovec parts[] = {{one.data(), one.size()}, {two.data(), two.size()}};
  std::array<SendOp, 3> ops{SendOp{good.ours, FdKind::kSocket, parts, 2, 0},
                            SendOp{bad.ours, FdKind::kSocket, parts, 1, 0},
                            SendOp{good.ours, FdKind::kSocket, parts + 1, 1, 0}};
  kernel.io->submit(ops);
  CHECK(ops[0].result == 7);
  CHECK(ops[1].result == -EPIPE);
  CHECK(ops[2].result == 3);
  CHECK(read_some(good.theirs, 10) == "one twotwo");
}
