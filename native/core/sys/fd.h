// Descriptors: what kind one is, and taking a copy that we own. Any thread.
#pragma once

#include <cstdint>

#include "core/base/ledger.h"
#include "core/base/result.h"

namespace flumen {

/// How bytes are written to a descriptor. kFile stands for everything epoll refuses (files, ttys, devices).
enum class FdKind : uint8_t { kSocket, kPipe, kFile };

enum class FdUse : uint8_t { kRead, kWrite };

/// What `fd` is. EBADF: not open, or not open for `use`; EISDIR: a directory; ENOTCONN: a socket without a
/// peer.
Result<FdKind> fd_kind(int fd, FdUse use);

/// Duplicates `fd` close-on-exec (POSIX F_DUPFD_CLOEXEC); the result is ours to close, exactly once, by
/// close_fd. Status flags, which both descriptors share, are not touched. EMFILE when the process has no
/// descriptor left.
Result<int> dup_fd(int fd, Ledger& ledger);

/// Closes a descriptor that dup_fd made. `reset` aborts a TCP connection (SO_LINGER 0), freeing its buffers
/// at once.
void close_fd(int fd, bool reset, Ledger& ledger);

}  // namespace flumen
