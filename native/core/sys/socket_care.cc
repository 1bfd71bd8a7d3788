#include "core/sys/socket_care.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace flumen {

namespace {

bool set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// A socket of family AF_INET6 may carry IPv4 (mapped addresses): it has both fields.
void mark(int fd, int family, int32_t dscp) {
  set(fd, IPPROTO_IP, IP_TOS, dscp << 2);
  if (family == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_TCLASS, dscp << 2);
}

int family_of(int fd) {
  int family = 0;
  socklen_t size = sizeof family;
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

}  // namespace

void apply(const SocketCare& care, int fd) {
  if (care.send_buffer > 0) set(fd, SOL_SOCKET, SO_SNDBUF, static_cast<int>(care.send_buffer));
  const int family = family_of(fd);
  if (family != AF_INET && family != AF_INET6) return;
  set(fd, IPPROTO_TCP, TCP_NODELAY, care.no_delay ? 1 : 0);
  set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(care.notsent_lowat));
  if (care.dscp >= 0) mark(fd, family, care.dscp);
  if (care.keep_alive > 0) {
    const auto seconds = static_cast<int>(std::max<Nanos>(1, care.keep_alive / kSecond));
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
  }
  if (care.user_timeout > 0) {
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(care.user_timeout / kMillisecond));
  }
}

}  // namespace flumen
