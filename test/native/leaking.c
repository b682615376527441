// An addon that leaks on purpose, so that test/hunts/soak can check that it finds leaks, and that reports the memory in
// use.
//
//   bytesInUse()     the bytes in use in all arenas of malloc(3): mallinfo2(3). Null before glibc 2.33
//   loseBytes(bytes) leaks memory of malloc(3)
//   losePages(bytes) leaks memory outside of malloc(3), which only the resident set shows
//   loseThread()     starts a thread with the name of the library's threads that never ends
#define _GNU_SOURCE
#include <dlfcn.h>
#include <node_api.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Older C libraries do not declare this structure.
struct mallinfo2_words {
  size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

static char* volatile lost;

static napi_value bytes_in_use(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value number;
  napi_get_null(env, &number);
  struct mallinfo2_words (*mallinfo2)(void) = NULL;
  *(void**)&mallinfo2 = dlsym(RTLD_DEFAULT, "mallinfo2");
  if (mallinfo2 == NULL) return number;
  const struct mallinfo2_words all = mallinfo2();
  napi_create_int64(env, (int64_t)(all.uordblks + all.hblkhd), &number);
  return number;
}

static uint32_t number_of(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  uint32_t number = 0;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  napi_get_value_uint32(env, argument, &number);
  return number;
}

static napi_value lose_bytes(napi_env env, napi_callback_info info) {
  const uint32_t bytes = number_of(env, info);
  lost = malloc(bytes);
  if (lost != NULL) memset(lost, 'x', bytes);
  return NULL;
}

static napi_value lose_pages(napi_env env, napi_callback_info info) {
  const uint32_t bytes = number_of(env, info);
  lost = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (lost != MAP_FAILED) memset(lost, 'x', bytes);
  return NULL;
}

static void* never_end(void* unused) {
  for (;;) pause();
  return unused;
}

static napi_value lose_thread(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  pthread_t thread;
  if (pthread_create(&thread, NULL, never_end, NULL) == 0) pthread_setname_np(thread, "linux-mount");
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"bytesInUse", NULL, bytes_in_use, NULL, NULL, NULL, napi_enumerable, NULL},
      {"loseBytes", NULL, lose_bytes, NULL, NULL, NULL, napi_enumerable, NULL},
      {"losePages", NULL, lose_pages, NULL, NULL, NULL, napi_enumerable, NULL},
      {"loseThread", NULL, lose_thread, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
