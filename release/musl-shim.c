// The functions of glibc that Debian's libstdc++ and libgcc_s call and that musl lacks. Bun for musl needs libstdc++,
// and Debian has it only for glibc. The file serves only to try a prebuilt addon with Bun on Debian.
#define _GNU_SOURCE
#include <locale.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded;
unsigned __cpu_model[4];

int __cpu_indicator_init(void) { return 0; }
int _dl_find_object(void* address, void* result) { return -1; }
int __cxa_thread_atexit_impl(void (*function)(void*), void* object, void* library) { return 0; }

unsigned arc4random(void) {
  unsigned number = 0;
  return getrandom(&number, sizeof number, 0) == sizeof number ? number : 4;
}

size_t __strftime_l(char* text, size_t room, const char* format, const struct tm* when, locale_t locale) {
  return strftime_l(text, room, format, when, locale);
}
