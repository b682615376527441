// An addon with a mistake in it, for test/sanitize/races.js to see that it is found: two threads that write to the same
// place, and nothing that puts the one before the other.
#include <node_api.h>
#include <pthread.h>

static int shared;

static void* write_to_it(void* unused) {
  for (int index = 0; index < 1000; index++) shared += index;
  return unused;
}

NAPI_MODULE_INIT() {
  (void)env;
  pthread_t threads[2];
  for (int index = 0; index < 2; index++) pthread_create(&threads[index], NULL, write_to_it, NULL);
  for (int index = 0; index < 2; index++) pthread_join(threads[index], NULL);
  return exports;
}
