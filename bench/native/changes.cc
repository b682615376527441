// The reference for changes(): walks the upper layer by nftw(3) and makes the two calls for each entry that every
// program needs: the overlayfs attribute, and the status of the entry in the lower layer. The walk is not sorted, has
// one lower layer, uses paths instead of descriptors, and stores nothing.
#include <fcntl.h>
#include <ftw.h>
#include <napi.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace {

constexpr int kDescriptors = 64;

// nftw(3) passes no argument to the callback, so these variables are global. One thread runs one walk at a time.
int lower_fd;
size_t upper_length;
uint32_t found;

int Look(const char* path, const struct stat* status, int type, struct FTW*) {
  if (path[upper_length] == 0) return 0;
  struct stat below;
  char value[16];
  const char* attribute = type == FTW_D ? "trusted.overlay.opaque" : "trusted.overlay.metacopy";
  lgetxattr(path, attribute, value, sizeof value);
  const bool is_there = fstatat(lower_fd, path + upper_length + 1, &below, AT_SYMLINK_NOFOLLOW) == 0;
  const bool is_same = is_there && below.st_mode == status->st_mode && below.st_uid == status->st_uid &&
                       below.st_gid == status->st_gid &&
                       (type == FTW_D || (below.st_size == status->st_size &&
                                          std::memcmp(&below.st_mtim, &status->st_mtim, sizeof below.st_mtim) == 0));
  if (!is_same) ++found;
  return 0;
}

// countChanges(lower, upper): returns the number of entries.
Napi::Value CountChanges(const Napi::CallbackInfo& info) {
  const std::string lower = info[0].As<Napi::String>();
  const std::string upper = info[1].As<Napi::String>();
  lower_fd = open(lower.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  upper_length = upper.size();
  found = 0;
  nftw(upper.c_str(), Look, kDescriptors, FTW_PHYS);
  close(lower_fd);
  return Napi::Number::New(info.Env(), found);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("countChanges", Napi::Function::New<CountChanges>(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(changes, Init)
