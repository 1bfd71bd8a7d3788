// Elements of EBML (RFC 8794): what their heads say, and what lies in those that are there whole. Any thread.
#pragma once

#include "core/container/parser.h"

namespace flumen::container {

struct EbmlElement {
  uint32_t id = 0;       // with its length marker, as it is written
  size_t head = 0;       // bytes of id and size
  uint64_t size = 0;     // of what follows
  bool endless = false;  // of unknown size: it lasts as long as nothing comes that cannot lie in it
};

/// What stands at the front. `need`: how many bytes must be there to tell, 0 when they are; `valid`: it is an
/// element.
struct EbmlLook {
  size_t need = 0;
  bool valid = false;
  EbmlElement element;
};
EbmlLook look_for_ebml(Bytes bytes);

/// The elements in another one, in order.
class EbmlChildren {
 public:
  explicit EbmlChildren(Bytes bytes) : rest_(bytes) {}

  /// False: there are no more that are whole.
  bool next();
  uint32_t id() const { return id_; }
  Bytes payload() const { return payload_; }
  /// The payload as a number; of more than eight bytes the last.
  uint64_t number() const;

 private:
  Bytes rest_;
  uint32_t id_ = 0;
  Bytes payload_;
};

/// A number in the form of an element's size at the front, and how many bytes it has: 0 when it is not there.
struct EbmlNumber {
  uint64_t value = 0;
  size_t bytes = 0;
};
EbmlNumber read_ebml_number(Bytes bytes);

}  // namespace flumen::container
