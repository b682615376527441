// Mount propagation by mount(2).
#include "kernel/propagation.h"

#include <errno.h>
#include <sys/mount.h>

Outcome SetPropagation(const char* path, unsigned long propagation, bool recursive) {
  if (mount(nullptr, path, nullptr, propagation | (recursive ? MS_REC : 0), nullptr) == 0) return {};
  return Outcome::Failure(errno, "mount", "set propagation");
}
