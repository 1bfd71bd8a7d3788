#include "test/churn_stream.h"

#include <algorithm>
#include <cstring>

#include "test/rig.h"

namespace flumen::test {

namespace {

constexpr size_t kBiggest = 200'000;
constexpr size_t kShifts = 16'384;

const std::string& noise() {
  static const std::string bytes = pattern(kBiggest + kShifts, 99);
  return bytes;
}

// The bytes behind a record's head: a window of the noise that is its own.
std::string_view payload_of(const ChurnRecord& record) {
  const uint64_t place = (record.number * 977 + record.epoch * 131 + record.magic) % kShifts;
  return std::string_view(noise()).substr(place, record.size - sizeof record);
}

std::string text_of(const ChurnRecord& record) {
  std::string bytes(sizeof record, '\0');
  std::memcpy(bytes.data(), &record, sizeof record);
  return bytes.append(payload_of(record));
}

size_t payload_size(Choices& choices) {
  const uint64_t kind = choices.below(200);
  if (kind == 0) return choices.between(20'000, kBiggest);
  if (kind < 8) return choices.between(2'000, 12'000);
  return choices.below(1200);
}

}  // namespace

std::vector<std::string> ChurnStream::next_headers() {
  ++epoch_;
  headers_.clear();
  const auto parts = static_cast<uint16_t>(choices_.one_in(6) ? 0 : choices_.between(1, 3));
  for (uint16_t i = 0; i < parts; ++i) {
    const size_t most = choices_.one_in(12) ? 40'000 : 400;
    ChurnRecord record{ChurnRecord::kHeader, 0, i, epoch_, parts, 0};
    record.size = static_cast<uint32_t>(sizeof record + choices_.below(most));
    headers_.push_back(text_of(record));
  }
  return headers_;
}

ChurnStream::Push ChurnStream::next_frame() {
  ChurnRecord record;
  record.number = frames_++;
  record.epoch = epoch_;
  record.parts = static_cast<uint16_t>(headers_.size());
  record.key = choices_.one_in(12) ? 1 : 0;
  record.size = static_cast<uint32_t>(sizeof record + payload_size(choices_));
  Push push{text_of(record), {}};
  if (record.key == 0) push.info.flags = FrameFlags::kDelta;
  return push;
}

std::string ChurnStream::in_band_copy() {
  return headers_.empty() ? "" : headers_[choices_.below(headers_.size())];
}

std::string ChurnCheck::take(std::string_view bytes) {
  while (!bytes.empty()) {
    // Whole records are looked at where they lie; only what a cut left is put together.
    if (!pending_.empty()) {
      size_t wanted = sizeof(ChurnRecord);
      if (pending_.size() >= wanted) {
        ChurnRecord record;
        std::memcpy(&record, pending_.data(), sizeof record);
        wanted = record.size;
      }
      const size_t more = std::min(wanted - pending_.size(), bytes.size());
      pending_.append(bytes.substr(0, more));
      bytes.remove_prefix(more);
      if (pending_.size() < wanted) return "";
    } else if (bytes.size() < sizeof(ChurnRecord)) {
      pending_ = bytes;
      return "";
    }
    const bool from_pending = !pending_.empty();
    const std::string_view at = from_pending ? std::string_view(pending_) : bytes;
    ChurnRecord record;
    std::memcpy(&record, at.data(), sizeof record);
    const bool known = record.magic == ChurnRecord::kFrame || record.magic == ChurnRecord::kHeader;
    if (!known || record.size < sizeof record || record.size > sizeof record + kBiggest) return "no record";
    if (at.size() < record.size) {
      if (from_pending) continue;
      pending_ = at;
      return "";
    }
    if (std::string wrong = take_record(record, at.substr(0, record.size)); !wrong.empty()) return wrong;
    if (from_pending) {
      pending_.clear();
    } else {
      bytes.remove_prefix(record.size);
    }
  }
  return "";
}

std::string ChurnCheck::take_record(const ChurnRecord& record, std::string_view whole) {
  if (whole.substr(sizeof record) != payload_of(record))
    return "wrong bytes in record " + std::to_string(record.number);
  return record.magic == ChurnRecord::kFrame ? take_frame(record) : take_header(record);
}

std::string ChurnCheck::take_header(const ChurnRecord& record) {
  if (record.epoch <= told_) return "headers of state " + std::to_string(record.epoch) + " twice, or late";
  if (record.number != entries_ || (entries_ > 0 && record.epoch != partly_)) return "headers out of order";
  partly_ = record.epoch;
  if (++entries_ < record.parts) return "";
  told_ = record.epoch;
  entries_ = 0;
  ++header_sets;
  return "";
}

std::string ChurnCheck::take_frame(const ChurnRecord& record) {
  const std::string name = "frame " + std::to_string(record.number);
  if (entries_ > 0) return name + " between headers";
  if (record.epoch < epoch_ || told_ > record.epoch) return name + " of an old state";
  // Without resend it keeps what it once had.
  const bool told = rules_.resend ? told_ == record.epoch : told_ != 0;
  if (record.parts > 0 && !told) return name + " without its headers";
  if (frames == 0 && rules_.starts_on_key && record.key == 0) return "starts with " + name + ", no key frame";
  if (frames > 0 && record.number != last + 1) {
    if (record.number <= last || rules_.recover == RecoverPolicy::kNone)
      return name + " after " + std::to_string(last);
    if (rules_.recover == RecoverPolicy::kKeyframe && record.key == 0)
      return "resumes with " + name + ", no key frame";
    ++jumps;
  }
  epoch_ = record.epoch;
  last = record.number;
  ++frames;
  return "";
}

}  // namespace flumen::test
