#pragma once

#include <cstdint>
#include <string_view>

// Parts of the text that the kernel writes under /proc. Not strtoul(3) and sscanf(3): whoever is compiled against a
// newer glibc gets other symbols for them (__isoc23_strtoul, 2.38), which older ones lack.
namespace fields {

// The next part of `rest` up to `separator`, which is taken off as well.
std::string_view Take(std::string_view* rest, char separator);

// The number that `text` begins with, after blanks; 0 where there is none.
uint64_t Number(std::string_view text, int base = 10);

// The same of the next part, which must be that number and nothing else, and have a separator behind it.
bool TakeNumber(std::string_view* rest, char separator, int base, uint64_t* number);

}  // namespace fields
