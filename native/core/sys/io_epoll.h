// Io over epoll, sendmsg, pwritev2 and an eventfd; where the kernel has it, an io_uring makes many sends in
// one call. Owned by one loop thread; wake() from any.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <memory>

#include "core/sys/io.h"
#include "core/sys/send_ring.h"

namespace flumen {

class EpollIo final : public Io {
 public:
  enum class Sends : uint8_t {
    kBatched,  // through an io_uring where the kernel has one
    kSingle,   // a call for each
    kRing,     // through an io_uring, or not at all: create() fails
  };

  static Result<std::unique_ptr<EpollIo>> create(Ledger& ledger, Sends sends = Sends::kBatched);
  ~EpollIo() override;

  Result<bool> add(int fd, Watch watch, uint64_t token) override;
  void remove(int fd) override;
  void tune_client(int fd, const SocketCare& care) override;
  void submit(std::span<SendOp> ops) override;
  int64_t read(int fd, FdKind kind, std::span<uint8_t> into) override;
  int64_t queued(int fd, FdKind kind) override;
  void shutdown_write(int fd) override;
  void close(int fd, bool reset) override;
  std::span<const IoEvent> wait(Nanos now, Nanos deadline) override;
  void wake() override;

 private:
  static constexpr size_t kEventsPerWait = 512;
  static constexpr uint64_t kWakeToken = 0;

  EpollIo(Ledger& ledger, int epoll_fd, int wake_fd)
      : ledger_(ledger), epoll_fd_(epoll_fd), wake_fd_(wake_fd) {}

  Ledger& ledger_;
  int epoll_fd_;
  int wake_fd_;
  std::unique_ptr<SendRing> ring_;
  std::array<epoll_event, kEventsPerWait> raw_{};
  std::array<IoEvent, kEventsPerWait> events_{};
};

}  // namespace flumen
