#include "test/churn_crowd.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "core/base/check.h"
#include "core/sys/clock.h"

namespace flumen::test {

namespace {

constexpr Nanos kTick = 20 * kMillisecond;
constexpr size_t kBuffer = 64 * kKiB;

}  // namespace

ChurnCrowd::ChurnCrowd(uint64_t seed) : choices_(seed), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  FLUMEN_CHECK(epoll_ >= 0);
  thread_ = std::thread([this] { run(); });
}

ChurnCrowd::~ChurnCrowd() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  thread_.join();
  close(epoll_);
}

void ChurnCrowd::join(std::unique_ptr<ChurnPeer> peer) {
  const std::lock_guard lock(mutex_);
  joining_.push_back(std::move(peer));
}

void ChurnCrowd::hurry() {
  const std::lock_guard lock(mutex_);
  hurrying_ = true;
}

std::map<uint32_t, ChurnOutcome> ChurnCrowd::take_outcomes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcomes_, {});
}

void ChurnCrowd::run() {
  std::array<epoll_event, 256> events;
  for (Nanos next_look = 0;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
      hurries_ = hurrying_;
    }
    const Nanos now = monotonic_now();
    if (now >= next_look) {
      let_in();
      look_at_all(now);
      next_look = now + kTick;
    }
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10);
    for (int i = 0; i < count; ++i) {
      const auto found = places_.find(events[static_cast<size_t>(i)].data.u32);
      if (found != places_.end()) read_some(found->second, kBuffer);
    }
  }
  while (!places_.empty()) finish(places_.begin()->first, ChurnOutcome::End::kHungUp);
}

void ChurnCrowd::let_in() {
  std::vector<std::unique_ptr<ChurnPeer>> fresh;
  {
    const std::lock_guard lock(mutex_);
    fresh.swap(joining_);
  }
  const Nanos now = monotonic_now();
  for (auto& peer : fresh) {
    const uint32_t id = peer->id();
    Place& place = places_[id];
    fcntl(peer->fd(), F_SETFL, O_NONBLOCK);
    place.peer = std::move(peer);
    place.leaves_at =
        now + static_cast<Nanos>(choices_.between(50, choices_.one_in(4) ? 2'000 : 40'000)) * kMillisecond;
    change_mode(place, now);
  }
}

void ChurnCrowd::look_at_all(Nanos now) {
  for (auto at = places_.begin(); at != places_.end();) {
    Place& place = (at++)->second;  // it may go
    if (hurries_) {
      if (place.mode != Mode::kReads) watch(place, true);
      place.mode = Mode::kReads;
      // A reset may get lost, for it is sent once. Who says something is told again.
      if (place.mode_until <= now) {
        speak(place);
        place.mode_until = now + kSecond;
      }
      continue;
    }
    if (place.leaves_at <= now && leave(place)) continue;
    if (place.mode_until <= now) change_mode(place, now);
    if (place.mode == Mode::kSips) read_some(place, place.sip);
  }
}

void ChurnCrowd::change_mode(Place& place, Nanos now) {
  const uint64_t what = choices_.below(20);
  place.mode = what < 14 ? Mode::kReads : what < 17 ? Mode::kSips : Mode::kStalls;
  const uint64_t most = place.mode == Mode::kStalls && choices_.one_in(3) ? 8'000 : 1'500;
  place.mode_until = now + static_cast<Nanos>(choices_.between(20, most)) * kMillisecond;
  place.sip = choices_.between(1, choices_.one_in(2) ? 100 : 3'000);
  watch(place, place.mode == Mode::kReads);
  if (choices_.one_in(2)) speak(place);
}

// Nobody listens to most of it. When it does not fit it is not said: a frame said by half would be nonsense.
void ChurnCrowd::speak(Place& place) {
  ChurnPeer& peer = *place.peer;
  std::string text;
  if (peer.framing() == Framing::kWebsocket) {
    text = peer.ping();
  } else {
    text.assign(choices_.below(2000), 'x');
  }
  say(peer, text);
}

// False when not all of it is out. A reset is told once: who hears of it here will read an end like any
// other.
bool ChurnCrowd::say(ChurnPeer& peer, const std::string& text) {
  const ssize_t sent = send(peer.fd(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && (errno == ECONNRESET || errno == EPIPE)) peer.heard_reset();
  return sent == static_cast<ssize_t>(text.size());
}

// True when it is gone; who only says goodbye reads to the end.
bool ChurnCrowd::leave(Place& place) {
  place.leaves_at = kNever;
  const int fd = place.peer->fd();
  switch (choices_.below(6)) {
    case 0:
      if (place.peer->framing() == Framing::kWebsocket && say(*place.peer, place.peer->goodbye()))
        place.peer->said_goodbye();
      return false;
    case 1:
    case 2:
      shutdown(fd, SHUT_WR);
      return false;
    case 3: {
      const linger now{1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      break;
    }
    default:
      break;
  }
  finish(place.peer->id(), ChurnOutcome::End::kHungUp);
  return true;
}

void ChurnCrowd::watch(Place& place, bool wanted) {
  if (place.watched == wanted) return;
  place.watched = wanted;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = place.peer->id();
  FLUMEN_CHECK(epoll_ctl(epoll_, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, place.peer->fd(), &event) == 0);
}

// False when it is gone.
bool ChurnCrowd::read_some(Place& place, size_t most) {
  std::array<char, kBuffer> buffer;
  const ssize_t got = read(place.peer->fd(), buffer.data(), most);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got > 0) bytes_read_ += static_cast<uint64_t>(got);
  if (got > 0) place.peer->take({buffer.data(), static_cast<size_t>(got)});
  if (got > 0 && place.peer->good()) return true;
  const auto end = got > 0    ? ChurnOutcome::End::kHungUp
                   : got == 0 ? ChurnOutcome::End::kEof
                              : ChurnOutcome::End::kReset;
  finish(place.peer->id(), end);
  return false;
}

void ChurnCrowd::finish(uint32_t id, ChurnOutcome::End end) {
  Place& place = places_.at(id);
  const ChurnOutcome outcome = place.peer->outcome(end);
  close(place.peer->fd());
  places_.erase(id);
  const std::lock_guard lock(mutex_);
  outcomes_[id] = outcome;
}

}  // namespace flumen::test
