// An addon with two errors that test/hunts/valgrind/run.js must find: memory that is never freed, and a branch that
// depends on uninitialised memory.
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
