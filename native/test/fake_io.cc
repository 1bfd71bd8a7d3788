#include "test/fake_io.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace flumen::test {

int FakeIo::open(FdKind kind, size_t capacity) {
  // Numbers are never used twice: a descriptor used after its close is always noticed.
  FakeFd file;
  file.kind = kind;
  file.capacity = capacity;
  fds_.push_back(std::move(file));
  ledger_.open_fds.fetch_add(1);
  return static_cast<int>(fds_.size() - 1);
}

size_t FakeIo::still_open() const {
  return static_cast<size_t>(
      std::count_if(fds_.begin(), fds_.end(), [](const FakeFd& file) { return file.open; }));
}

FakeFd* FakeIo::use(int fd, const char* what) {
  if (fd < 0 || static_cast<size_t>(fd) >= fds_.size()) {
    violations.push_back(std::string(what) + " of descriptor " + std::to_string(fd) + ", which never was");
    return nullptr;
  }
  if (!at(fd).open) {
    violations.push_back(std::string(what) + " of descriptor " + std::to_string(fd) + " after its close");
    return nullptr;
  }
  return &at(fd);
}

void FakeIo::arm(int fd) {
  FakeFd& file = at(fd);
  if (!file.open || !file.watched || file.armed) return;
  file.armed = true;
  ready_.push_back(fd);
}

void FakeIo::refuse(int fd) {
  if (!std::exchange(at(fd).nospace, true)) refused_.push_back(fd);
}

void FakeIo::peer_read(int fd, size_t bytes) {
  FakeFd& file = at(fd);
  file.queued -= std::min(file.queued, bytes);
}

void FakeIo::peer_send(int fd, size_t bytes) {
  FakeFd& file = at(fd);
  if (!file.open || file.rst || file.peer_fin || file.kind != FdKind::kSocket) return;
  file.input += bytes;
  arm(fd);
}

bool FakeIo::peer_say(int fd, std::string_view bytes) {
  const size_t before = at(fd).input;
  peer_send(fd, bytes.size());
  if (at(fd).input == before) return false;
  at(fd).said.append(bytes);
  return true;
}

void FakeIo::peer_fin(int fd) {
  FakeFd& file = at(fd);
  if (!file.open || file.rst || file.peer_fin || file.kind != FdKind::kSocket) return;
  file.peer_fin = true;
  ++counts.fins;
  arm(fd);
}

void FakeIo::peer_close(int fd) {
  if (at(fd).kind == FdKind::kSocket) peer_fin(fd);
  at(fd).peer_gone = true;
  if (at(fd).kind == FdKind::kPipe) arm(fd);
}

void FakeIo::peer_reset(int fd) {
  FakeFd& file = at(fd);
  if (!file.open || file.rst || file.kind != FdKind::kSocket) return;
  file.rst = true;
  file.input = 0;
  file.said.clear();
  ++counts.resets;
  arm(fd);
}

void FakeIo::settle() {
  std::erase_if(refused_, [&](int fd) {
    FakeFd& file = at(fd);
    file.squeezed = false;
    if (!file.open || !file.nospace) return true;
    if (!file.has_room()) return false;
    file.nospace = false;
    arm(fd);
    return true;
  });
}

Result<bool> FakeIo::add(int fd, Watch, uint64_t token) {
  FakeFd* file = use(fd, "add");
  if (file == nullptr) return Error{EBADF, "epoll_ctl"};
  if (fail_watch != 0) return Error{std::exchange(fail_watch, 0), "epoll_ctl"};
  if (const int error = failing(IoCall::kAdd, fd); error != 0) return Error{error, "epoll_ctl"};
  if (file->kind == FdKind::kFile) return Error{EPERM, "epoll_ctl"};
  if (file->watched) violations.push_back("descriptor " + std::to_string(fd) + " watched twice");
  file->watched = true;
  file->token = token;
  arm(fd);  // EPOLL_CTL_ADD looks at once
  return true;
}

void FakeIo::remove(int fd) {
  if (FakeFd* file = use(fd, "remove")) file->watched = false;
}

void FakeIo::tune_client(int fd, const SocketCare&) {
  FakeFd* file = use(fd, "tune_client");
  if (file == nullptr) return;
  if (file->kind != FdKind::kSocket) violations.push_back("tune_client of what is no socket");
  ++file->tuned;
}

int64_t FakeIo::write_stream(FakeFd& file, size_t offered) {
  if (file.fails != 0) return -std::exchange(file.fails, 0);
  if (file.our_fin) return -EPIPE;
  if (file.rst) return std::exchange(file.rst_told, true) ? -EPIPE : -ECONNRESET;
  if (file.kind == FdKind::kPipe && file.peer_gone) return -EPIPE;
  const size_t room = file.squeezed || file.queued >= file.capacity ? 0 : file.capacity - file.queued;
  const size_t taken = room == 0 ? 0 : std::min({room, offered, std::exchange(file.grudge, ~size_t{0})});
  file.queued += taken;
  return taken > 0 ? static_cast<int64_t>(taken) : -EAGAIN;
}

