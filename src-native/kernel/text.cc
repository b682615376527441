#include "kernel/text.h"

#include <charconv>

namespace fields {

std::string_view Take(std::string_view* rest, char separator) {
  const size_t end = rest->find(separator);
  const std::string_view part = rest->substr(0, end);
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  return part;
}

uint64_t Number(std::string_view text, int base) {
  const size_t start = text.find_first_not_of(" \t");
  if (start != std::string_view::npos) text.remove_prefix(start);
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

bool TakeNumber(std::string_view* rest, char separator, int base, uint64_t* number) {
  const auto [end, error] = std::from_chars(rest->data(), rest->data() + rest->size(), *number, base);
  const auto length = static_cast<size_t>(end - rest->data());
  if (error != std::errc() || length == rest->size() || *end != separator) return false;
  rest->remove_prefix(length + 1);
  return true;
}

}  // namespace fields
