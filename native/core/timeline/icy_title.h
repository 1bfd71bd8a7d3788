// A title as players of ICY streams want it: the metadata block that SHOUTcast servers splice into the body.
#pragma once

#include <string>
#include <string_view>

namespace flumen {

/// One byte with the length of what follows in units of 16 bytes, then `StreamTitle='…';`, padded with NULs.
/// Titles are UTF-8. What does not fit (4,065 bytes) is cut at a character's border; control characters
/// become spaces. Apostrophes stand as they are, for players look for `';`: only that pair is kept apart.
std::string icy_title_block(std::string_view title);

}  // namespace flumen
