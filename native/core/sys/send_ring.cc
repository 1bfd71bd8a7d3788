#include "core/sys/send_ring.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "core/base/check.h"

namespace flumen {

namespace {

// With these (5.7) sends are known, MSG_DONTWAIT is answered by -EAGAIN and no completion is dropped.
constexpr unsigned kNeeded = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_FAST_POLL;

int enter(int fd, size_t submit, size_t complete) {
  return static_cast<int>(syscall(SYS_io_uring_enter, fd, static_cast<unsigned>(submit),
                                  static_cast<unsigned>(complete), IORING_ENTER_GETEVENTS, nullptr, 0));
}

template <typename T>
T* at(void* start, unsigned offset) {
  return reinterpret_cast<T*>(static_cast<char*>(start) + offset);
}

}  // namespace

std::unique_ptr<SendRing> SendRing::create() {
  io_uring_params params{};
  const auto fd = static_cast<int>(syscall(SYS_io_uring_setup, static_cast<unsigned>(kEntries), &params));
  if (fd < 0) return nullptr;
  std::unique_ptr<SendRing> ring(new SendRing(fd));
  if ((params.features & kNeeded) != kNeeded || !ring->map(params)) return nullptr;
  return ring;
}

SendRing::~SendRing() {
  if (rings_.start != nullptr) munmap(rings_.start, rings_.size);
  if (entries_.start != nullptr) munmap(entries_.start, entries_.size);
  ::close(fd_);
}

bool SendRing::map(const io_uring_params& params) {
  const auto map_at = [&](Mapping& mapping, size_t size, off_t offset) {
    void* start = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, offset);
    if (start == MAP_FAILED) return false;
    mapping = {start, size};
    return true;
  };
  const size_t submissions = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  const size_t completions = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
  if (!map_at(rings_, std::max(submissions, completions), IORING_OFF_SQ_RING)) return false;
  if (!map_at(entries_, params.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES)) return false;
  sqes_ = static_cast<io_uring_sqe*>(entries_.start);
  cqes_ = at<io_uring_cqe>(rings_.start, params.cq_off.cqes);
  sq_tail_ = at<unsigned>(rings_.start, params.sq_off.tail);
  sq_array_ = at<unsigned>(rings_.start, params.sq_off.array);
  cq_head_ = at<unsigned>(rings_.start, params.cq_off.head);
  cq_tail_ = at<unsigned>(rings_.start, params.cq_off.tail);
  sq_mask_ = *at<unsigned>(rings_.start, params.sq_off.ring_mask);
  cq_mask_ = *at<unsigned>(rings_.start, params.cq_off.ring_mask);
  return true;
}

void SendRing::prepare(const SendOp& op, size_t index) {
  const unsigned slot = (*sq_tail_ + static_cast<unsigned>(index)) & sq_mask_;
  io_uring_sqe& entry = sqes_[slot];
  entry = {};
  entry.fd = op.fd;
  entry.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  entry.user_data = index;
  if (op.iov_count == 1) {
    entry.opcode = IORING_OP_SEND;
    entry.addr = reinterpret_cast<uint64_t>(op.iov[0].iov_base);
    entry.len = static_cast<uint32_t>(op.iov[0].iov_len);
  } else {
    messages_[index] = {};
    messages_[index].msg_iov = const_cast<iovec*>(op.iov);
    messages_[index].msg_iovlen = static_cast<size_t>(op.iov_count);
    entry.opcode = IORING_OP_SENDMSG;
    entry.addr = reinterpret_cast<uint64_t>(&messages_[index]);
    entry.len = 1;
  }
  sq_array_[slot] = slot;
}

size_t SendRing::send(std::span<SendOp> ops) {
  FLUMEN_CHECK(ops.size() <= kEntries);
  for (size_t i = 0; i < ops.size(); ++i) {
    prepare(ops[i], i);
    ops[i].result = -EIO;  // what is told of a send whose outcome stays unknown
  }
  const unsigned tail = *sq_tail_ + static_cast<unsigned>(ops.size());
  std::atomic_ref<unsigned>(*sq_tail_).store(tail, std::memory_order_release);
  size_t tried = 0;
  size_t done = 0;
  // Once round: sends that do not wait are complete when they have been submitted.
  while (done < ops.size()) {
    const int entered = enter(fd_, ops.size() - tried, ops.size() - done);
    if (entered < 0 && errno == EINTR) continue;
    broken_ = entered < 0 || (entered == 0 && tried < ops.size());
    if (broken_) break;
    tried += static_cast<size_t>(entered);
    done += collect(ops);
  }
  return tried;
}

size_t SendRing::collect(std::span<SendOp> ops) {
  unsigned head = *cq_head_;
  const unsigned tail = std::atomic_ref<unsigned>(*cq_tail_).load(std::memory_order_acquire);
  const size_t count = tail - head;
  for (; head != tail; ++head) {
    const io_uring_cqe& completion = cqes_[head & cq_mask_];
    ops[completion.user_data].result = completion.res;
  }
  std::atomic_ref<unsigned>(*cq_head_).store(head, std::memory_order_release);
  return count;
}

}  // namespace flumen
