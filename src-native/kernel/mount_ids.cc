// Makes the system calls listmount(2) and statmount(2) by number.
#include "kernel/mount_ids.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#ifndef SYS_statmount
#define SYS_statmount 457
#endif
#ifndef SYS_listmount
#define SYS_listmount 458
#endif

namespace kernel {
namespace {

static_assert(offsetof(MountStatus, text) == 512 && offsetof(MountStatus, magic) == 24 &&
              offsetof(MountStatus, id) == 40 && offsetof(MountStatus, root) == 104 &&
              offsetof(MountStatus, source) == 124);

// struct mnt_id_req. The first version of the struct has 24 bytes and no mount namespace, and every kernel since Linux
// 6.8 accepts it. The longer version (6.11) is passed only if the caller names a mount namespace.
struct MountRequest {
  uint32_t size;
  uint32_t spare = 0;
  uint64_t id;
  uint64_t parameter;
  uint64_t mount_namespace;

  MountRequest(uint64_t id, uint64_t parameter, uint64_t mount_namespace)
      : size(mount_namespace == 0 ? 24 : 32), id(id), parameter(parameter), mount_namespace(mount_namespace) {}
};
static_assert(sizeof(MountRequest) == 32);

}  // namespace

int MountNamespaceId(int fd, uint64_t* id) {
  constexpr unsigned long kGetMountNamespaceId = _IOR(0xb7, 0x5, uint64_t);  // NS_GET_MNTNS_ID, linux/nsfs.h
  return ioctl(fd, kGetMountNamespaceId, id);
}

int ListMounts(std::vector<uint64_t>* ids, uint64_t mount_namespace, uint64_t below) {
  ids->clear();
  for (size_t capacity = 512;; capacity = 4096) {
    const size_t had = ids->size();
    const MountRequest request(below, had == 0 ? 0 : ids->back(), mount_namespace);
    ids->resize(had + capacity);
    const ssize_t count = syscall(SYS_listmount, &request, ids->data() + had, capacity, 0);
    ids->resize(had + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0) return -1;
    if (static_cast<size_t>(count) < capacity) return 0;
  }
}

int StatMount(uint64_t id, uint64_t wanted, MountStatus* status, size_t size, uint64_t mount_namespace) {
  const MountRequest request(id, wanted, mount_namespace);
  return static_cast<int>(syscall(SYS_statmount, &request, status, size, 0));
}

}  // namespace kernel
