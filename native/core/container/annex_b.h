// H.264 and H.265 as a byte stream (annex B of both): a unit is an access unit, which is whole when the next
// one begins. Parameter sets stay where they lie, and are kept, besides, for whoever comes later.
#pragma once

#include "core/container/nal.h"

namespace flumen::container {

class AnnexB final : public Parser {
 public:
  explicit AnnexB(NalCodec codec) : codec_(codec) {}

  Step next(Bytes bytes) override;
  Step last(Bytes bytes) override;
  std::string caps() const override;
  std::string content_type() const override {
    return codec_ == NalCodec::kH264 ? "video/h264" : "video/h265";
  }

 private:
  struct ParameterSet {
    uint32_t slot = 0;
    bool inside = false;  // it is in the unit at the front
    std::string nal;      // with a start code
  };

  bool ends_unit(const NalHead& head) const;
  void meet(const NalHead& head, size_t at);
  void close(Bytes bytes, size_t end);
  bool keep(Bytes nal);
  Step unit(Bytes bytes, size_t size);
  Step lost(Bytes bytes);

  const NalCodec codec_;
  std::vector<ParameterSet> sets_;  // by slot
  bool synced_ = false;

  // Of the unit at the front:
  size_t scanned_ = 0;  // bytes that need not be looked at again
  bool torn_ = false;   // its beginning was passed on before
  bool picture_ = false;
  bool key_ = false;
  std::optional<size_t> set_at_;                  // a parameter set begins there, behind its start code
  std::vector<std::pair<size_t, size_t>> found_;  // parameter sets: from, to
};

}  // namespace flumen::container
