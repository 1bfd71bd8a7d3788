#include "test/live.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "test/rig.h"

namespace flumen::test {

LiveEnv::LiveEnv(size_t loops) { FLUMEN_CHECK(pool.start(loops).ok()); }

LiveSink& LiveEnv::open_sink(const SinkOptions& options) {
  const uint32_t id = next_id_++;
  sinks[id] = std::make_shared<LiveSink>(id, options, pool, ledger);
  return *sinks[id];
}

uint32_t LiveEnv::attach(LiveSink& sink, int fd, Feed feed) {
  const uint32_t id = next_id_++;
  Result<FdKind> kind = fd_kind(fd, FdUse::kRead);
  Result<int> copy = dup_fd(fd, ledger);
  FLUMEN_CHECK(kind.ok() && copy.ok());
  Loop* loop = kind.value() == FdKind::kFile ? pool.file_loop().value() : &pool.next_loop();
  sources_[id] = {new FdSource(id, sinks.at(sink.id()), ledger, 0), loop};
  feed.fd = copy.value();
  feed.kind = kind.value();
  sink.attach(sources_[id].first, *loop, std::make_unique<Feed>(std::move(feed)));
  return id;
}

void LiveEnv::close_source(uint32_t id) {
  Command command;
  command.kind = Command::Kind::kDropSource;
  command.source = sources_.at(id).first;
  sources_.at(id).second->post(std::move(command));
  sources_.erase(id);
}

void LiveEnv::ring() {
  const std::lock_guard lock(mutex_);
  pending_ = true;
  rung_.notify_one();
}

bool LiveEnv::drain() {
  {
    std::unique_lock lock(mutex_);
    if (!rung_.wait_for(lock, std::chrono::seconds(10), [&] { return pending_; })) return false;
    pending_ = false;
  }
  outbox.answer();
  InputNotice input;
  Notice notice;
  for (;;) {
    if (outbox.take_input(input)) {
      heard[keys.at(input.client)].append(reinterpret_cast<const char*>(input.bytes.data()),
                                          input.bytes.size);
      sinks.at(input.client->sink_id)->drained_input(input.client, input.bytes.size);
    } else if (Client* client = outbox.take_client()) {
      left[keys.at(client)] = client->reason;
      if (client->reason == Reason::kError)
        errors[keys.at(client)] = {client->error, client->error_operation};
      keys.erase(client);
      sinks.at(client->sink_id)->release(client);
    } else if (outbox.take_notice(notice)) {
      notices.push_back(std::move(notice));
      const Notice& told = notices.back();
      if (told.kind == Notice::Kind::kClientReport || told.kind == Notice::Kind::kClientSettled) {
        const auto sink = sinks.find(told.id);
        if (sink != sinks.end()) sink->second->settled(told.client);
        notices.pop_back();
        continue;
      }
      if (told.kind != Notice::Kind::kSinkFinished || !sinks.at(told.id)->shard_finished()) continue;
      ++sinks_finished;
      sinks.erase(told.id);
    } else {
      return true;
    }
  }
}

void LiveEnv::drain_until(const std::function<bool()>& done) {
  while (!done()) FLUMEN_CHECK(drain());
}

void LiveEnv::stop() {
  pool.stop();
  sinks.clear();
}

std::string numbered_frame(uint64_t seq) {
  static const std::string noise = pattern(70'000, 7);
  const uint64_t mixed = seq * 0x9E3779B97F4A7C15u;
  const auto size = static_cast<uint32_t>(mixed % 50 == 0 ? mixed / 64 % 60'000 : mixed / 64 % 900);
  std::string frame(12, '\0');
  std::memcpy(frame.data(), &seq, sizeof seq);
  std::memcpy(frame.data() + sizeof seq, &size, sizeof size);
  return frame + noise.substr(mixed / 4096 % 10'000, size);
}

std::string check_frames(const std::string& bytes, bool torn, uint64_t& first, uint64_t& next) {
  first = next = 0;
  for (size_t at = 0; at < bytes.size();) {
    if (at == 0) {
      if (bytes.size() < sizeof first) return torn ? "" : "less than a frame";
      std::memcpy(&first, bytes.data(), sizeof first);
      next = first;
    }
    const std::string expected = numbered_frame(next);
    const std::string found = bytes.substr(at, expected.size());
    if (found.size() < expected.size() && !torn) return "torn frame " + std::to_string(next);
    if (found != expected.substr(0, found.size())) return "wrong bytes in frame " + std::to_string(next);
    at += found.size();
    if (found.size() == expected.size()) ++next;
  }
  return "";
}

int Readers::add(int fd, int pause_us) {
  received_.push_back(std::make_unique<std::string>());
  std::string* into = received_.back().get();
  into->reserve(2 * kMiB);  // growing would copy it again and again, under a sanitizer into new pages
  threads_.emplace_back([fd, pause_us, into] {
    std::array<char, 16384> buffer;
    for (;;) {
      const ssize_t got = read(fd, buffer.data(), buffer.size());
      if (got <= 0) break;
      into->append(buffer.data(), static_cast<size_t>(got));
      if (pause_us > 0) usleep(static_cast<useconds_t>(pause_us));
    }
    close(fd);
  });
  return static_cast<int>(received_.size()) - 1;
}

void Readers::finish() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace flumen::test
