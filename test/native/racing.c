// An addon with mistakes in it, for test/hunts/sanitize/races.js to see that they are found: two threads that write to
// the same place, by themselves and by a function of the C library, and nothing that puts the one before the other.
#include <node_api.h>
#include <pthread.h>
#include <string.h>

static int number;
static char text[4096];
static char words[sizeof text];

static void* add_to_it(void* unused) {
  for (int index = 0; index < 1000; index++) number += index;
  return unused;
}

static void* copy_to_it(void* unused) {
  for (int index = 0; index < 1000; index++) memcpy(text, words, sizeof text);
  return unused;
}

static void two_at_once(void* (*work)(void*)) {
  pthread_t threads[2];
  for (int index = 0; index < 2; index++) pthread_create(&threads[index], NULL, work, NULL);
  for (int index = 0; index < 2; index++) pthread_join(threads[index], NULL);
}

NAPI_MODULE_INIT() {
  (void)env;
  two_at_once(add_to_it);
  two_at_once(copy_to_it);
  return exports;
}
