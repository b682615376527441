// Lists and reads extended attributes in layers, and chooses between listxattrat(2), a working directory and /proc.
#include "engines/layers/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/calls.h"
#include "kernel/procfs.h"
#include "threads/pool.h"

namespace {

constexpr size_t kLongest = 65536;  // the kernel's XATTR_LIST_MAX and XATTR_SIZE_MAX

// Security modules set the attributes in kNotCopiedUp by the path or the inode of a file, so overlayfs does not copy
// these attributes up (security_inode_copy_up_xattr).
constexpr std::string_view kNotCopiedUp[] = {"security.selinux", "security.SMACK64", "security.evm"};

bool MeansNoAttribute(int error) { return error == EOPNOTSUPP || error == ENODATA || error == ENOSYS; }

}  // namespace

LayerAttributes::LayerAttributes(OpenDirectories* directories, bool user)
    : directories_(directories),
      prefix_(user ? "user.overlay." : "trusted.overlay."),
      has_at_(kernel::HasAttributesAt()),
      buffer_(kLongest, 0) {}

const char* LayerAttributes::PathOf(LayerDirectory* directory, const std::string& name) {
  if (directory != current_.get() || !threads::HasOwnDirectory()) {
    const int fd = directories_->Fd(directory);
    if (fd < 0) return nullptr;
    if (!threads::HasOwnDirectory()) {
      path_ = procfs::Fd(fd) + "/" + name;
      return path_.c_str();
    }
    if (fchdir(fd) < 0) return nullptr;
    current_ = LayerDirectoryRef(directory);
  }
  return name.c_str();
}

const char* LayerAttributes::StepFor(const char* step) const {
  const int error = errno;
  const bool is_proc_path = error == ENOENT && !has_at_ && !threads::HasOwnDirectory();
  const bool is_absent = is_proc_path && !OwnedFd(open(procfs::Self("fd").c_str(), O_PATH | O_CLOEXEC));
  errno = error;
  return is_absent ? procfs::kStep : step;
}

void LayerAttributes::Leave() {
  if (!current_) return;
  [[maybe_unused]] const int result = chdir("/");
  current_ = LayerDirectoryRef();
}

ssize_t LayerAttributes::ReadList(LayerDirectory* directory, const std::string& name) {
  ssize_t length = -1;
  if (has_at_) {
    const int fd = directories_->Fd(directory);
    if (fd >= 0) length = kernel::ListAttributes(fd, name.c_str(), buffer_.data(), buffer_.size());
  } else if (const char* const path = PathOf(directory, name)) {
    length = llistxattr(path, buffer_.data(), buffer_.size());
  }
  return length < 0 && MeansNoAttribute(errno) ? 0 : length;
}

bool LayerAttributes::List(LayerDirectory* directory, const std::string& name, OverlayAttributes* known) {
  const ssize_t length = ReadList(directory, name);
  if (length < 0) return false;
  *known = {};
  for (ssize_t at = 0; at < length;) {
    std::string_view attribute(buffer_.data() + at);
    at += static_cast<ssize_t>(attribute.size()) + 1;
    if (!attribute.starts_with(prefix_)) continue;
    attribute.remove_prefix(prefix_.size());
    if (attribute == "opaque") known->opaque = true;
    if (attribute == "redirect") known->redirect = true;
    if (attribute == "metacopy") known->metacopy = true;
    if (attribute == "whiteout") known->whiteout = true;
  }
  return true;
}

bool LayerAttributes::Value(LayerDirectory* directory, const std::string& name, const char* attribute,
                            std::string* value) {
  bool is_present = false;
  return ReadValue(directory, name, (prefix_ + attribute).c_str(), value, &is_present);
}

bool LayerAttributes::ReadValue(LayerDirectory* directory, const std::string& name, const char* attribute,
                                std::string* value, bool* is_present) {
  ssize_t length = -1;
  if (has_at_) {
    const int fd = directories_->Fd(directory);
    if (fd < 0) return false;
    length = kernel::GetAttribute(fd, name.c_str(), attribute, buffer_.data(), buffer_.size());
  } else {
    const char* const path = PathOf(directory, name);
    if (path == nullptr) return false;
    length = lgetxattr(path, attribute, buffer_.data(), buffer_.size());
  }
  if (length < 0 && !MeansNoAttribute(errno)) return false;
  *is_present = length >= 0;
  value->assign(buffer_.data(), *is_present ? static_cast<size_t>(length) : 0);
  return true;
}

// Returns whether the merged file shows an attribute. overlayfs hides its own attributes, but a nested overlay stores
// its attributes in this layer as "overlay.overlay.*" (OVL_XATTR_ESCAPE_PREFIX, since Linux 6.7).
bool LayerAttributes::IsVisible(std::string_view attribute) const {
  if (attribute.starts_with(prefix_)) return attribute.substr(prefix_.size()).starts_with("overlay.");
  return std::find(std::begin(kNotCopiedUp), std::end(kNotCopiedUp), attribute) == std::end(kNotCopiedUp);
}

bool LayerAttributes::ListVisible(LayerDirectory* directory, const std::string& name,
                                  std::vector<std::string>* attributes) {
  const ssize_t length = ReadList(directory, name);
  if (length < 0) return false;
  for (ssize_t at = 0; at < length;) {
    const std::string_view attribute(buffer_.data() + at);
    at += static_cast<ssize_t>(attribute.size()) + 1;
    if (IsVisible(attribute)) attributes->emplace_back(attribute);
  }
  std::sort(attributes->begin(), attributes->end());
  return true;
}

bool LayerAttributes::AreSame(LayerDirectory* one, const std::string& one_name, LayerDirectory* other,
                              const std::string& other_name, bool* same) {
  std::vector<std::string> ours, theirs;
  if (!ListVisible(one, one_name, &ours) || !ListVisible(other, other_name, &theirs)) return false;
  *same = ours == theirs;
  std::string value, other_value;
  for (const std::string& attribute : ours) {
    if (!*same) return true;
    bool has = false, other_has = false;
    if (!ReadValue(one, one_name, attribute.c_str(), &value, &has)) return false;
    if (!ReadValue(other, other_name, attribute.c_str(), &other_value, &other_has)) return false;
    *same = has == other_has && value == other_value;
  }
  return true;
}
