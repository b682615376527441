#include <fcntl.h>
#include <sys/mount.h>

#include <string>

#include "kernel/fs_context.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "mount/attributes.h"
#include "overlay/overlay.h"
#include "overlay/overlay_features.h"

namespace {

constexpr size_t kLongestValue = 255;  // of a string to fsconfig(2)

// Before 6.13 overlayfs takes names only. That of a descriptor would be all that the mount table shows, and then nobody
// finds that an upper or work directory is in use, so these two go by their own name: the one that the kernel knows for
// what was opened, as long as it leads there. Empty where it does not, or is too long.
std::string OwnName(int fd) {
  const std::string name = procfs::PathOf(fd);
  if (name.empty() || name[0] != '/' || name.size() > kLongestValue) return {};
  kernel::Identity opened, named;
  if (kernel::Identify(fd, "", AT_EMPTY_PATH, &opened) < 0 ||
      kernel::Identify(AT_FDCWD, name.c_str(), AT_SYMLINK_NOFOLLOW, &named) < 0 || opened.device != named.device ||
      opened.inode != named.inode) {
    return {};
  }
  std::string escaped;
  for (const char byte : name) {
    if (byte == '\\') escaped += byte;
    escaped += byte;
  }
  return escaped.size() > kLongestValue ? std::string() : escaped;
}

}  // namespace

Outcome OverlayCall::MakeTree(const Opened& opened, OwnedFd* tree) const {
  const bool takes_descriptors = overlay::Find().descriptors;
  FsContext context = FsContext::Open("overlay");
  const auto set_layer = [&](const char* key, int fd, int index) {
    if (takes_descriptors) {
      context.SetDescriptor(key, fd, "set layer", index);
    } else {
      context.SetString(key, procfs::Fd(fd).c_str(), "set layer", index);
    }
  };
  context.SetString("source", source_.c_str(), "set source");
  if (flags_ & MS_RDONLY) context.SetFlag("ro", "set ro");
  int index = 0;
  for (const OwnedFd& layer : opened.layers) {
    set_layer(static_cast<size_t>(index) < lower_.size() ? "lowerdir+" : "datadir+", layer.get(), index);
    ++index;
  }
  const auto set_directory = [&](const char* key, int fd, int index) {
    const std::string name = takes_descriptors ? std::string() : OwnName(fd);
    if (name.empty()) {
      set_layer(key, fd, index);
    } else {
      context.SetString(key, name.c_str(), "set layer", index);
    }
  };
  if (upper_) set_directory("upperdir", opened.upper.get(), index);
  if (work_) set_directory("workdir", opened.work.get(), index + 1);
  for (const std::string& word : words_) context.SetWord(word, "set option");
  *tree = context.Create().Mount(attributes::FromFlags(flags_).set);
  return context.outcome();
}

std::string OverlayCall::DescriptorData(const Opened& opened) const {
  std::string data = "lowerdir=";
  for (size_t index = 0; index < opened.layers.size(); ++index) {
    if (index > 0) data += index < lower_.size() ? ":" : "::";
    data += std::to_string(opened.layers[index].get());
  }
  if (upper_) data += ",upperdir=" + std::to_string(opened.upper.get());
  if (work_) data += ",workdir=" + std::to_string(opened.work.get());
  for (const std::string& word : words_) data += "," + word;
  return data;
}
