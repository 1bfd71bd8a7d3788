// The fault matrix: what flumen does with each error that a call to the system can give. The rows are what
// the tests play, one run for each errno, and what docs/faults.md shows. No state.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace flumen::test {

/// What is going on when the call fails (faults_live.cc), with real descriptors and loops.
enum class Scene : uint8_t {
  kSend,      // a frame, to a socket
  kSendmsg,   // one with framing between its pieces
  kPipe,      // a frame, to a pipe
  kOldPipe,   // … on a kernel that knows no RWF_NOWAIT there
  kPipePoll,  // … asking whether it takes anything
  kFile,
  kClientRecv,
  kSourceRecv,
  kPipeRead,
  kPipeReadPoll,
  kFileRead,
  kWatchClient,
  kWatchSource,
  kUnwatch,
  kWait,
  kWaitBroken,
  kFstat,
  kFlags,
  kDuplicate,
  kSocketType,
  kPeerName,
  kSocketFamily,
  kSocketOption,
  kQueued,
  kShutdown,
  kClose,
  kEpollCreate,
  kEventfd,
  kWatchWake,
  kThread,
  kThreadName,
  kThreadMask,
  kThreadPolicy,
  kRingSetup,
  kRingMap,
  kRingUnmap,
  kRingEnter,
  kRingLost,
  kMemory,
};

/// What becomes of whom it concerned. Nobody else notices anything, whatever it is.
enum class Outcome : uint8_t {
  kUnharmed,  // gets every byte and leaves as it would have
  kClosed,    // leaves with reason closed
  kError,     // leaves with reason error, the errno and the operation
  kRefused,   // is not let in: the call that brought it fails, and the next one works
  kNoLoops,   // the loops do not start; nothing is left behind, and the next attempt works
  kSource,    // the source stops with the errno and the operation; the sink goes on
  kStops,     // the process, with a message
};

struct FaultRow {
  const char* call;  // as the manual pages have it
  Scene scene;
  std::vector<int> errnos;
  Outcome outcome;
  const char* operation;  // that the user is told, where something is told
  const char* does;
  int told = 0;  // the errno the user is told, when it is not the call's
};

/// All rows, in the order of the table.
std::span<const FaultRow> fault_rows();
/// The table of docs/faults.md.
std::string fault_table();
const char* errno_name(int error);

/// What happened in a run: empty when it is what the row says. Each against the real kernel …
std::string play_live(const FaultRow& row, int error);
/// (one whose outcome is kNoLoops: the start of loops)
std::string play_start(const FaultRow& row, int error);
/// … and against the fake one, at every moment that a script of everything a shard does has. `runs` counts.
std::string play_fake(const FaultRow& row, int error, size_t& runs);

}  // namespace flumen::test
