// Defines the few functions of libstdc++ that the addon calls, so that the addon needs only a C library at run time.
//
// One binary thus loads beside every version of libstdc++ and without it, on glibc and on musl. All other C++ code that
// the addon uses consists of templates in headers. These templates call the functions below when memory is short or an
// index is out of range. Because the addon is compiled without exceptions, these functions abort the process, as those
// of libstdc++ would.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <new>

namespace {

[[noreturn]] void GiveUp(const char* why) {
  constexpr char kPrefix[] = "linux-mount: ";
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, kPrefix, sizeof kPrefix - 1);
  written = write(STDERR_FILENO, why, strlen(why));
  written = write(STDERR_FILENO, "\n", 1);
  abort();
}

void* Allocate(size_t size) {
  void* memory = malloc(size == 0 ? 1 : size);
  if (memory == nullptr) GiveUp("out of memory");
  return memory;
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete[](void* memory, size_t) noexcept { free(memory); }

extern "C" [[noreturn]] void __cxa_pure_virtual() { GiveUp("pure virtual call"); }

namespace std {

[[noreturn]] void __throw_bad_alloc() { GiveUp("out of memory"); }
[[noreturn]] void __throw_bad_array_new_length() { GiveUp("array too long"); }
[[noreturn]] void __throw_length_error(const char* what) { GiveUp(what); }
[[noreturn]] void __throw_logic_error(const char* what) { GiveUp(what); }
[[noreturn]] void __throw_out_of_range_fmt(const char* what, ...) { GiveUp(what); }

}  // namespace std
