// Which in-band frames are copies of the stream headers, the slow way: by strings put together and compared.
#pragma once

#include <vector>

#include "test/model.h"

namespace flumen::test {

class ModelFilter {
 public:
  struct Pushed {
    const uint8_t* data = nullptr;
    uint32_t size = 0;
    FrameInfo info;
  };

  /// What comes out, now that `frame` was pushed under `headers`. All that is pushed between two flushes is
  /// pushed under the same.
  std::vector<Pushed> pass(const Pushed& frame, const ModelState* headers);
  /// No more will come under these headers.
  std::vector<Pushed> flush(const ModelState* headers);

 private:
  std::vector<Pushed> decide(const ModelState* headers, bool more_may_come);

  std::vector<Pushed> undecided_;
};

}  // namespace flumen::test
