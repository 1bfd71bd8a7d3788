// Matroska and WebM (RFC 9559). Headers are all there is before the first cluster. A unit is a block; the
// first one of a cluster has the cluster's head with it, and is a start when its pictures can be begun with.
// Sizes of segments and clusters are not believed, and need not be: what lies in a cluster and what lies
// beside one have names of their own.
#pragma once

#include "core/container/clock.h"
#include "core/container/matroska_tracks.h"

namespace flumen::container {

class Matroska final : public Parser {
 public:
  Step next(Bytes bytes) override;
  Step last(Bytes bytes) override;
  std::string caps() const override { return content_type(); }
  std::string content_type() const override;

 private:
  Step group(Bytes bytes);
  Step end_group(Bytes bytes);
  std::string endless(Bytes headers) const;
  Step drop_group(const char* why);
  Step cluster(Bytes bytes);
  Step end_cluster(size_t size, const MatroskaBlock* block);
  Step element(Bytes bytes, const EbmlElement& element);
  Step pass(Bytes bytes);
  Step lost(Bytes bytes, const char* why);
  FrameInfo info_of(const MatroskaBlock& block);

  MatroskaTracks tracks_;
  Clock clock_;
  bool timed_ = false;  // the cluster has said its time
  uint64_t cluster_time_ = 0;
  bool lost_ = false;     // only headers or a cluster can be where it goes on
  uint64_t passing_ = 0;  // bytes of an element that nobody has to have whole
  // Of headers or the beginning of a cluster that are being read: how far, and what the headers have said.
  enum class Reading : uint8_t { kNothing, kHeaders, kCluster };
  Reading reading_ = Reading::kNothing;
  size_t scanned_ = 0;
  EbmlElement segment_;  // none yet: id 0
  size_t segment_at_ = 0;
  MatroskaTracks told_;
};

}  // namespace flumen::container
