// What a descriptor is, for everything there is.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "core/sys/fd.h"

using namespace flumen;

namespace {

struct Open {
  int fd;
  explicit Open(int opened) : fd(opened) { REQUIRE(fd >= 0); }
  ~Open() { close(fd); }
};

void check_kind(int fd, FdUse use, FdKind kind) {
  Result<FdKind> found = fd_kind(fd, use);
  REQUIRE_MESSAGE(found.ok(), found.error().operation);
  CHECK(found.value() == kind);
}

void check_refused(int fd, FdUse use, int code) {
  Result<FdKind> found = fd_kind(fd, use);
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().code == code);
  CHECK(std::string(found.error().operation).size() > 0);
}

std::string temporary_file() {
  char path[] = "/tmp/flumen-fd-XXXXXX";
  const Open file(mkstemp(path));
  return path;
}

}  // namespace

TEST_CASE("fd_kind: sockets that are connected streams, and no others") {
  int pair[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  const Open one(pair[0]), two(pair[1]);
  check_kind(one.fd, FdUse::kWrite, FdKind::kSocket);
  check_kind(one.fd, FdUse::kRead, FdKind::kSocket);

  const Open tcp(socket(AF_INET, SOCK_STREAM, 0));
  check_refused(tcp.fd, FdUse::kWrite, ENOTCONN);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(bind(tcp.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(tcp.fd, 1) == 0);
  check_refused(tcp.fd, FdUse::kWrite, ENOTCONN);

  const Open udp(socket(AF_INET, SOCK_DGRAM, 0));
  check_refused(udp.fd, FdUse::kWrite, EPROTOTYPE);
}

TEST_CASE("fd_kind: each end of a pipe for its own use only") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const Open reader(ends[0]), writer(ends[1]);
  check_kind(writer.fd, FdUse::kWrite, FdKind::kPipe);
  check_kind(reader.fd, FdUse::kRead, FdKind::kPipe);
  check_refused(reader.fd, FdUse::kWrite, EBADF);
  check_refused(writer.fd, FdUse::kRead, EBADF);
}

TEST_CASE("fd_kind: files by their open mode, devices, terminals") {
  const std::string path = temporary_file();
  {
    const Open both(open(path.c_str(), O_RDWR)), reading(open(path.c_str(), O_RDONLY)),
        path_only(open(path.c_str(), O_PATH)), append(open(path.c_str(), O_WRONLY | O_APPEND));
    check_kind(both.fd, FdUse::kWrite, FdKind::kFile);
    check_kind(both.fd, FdUse::kRead, FdKind::kFile);
    check_kind(append.fd, FdUse::kWrite, FdKind::kFile);
    check_kind(reading.fd, FdUse::kRead, FdKind::kFile);
    check_refused(reading.fd, FdUse::kWrite, EBADF);
    check_refused(path_only.fd, FdUse::kWrite, EBADF);
    check_refused(path_only.fd, FdUse::kRead, EBADF);
  }
  unlink(path.c_str());
  const Open null(open("/dev/null", O_WRONLY));
  check_kind(null.fd, FdUse::kWrite, FdKind::kFile);
  const Open counter(eventfd(0, EFD_CLOEXEC));
  check_kind(counter.fd, FdUse::kWrite, FdKind::kFile);
  int master = -1, slave = -1;
  if (openpty(&master, &slave, nullptr, nullptr, nullptr) == 0) {
    const Open a(master), b(slave);
    check_kind(b.fd, FdUse::kWrite, FdKind::kFile);
  }
}

TEST_CASE("fd_kind: directories, closed numbers and no numbers at all") {
  const Open folder(open("/", O_RDONLY | O_DIRECTORY));
  check_refused(folder.fd, FdUse::kWrite, EISDIR);
  check_refused(folder.fd, FdUse::kRead, EISDIR);
  const int closed = dup(folder.fd);
  close(closed);
  check_refused(closed, FdUse::kWrite, EBADF);
  check_refused(-1, FdUse::kWrite, EBADF);
  check_refused(1 << 30, FdUse::kRead, EBADF);
}

TEST_CASE("dup_fd and close_fd: close-on-exec, counted, status flags untouched") {
  Ledger ledger;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const Open reader(ends[0]);
  const int flags = fcntl(ends[1], F_GETFL);
  Result<int> copy = dup_fd(ends[1], ledger);
  REQUIRE(copy.ok());
  CHECK(copy.value() > 2);
  CHECK((fcntl(copy.value(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(fcntl(ends[1], F_GETFL) == flags);
  CHECK(ledger.open_fds == 1);
  close(ends[1]);
  CHECK(write(copy.value(), "x", 1) == 1);
  close_fd(copy.value(), false, ledger);
  CHECK(ledger.open_fds == 0);
  char byte = 0;
  CHECK(read(reader.fd, &byte, 1) == 1);
  CHECK(read(reader.fd, &byte, 1) == 0);
  const Result<int> none = dup_fd(-1, ledger);
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == EBADF);
  CHECK(ledger.open_fds == 0);
}
