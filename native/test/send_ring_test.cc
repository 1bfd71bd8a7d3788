// Sends through the ring against sends one by one, on the same kinds of sockets in the same condition: every
// result and every byte must be the same.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <string>
#include <vector>

#include "core/sys/clock.h"
#include "core/sys/io_epoll.h"
#include "test/sockets.h"

using namespace flumen;
using namespace flumen::test;

namespace {

std::unique_ptr<EpollIo> io_with(EpollIo::Sends sends, Ledger& ledger) {
  Result<std::unique_ptr<EpollIo>> made = EpollIo::create(ledger, sends);
  REQUIRE(made.ok());
  return std::move(made.value());
}

void shrink(int fd) {
  const int bytes = 5000;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

size_t fill(int fd) {
  const std::string bytes(1000, 'f');
  size_t taken = 0;
  for (ssize_t sent = 0; (sent = send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;)
    taken += static_cast<size_t>(sent);
  return taken;
}

/// A batch over sockets in every condition: room for all, for a part, for nothing; a peer that has gone.
class Batch {
 public:
  explicit Batch(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      pairs_.push_back(unix_pair());
      Pair& pair = pairs_.back();
      // Of a stream socket's buffer a big write takes what fits.
      if (i % 5 == 1) shrink(pair.ours);
      taken_.push_back(i % 5 == 2 ? fill(pair.ours) : 0);
      if (i % 5 == 3) close(pair.take_theirs());
      texts_.push_back(std::to_string(i) + std::string(i % 5 == 1 ? 400'000 : i, 'a'));
      texts_.push_back("and more " + std::to_string(i));
    }
    for (size_t i = 0; i < count; ++i) {
      for (size_t part : {2 * i, 2 * i + 1}) iov_.push_back({texts_[part].data(), texts_[part].size()});
    }
    for (size_t i = 0; i < count; ++i)
      ops_.push_back({pairs_[i].ours, FdKind::kSocket, &iov_[2 * i], i % 2 == 0 ? 1 : 2, 0});
    ops_.push_back({1'000'000, FdKind::kSocket, iov_.data(), 1, 0});
  }

  std::vector<int64_t> send_with(EpollIo& io) {
    io.submit(ops_);
    std::vector<int64_t> results;
    for (const SendOp& op : ops_) results.push_back(op.result);
    return results;
  }

  /// What each peer can read, without what lay there before.
  std::vector<std::string> received() {
    std::vector<std::string> all;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      close(pairs_[i].take_ours());
      all.push_back(pairs_[i].theirs < 0 ? "" : read_all(pairs_[i].theirs).substr(taken_[i]));
    }
    return all;
  }

 private:
  std::deque<Pair> pairs_;
  std::vector<size_t> taken_;
  std::deque<std::string> texts_;
  std::vector<iovec> iov_;
  std::vector<SendOp> ops_;
};

}  // namespace

TEST_CASE("SendRing: results and bytes are those of single sends, whatever the sockets are like") {
  Ledger ledger;
  if (SendRing::create() == nullptr) MESSAGE("no io_uring here: single sends are compared with themselves");
  for (const size_t count : {3u, 5u, 64u, 200u}) {
    CAPTURE(count);
    Batch singly(count), batched(count);
    const std::vector<int64_t> expected = singly.send_with(*io_with(EpollIo::Sends::kSingle, ledger));
    const std::unique_ptr<EpollIo> io = io_with(EpollIo::Sends::kBatched, ledger);
    CHECK(batched.send_with(*io) == expected);
    CHECK(expected.back() == -EBADF);
    if (count == 200u) {
      CHECK(expected[1] < 400'000);
      CHECK(expected[1] > 0);
      CHECK(expected[2] == -EAGAIN);
      CHECK(expected[3] == -EPIPE);
    }
    CHECK(batched.received() == singly.received());
  }
}

TEST_CASE("SendRing: batch after batch; who was refused is told when there is room again") {
  Ledger ledger;
  const std::unique_ptr<EpollIo> io = io_with(EpollIo::Sends::kBatched, ledger);
  std::vector<Pair> pairs;
  std::vector<SendOp> ops;
  const std::string text(1000, 't');
  const iovec iov{const_cast<char*>(text.data()), text.size()};
  for (size_t i = 0; i < 100; ++i) {
    pairs.push_back(tcp_pair());
    REQUIRE(io->add(pairs[i].ours, Watch::kClient, 8 * (i + 1)).ok());
    ops.push_back({pairs[i].ours, FdKind::kSocket, &iov, 1, 0});
  }
  while (!io->wait(monotonic_now(), monotonic_now() + 10 * kMillisecond).empty()) continue;
  for (int round = 0; round < 300; ++round) {
    io->submit(ops);
    for (size_t i = 0; i < ops.size(); ++i) {
      REQUIRE(ops[i].result == 1000);
      REQUIRE(read_some(pairs[i].theirs, 1000) == text);
    }
  }
  const size_t filled = fill(pairs[7].ours);
  io->submit(ops);
  CHECK(ops[7].result == -EAGAIN);
  CHECK(ops[8].result == 1000);
  read_some(pairs[7].theirs, filled);
  bool told = false;
  for (int i = 0; i < 100 && !told; ++i) {
    for (const IoEvent& event : io->wait(monotonic_now(), monotonic_now() + 20 * kMillisecond))
      told |= event.token == 8 * 8 && event.writable;
  }
  CHECK(told);
}

TEST_CASE("SendRing: pipes among the sockets are written to as well") {
  Ledger ledger;
  const std::unique_ptr<EpollIo> io = io_with(EpollIo::Sends::kBatched, ledger);
  std::array<int, 2> pipe_ends{};
  REQUIRE(pipe(pipe_ends.data()) == 0);
  std::vector<Pair> pairs;
  const iovec iov{const_cast<char*>("text"), 4};
  std::vector<SendOp> ops{{pipe_ends[1], FdKind::kPipe, &iov, 1, 0}};
  for (size_t i = 0; i < 10; ++i) {
    pairs.push_back(unix_pair());
    ops.push_back({pairs[i].ours, FdKind::kSocket, &iov, 1, 0});
  }
  io->submit(ops);
  for (const SendOp& op : ops) CHECK(op.result == 4);
  CHECK(read_some(pipe_ends[0], 4) == "text");
  for (const Pair& pair : pairs) CHECK(read_some(pair.theirs, 4) == "text");
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}
