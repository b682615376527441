// An addon with data races that test/hunts/sanitize/races.js must find: two threads write to the same memory without
// synchronisation, directly and through a function of the C library.
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
