// An addon with two mistakes in it, for test/hunts/valgrind/run.js to see that they are found: memory that nobody gives
// back, and a decision that depends on memory that nobody has written.
#include <node_api.h>
#include <stdlib.h>

static void* volatile lost;

NAPI_MODULE_INIT() {
  (void)env;
  lost = malloc(1234);
  lost = NULL;
  char* unwritten = malloc(1);
  if (*(volatile char*)unwritten == 'x') lost = unwritten;
  free(unwritten);
  return exports;
}
