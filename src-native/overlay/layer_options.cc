// Passes the layers of an overlay to the kernel: as fsconfig(2) parameters, or as a mount(2) option string of numbers.
#include <fcntl.h>
#include <sys/mount.h>

#include <string>

#include "kernel/attributes.h"
#include "kernel/fs_context.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "overlay/overlay.h"

namespace {

constexpr size_t kLongestValue = 255;  // the maximum length in bytes of a string value of fsconfig(2)

// Returns the escaped path of an opened upper or work directory, for kernels before 6.13, where overlayfs takes only
// paths. With the path of the descriptor (/proc/self/fd/N) the mount table would show only that path, and no other
// process could find out that the directory is in use. The result is empty if the path is too long or leads elsewhere
// by now.
std::string RealPath(int fd) {
  const std::string path = procfs::PathOf(fd);
  if (path.empty() || path[0] != '/' || path.size() > kLongestValue) return {};
  kernel::Identity opened, named;
  if (kernel::Identify(fd, "", AT_EMPTY_PATH, &opened) < 0 ||
      kernel::Identify(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, &named) < 0 || opened.device != named.device ||
      opened.inode != named.inode) {
    return {};
  }
  std::string escaped;
  for (const char byte : path) {
    if (byte == '\\') escaped += byte;
    escaped += byte;
  }
  return escaped.size() > kLongestValue ? std::string() : escaped;
}

}  // namespace

Outcome OverlayCall::MakeTree(const Opened& opened, OwnedFd* tree) const {
  const bool takes_descriptors = overlay::FindKernelSupport().descriptors;
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
    const std::string path = takes_descriptors ? std::string() : RealPath(fd);
    if (path.empty()) {
      set_layer(key, fd, index);
    } else {
      context.SetString(key, path.c_str(), "set layer", index);
    }
  };
  if (upper_) set_directory("upperdir", opened.upper.get(), index);
  if (work_) set_directory("workdir", opened.work.get(), index + 1);
  for (const std::string& option : options_) context.SetWord(option, "set option");
  *tree = context.Create().Mount(attributes::BitsOf(flags_));
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
  for (const std::string& option : options_) data += "," + option;
  return data;
}
