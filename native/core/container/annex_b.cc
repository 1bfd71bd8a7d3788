#include "core/container/annex_b.h"

#include <algorithm>

#include "core/container/bits.h"

namespace flumen::container {

namespace {

/// A longer access unit is passed on in pieces.
constexpr size_t kMostAccessUnit = 4 * kMiB;
/// What is kept of parameter sets, all together, and looked at in one access unit.
constexpr size_t kMostParameters = 256 * kKiB;
constexpr size_t kMostSets = 512;

}  // namespace

Step AnnexB::next(Bytes bytes) {
  if (bytes.size() < kNalLookedAt) return Step::need(kNalLookedAt);
  if (!synced_) {
    const bool begins = be24(bytes.data()) == 1 || be32(bytes.data()) == 1;
    if (!begins) return lost(bytes);
    synced_ = true;
  }
  while (const auto at = find_start_code(bytes, scanned_)) {
    if (*at >= kMostAccessUnit) break;
    if (*at + kNalLookedAt > bytes.size()) {
      scanned_ = *at;
      return Step::need(*at + kNalLookedAt);
    }
    // A zero before it is its own.
    const size_t begin = *at > 0 && bytes[*at - 1] == 0 ? *at - 1 : *at;
    const NalHead head = read_nal_head(codec_, bytes.subspan(*at));
    close(bytes, begin);
    if (begin > 0 && ends_unit(head)) return unit(bytes, begin);
    meet(head, *at + 3);
    scanned_ = *at + 3;
  }
  if (bytes.size() >= kMostAccessUnit + 3) {
    const Step step = unit(bytes, kMostAccessUnit);
    torn_ = true;
    picture_ = true;
    return step;
  }
  scanned_ = std::max(scanned_, bytes.size() - 2);
  return Step::need(bytes.size() + 1);
}

Step AnnexB::last(Bytes bytes) {
  if (!synced_ || bytes.size() < kNalLookedAt) return Parser::last(bytes);
  const Step step = next(bytes);
  if (step.kind != Step::Kind::kNeed) return step;
  close(bytes, bytes.size());
  return unit(bytes, bytes.size());
}

// What is none of a picture's and comes behind one belongs to the next.
bool AnnexB::ends_unit(const NalHead& head) const { return picture_ && (head.first || head.opens); }

void AnnexB::meet(const NalHead& head, size_t at) {
  if (head.parameters && head.valid) set_at_ = at;
  if (!head.picture) return;
  const bool configured = !found_.empty();
  if (head.entry || (head.intra && configured && !picture_)) key_ = !torn_;
  picture_ = true;
}

// The NAL unit that was met last ends there, with the zeros that fill it up.
void AnnexB::close(Bytes bytes, size_t end) {
  if (!set_at_) return;
  while (end > *set_at_ && bytes[end - 1] == 0) --end;
  if (end - *set_at_ >= 2 && found_.size() < kMostSets) found_.emplace_back(*set_at_, end);
  set_at_.reset();
}

// Whether it is news.
bool AnnexB::keep(Bytes nal) {
  const uint32_t slot = parameter_slot(codec_, nal);
  std::string text("\0\0\0\1", 4);
  text.append(reinterpret_cast<const char*>(nal.data()), nal.size());
  auto found = std::ranges::lower_bound(sets_, slot, {}, &ParameterSet::slot);
  const bool known = found != sets_.end() && found->slot == slot;
  if (known && found->nal == text) {
    found->inside = true;
    return false;
  }
  size_t all = text.size();
  for (const ParameterSet& set : sets_) all += set.nal.size();
  if (all > kMostParameters || (!known && sets_.size() >= kMostSets)) return false;
  if (!known) found = sets_.insert(found, ParameterSet{});
  *found = {slot, true, std::move(text)};
  return true;
}

Step AnnexB::unit(Bytes bytes, size_t size) {
  FrameInfo info;
  info.flags = key_ ? 0 : FrameFlags::kDelta;
  if (!found_.empty()) {
    bool changed = false;
    for (ParameterSet& set : sets_) set.inside = false;
    for (const auto& [from, to] : found_) changed = keep(bytes.subspan(from, to - from)) || changed;
    if (std::ranges::all_of(sets_, &ParameterSet::inside)) {
      info.flags |= FrameFlags::kHeadersInside;
    } else if (changed) {
      info.flags |= FrameFlags::kChangeInside;
    }
    if (changed) {
      std::vector<std::string> all;
      for (const ParameterSet& set : sets_) all.push_back(set.nal);
      headers_.set(std::move(all));
    }
  }
  scanned_ = 0;
  torn_ = false;
  picture_ = false;
  key_ = false;
  set_at_.reset();
  found_.clear();
  return Step::frame(size, info);
}

// To the next start code.
Step AnnexB::lost(Bytes bytes) {
  const auto at = find_start_code(bytes, 1);
  if (!at) return Step::broken(bytes.size() - 3, "no start code is here");
  return Step::broken(*at > 1 && bytes[*at - 1] == 0 ? *at - 1 : *at, "no start code is here");
}

std::string AnnexB::caps() const {
  return std::string(codec_ == NalCodec::kH264 ? "video/x-h264" : "video/x-h265") +
         ", stream-format=(string)byte-stream, alignment=(string)au";
}

}  // namespace flumen::container
