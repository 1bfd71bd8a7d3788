// Many sends in one system call, through an io_uring. They are the same calls with the same results, made one
// after the other before the call returns; only the way into the kernel is shared. Owned by an EpollIo, used
// by one thread at a time.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <span>

#include "core/sys/io.h"

struct io_uring_cqe;
struct io_uring_params;
struct io_uring_sqe;

namespace flumen {

class SendRing {
 public:
  static constexpr size_t kEntries = 64;

  /// nullptr where it cannot be had: a kernel before 5.7, a container that forbids it, no memory.
  static std::unique_ptr<SendRing> create();
  ~SendRing();

  /// Performs `ops`, at most kEntries and sockets all of them, and returns how many were tried, the first
  /// ones. What became of a send that was tried may stay unknown: then its result is -EIO.
  size_t send(std::span<SendOp> ops);
  /// The kernel refused to go on, so that not all were tried or not all outcomes are known: the ring is of no
  /// more use, and what was not tried can be sent without it.
  bool broken() const { return broken_; }

 private:
  struct Mapping {
    void* start = nullptr;
    size_t size = 0;
  };

  explicit SendRing(int fd) : fd_(fd) {}
  bool map(const io_uring_params& params);
  void prepare(const SendOp& op, size_t index);
  size_t collect(std::span<SendOp> ops);

  int fd_;
  bool broken_ = false;
  Mapping rings_;
  Mapping entries_;
  io_uring_sqe* sqes_ = nullptr;
  io_uring_cqe* cqes_ = nullptr;
  unsigned* sq_tail_ = nullptr;
  unsigned* sq_array_ = nullptr;
  unsigned* cq_head_ = nullptr;
  unsigned* cq_tail_ = nullptr;
  unsigned sq_mask_ = 0;
  unsigned cq_mask_ = 0;
  std::array<msghdr, kEntries> messages_{};  // of gathered sends, while they run
};

}  // namespace flumen