int64_t FakeIo::write(SendOp& op) {
  FakeFd* file = use(op.fd, "write");
  if (file == nullptr) return -EBADF;
  if (op.kind != file->kind) violations.push_back("write with the wrong kind");
  if (op.iov_count < 1 || op.iov_count > 1024) violations.push_back("write of an iovec the kernel refuses");
  size_t offered = 0;
  for (int i = 0; i < op.iov_count; ++i) offered += op.iov[i].iov_len;
  if (offered == 0) violations.push_back("write of nothing");
  int64_t result = 0;
  if (const int error = failing(IoCall::kSubmit, op.fd); error != 0) {
    result = -error;
  } else if (file->kind == FdKind::kFile) {
    const uint64_t taken = file->busy ? 0 : std::min<uint64_t>(file->disk_left, offered);
    file->disk_left -= taken;
    result = file->busy ? -EAGAIN : taken > 0 ? static_cast<int64_t>(taken) : -ENOSPC;
  } else {
    result = write_stream(*file, offered);
  }
  ++counts.writes;
  ++file->writes;
  if (result > 0 && file->peer_gone && file->kind == FdKind::kSocket && !file->rst) {
    // The answer to bytes for nobody.
    file->rst = true;
    ++counts.resets;
    arm(op.fd);
  }
  const size_t taken = result > 0 ? static_cast<size_t>(result) : 0;
  file->last_short = taken < offered;
  if (result == -EAGAIN) ++counts.eagains;
  if (taken > 0 && taken < offered) ++counts.short_writes;
  if (taken < offered && file->kind != FdKind::kFile) {
    refuse(op.fd);
  }
  file->accepted += taken;
  for (size_t i = 0, left = record ? taken : 0; left > 0; ++i) {
    const auto* bytes = static_cast<const uint8_t*>(op.iov[i].iov_base);
    const size_t piece = std::min(left, op.iov[i].iov_len);
    file->recorded.insert(file->recorded.end(), bytes, bytes + piece);
    left -= piece;
  }
  if (on_write) on_write(op.fd, {op.iov, static_cast<size_t>(op.iov_count)}, result);
  return result;
}

void FakeIo::submit(std::span<SendOp> ops) {
  ++counts.submits;
  for (SendOp& op : ops) op.result = write(op);
}

int64_t FakeIo::read(int fd, FdKind, std::span<uint8_t> into) {
  FakeFd* file = use(fd, "read");
  if (file == nullptr) return -EBADF;
  ++counts.reads;
  if (const int error = failing(IoCall::kRead, fd); error != 0) return -error;
  if (file->rst && !std::exchange(file->rst_told, true)) return -ECONNRESET;
  if (file->input > 0) {
    const size_t got = std::min(file->input, into.size());
    file->input -= got;
    const size_t said = file->said.copy(reinterpret_cast<char*>(into.data()), got);
    file->said.erase(0, said);
    if (on_read) on_read(fd, got);
    return static_cast<int64_t>(got);
  }
  return file->peer_fin || file->rst ? 0 : -EAGAIN;
}

int64_t FakeIo::queued(int fd, FdKind kind) {
  const FakeFd* file = use(fd, "queued");
  if (failing(IoCall::kQueued, fd) != 0) return -1;
  return file != nullptr && kind == FdKind::kSocket ? static_cast<int64_t>(file->queued) : -1;
}

void FakeIo::shutdown_write(int fd) {
  FakeFd* file = use(fd, "shutdown_write");
  if (file == nullptr) return;
  if (file->our_fin) violations.push_back("second FIN");
  if (file->kind != FdKind::kSocket) violations.push_back("shutdown of what is no socket");
  if (failing(IoCall::kShutdown, fd) != 0) return;
  file->our_fin = true;
}

void FakeIo::close(int fd, bool reset) {
  FakeFd* file = use(fd, "close");
  if (file == nullptr) return;
  if (reset && file->kind != FdKind::kSocket) violations.push_back("reset of what is no socket");
  // Our descriptor is a duplicate: epoll would go on reporting the connection as long as another one is open.
  if (file->watched && !closing_down) violations.push_back("close of a descriptor that is still watched");
  file->open = file->watched = false;
  std::string().swap(file->said);
  file->was_reset = reset;
  ++counts.closes;
  ledger_.open_fds.fetch_sub(1);
  if (on_close) on_close(fd);
}

IoEvent FakeIo::event_of(const FakeFd& file) const {
  IoEvent event;
  event.token = file.token;
  event.writable = file.writable();
  if (file.kind == FdKind::kPipe) {
    event.failed = file.peer_gone;
    return event;
  }
  event.readable = file.input > 0 || file.peer_fin || file.rst;
  event.peer_closed = file.peer_fin || file.rst;
  event.failed = file.rst && !file.rst_told;
  return event;
}

std::span<const IoEvent> FakeIo::wait(Nanos, Nanos) {
  events_.clear();
  if (failing(IoCall::kWait, -1) != 0) return {};
  while (!ready_.empty() && events_.size() < events_per_wait) {
    const int fd = ready_.front();
    FakeFd& file = at(fd);
    ready_.pop_front();
    file.armed = false;
    if (!file.open || !file.watched) continue;
    const IoEvent event = event_of(file);
    // Asking makes the kernel tell when space comes back (tcp_poll sets SOCK_NOSPACE).
    if (!event.writable) refuse(fd);
    if (event.readable || event.writable || event.peer_closed || event.failed) events_.push_back(event);
  }
  return events_;
}

}  // namespace flumen::test
