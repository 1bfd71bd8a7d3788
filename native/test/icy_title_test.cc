// Titles as ICY metadata blocks.
#include <doctest/doctest.h>

#include "core/timeline/icy_title.h"

using namespace flumen;

namespace {

// What a player makes of a block: everything up to the first `';`.
std::string played(const std::string& block) {
  CHECK(block.size() == 1 + 16 * static_cast<unsigned char>(block[0]));
  const std::string before = "StreamTitle='";
  CHECK(block.substr(1, before.size()) == before);
  return block.substr(1 + before.size(), block.find("';") - before.size() - 1);
}

}  // namespace

TEST_CASE("ICY title: a length byte, sixteen bytes a unit, NULs behind") {
  CHECK(icy_title_block("") == std::string("\x01StreamTitle='';\0", 17));
  CHECK(icy_title_block("x") == "\x01StreamTitle='x';");
  CHECK(icy_title_block("xy") == "\x02StreamTitle='xy';" + std::string(15, '\0'));
}

TEST_CASE("ICY title: apostrophes stand, and no title ends the field early") {
  CHECK(played(icy_title_block("A - T's")) == "A - T's");
  CHECK(played(icy_title_block("Rock 'n'")) == "Rock 'n'");
  CHECK(played(icy_title_block("x';StreamUrl='http://x/")) == "x' ;StreamUrl='http://x/");
  CHECK(played(icy_title_block(std::string("a\0b\r\nc\x7f", 7))) == "a b  c ");
}

TEST_CASE("ICY title: what is too long is cut at a character's border") {
  const std::string most(4065, 'x');
  CHECK(icy_title_block(most).size() == 4081);
  CHECK(played(icy_title_block(most)) == most);
  CHECK(played(icy_title_block(most + "y")) == most);
  // The last of them would end one byte too late: it goes as a whole.
  std::string euros;
  while (euros.size() < 4065 + 3) euros += "\xe2\x82\xac";
  CHECK(played(icy_title_block(euros)) == euros.substr(0, 4065));
  CHECK(played(icy_title_block("x" + euros)) == ("x" + euros).substr(0, 4063));
  CHECK(played(icy_title_block("xy" + euros)) == ("xy" + euros).substr(0, 4064));
}
