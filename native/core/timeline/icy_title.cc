#include "core/timeline/icy_title.h"

namespace flumen {

namespace {

constexpr std::string_view kBefore = "StreamTitle='";
constexpr std::string_view kBehind = "';";
constexpr size_t kUnit = 16;
constexpr size_t kTitleMax = 255 * kUnit - kBefore.size() - kBehind.size();

std::string clean(std::string_view title) {
  std::string text;
  for (const char byte : title) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == ';' && !text.empty() && text.back() == '\'') text += ' ';
    text += code < 0x20 || code == 0x7f ? ' ' : byte;
  }
  return text;
}

}  // namespace

std::string icy_title_block(std::string_view title) {
  std::string text = clean(title);
  if (text.size() > kTitleMax) {
    size_t cut = kTitleMax;
    // Bytes that begin with the bits 10 go on with a character.
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
    text.resize(cut);
  }
  const size_t size = kBefore.size() + text.size() + kBehind.size();
  const size_t units = (size + kUnit - 1) / kUnit;
  std::string block(1, static_cast<char>(units));
  block.append(kBefore).append(text).append(kBehind);
  block.resize(1 + units * kUnit, '\0');
  return block;
}

}  // namespace flumen
