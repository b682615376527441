// Implements the steps of a trial program, one method for each step.
#include "engines/probe/scratch_steps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "kernel/attributes.h"
#include "kernel/calls.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "table/mount_lines.h"

namespace {

using Result = ScratchSteps::Result;

Result FromCall(long result) { return {result < 0 ? errno : 0, {}}; }

const char* OrNull(const std::string& word) { return word.empty() ? nullptr : word.c_str(); }

}  // namespace

struct ScratchSteps::Kind {
  const char* name;
  size_t words;
  bool mounts;  // whether the step mounts, so that it runs only if the thread has a mount namespace of its own
  Result (ScratchSteps::*run)(const std::string* words);
};

const ScratchSteps::Kind ScratchSteps::kKinds[] = {
    {"go", 2, false, &ScratchSteps::Go},
    {"mkdir", 2, false, &ScratchSteps::MakeDirectory},
    {"layers", 2, false, &ScratchSteps::MakeDirectories},
    {"write", 3, false, &ScratchSteps::WriteFile},
    {"append", 3, false, &ScratchSteps::Append},
    {"unlink", 2, false, &ScratchSteps::Unlink},
    {"rmdir", 2, false, &ScratchSteps::RemoveDirectory},
    {"rename", 3, false, &ScratchSteps::Rename},
    {"setxattr", 4, false, &ScratchSteps::SetXattr},
    {"d_type", 2, false, &ScratchSteps::EntryTypes},
    {"mount", 4, true, &ScratchSteps::Mount},
    {"umount", 2, true, &ScratchSteps::Unmount},
    {"shown", 2, false, &ScratchSteps::Shown},
    {"fsopen", 2, true, &ScratchSteps::OpenContext},
    {"string", 3, true, &ScratchSteps::SetString},
    {"descriptor", 3, true, &ScratchSteps::SetDescriptor},
    {"fsmount", 2, true, &ScratchSteps::MountContext},
    {"clone", 2, true, &ScratchSteps::Clone},
    {"idmap", 1, true, &ScratchSteps::MapIds},
    {"attach", 2, true, &ScratchSteps::Attach},
};

const ScratchSteps::Kind* ScratchSteps::Find(const std::string& name) {
  for (const Kind& kind : kKinds) {
    if (name == kind.name) return &kind;
  }
  return nullptr;
}

size_t ScratchSteps::Words(const std::string& name) {
  const Kind* kind = Find(name);
  return kind == nullptr ? 0 : kind->words;
}

Result ScratchSteps::Run(const std::string* words) {
  const Kind* kind = Find(words[0]);
  if (kind->run == &ScratchSteps::Go) return Go(words);
  if (go_error_ != 0) return {go_error_, {}};
  if (kind->mounts && !space_.IsPrivate()) return {space_.private_error(), {}};
  return (this->*kind->run)(words);
}

Result ScratchSteps::Go(const std::string* words) {
  const std::string& where = words[1];
  go_error_ = where == "directory" ? space_.Go(ScratchSpace::kExamined)
              : where == "scratch" ? space_.Go(ScratchSpace::kScratch)
              : where == "tmpfs"   ? space_.Go(ScratchSpace::kTmpfs)
                                   : EINVAL;
  return {go_error_, {}};
}

Result ScratchSteps::MakeDirectory(const std::string* words) {
  const Result result = FromCall(mkdir(words[1].c_str(), 0700));
  if (result.error == 0) space_.AddFile(words[1].c_str());
  return result;
}

Result ScratchSteps::MakeDirectories(const std::string* words) {
  const uint64_t count = fields::Number(words[1]);
  for (uint64_t each = 0; each < count; ++each) {
    const std::string name = std::to_string(each);
    if (mkdir(name.c_str(), 0700) < 0) return {errno, {}};
    space_.AddFile(name.c_str());
  }
  return {};
}

Result ScratchSteps::WriteFile(const std::string* words) {
  const OwnedFd file(open(words[1].c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return {errno, {}};
  space_.AddFile(words[1].c_str());
  return FromCall(write(file.get(), words[2].data(), words[2].size()));
}

Result ScratchSteps::Append(const std::string* words) {
  const OwnedFd file(open(words[1].c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  return FromCall(file ? write(file.get(), words[2].data(), words[2].size()) : -1);
}

Result ScratchSteps::Unlink(const std::string* words) { return FromCall(unlink(words[1].c_str())); }

Result ScratchSteps::RemoveDirectory(const std::string* words) { return FromCall(rmdir(words[1].c_str())); }

Result ScratchSteps::Rename(const std::string* words) {
  const Result result = FromCall(rename(words[1].c_str(), words[2].c_str()));
  if (result.error == 0) space_.AddFile(words[2].c_str());
  return result;
}

Result ScratchSteps::SetXattr(const std::string* words) {
  return FromCall(lsetxattr(words[1].c_str(), words[2].c_str(), words[3].data(), words[3].size(), 0));
}

Result ScratchSteps::EntryTypes(const std::string* words) {
  DIR* directory = opendir(words[1].c_str());
  if (directory == nullptr) return {errno, {}};
  Result result{0, ""};
  while (const dirent* entry = readdir(directory)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    result.text = entry->d_type == DT_UNKNOWN ? "no" : "yes";
    break;
  }
  closedir(directory);
  return result;
}

Result ScratchSteps::Mount(const std::string* words) {
  const char* type = words[1].c_str();
  const Result result = FromCall(mount(type, words[2].c_str(), type, 0, OrNull(words[3])));
  if (result.error == 0) space_.AddMount(words[2].c_str());
  return result;
}

Result ScratchSteps::Unmount(const std::string* words) {
  const Result result = FromCall(umount2(words[1].c_str(), UMOUNT_NOFOLLOW));
  if (result.error == 0) space_.RemoveMount(words[1].c_str());
  return result;
}

Result ScratchSteps::Shown(const std::string* words) {
  uint64_t id = 0;
  Result result{0, ""};
  if (kernel::MountId(AT_FDCWD, words[1].c_str(), 0, kernel::IdKind::kMountinfo, &id) < 0 ||
      !ReadFilesystemOptions(id, &*result.text)) {
    return {errno, {}};
  }
  return result;
}

Result ScratchSteps::OpenContext(const std::string* words) {
  context_ = OwnedFd(kernel::FsOpen(words[1].c_str(), kernel::kFsOpenCloexec));
  return FromCall(context_.get());
}

Result ScratchSteps::SetString(const std::string* words) {
  return FromCall(kernel::FsConfig(context_.get(), kernel::kFsConfigSetString, words[1].c_str(), words[2].c_str(), 0));
}

Result ScratchSteps::SetDescriptor(const std::string* words) {
  const OwnedFd opened(open(words[2].c_str(), O_PATH | O_CLOEXEC));
  if (!opened) return {errno, {}};
  return FromCall(kernel::FsConfig(context_.get(), kernel::kFsConfigSetFd, words[1].c_str(), nullptr, opened.get()));
}

Result ScratchSteps::MountContext(const std::string* words) {
  if (kernel::FsConfig(context_.get(), kernel::kFsConfigCreate, nullptr, nullptr, 0) < 0) return {errno, {}};
  const OwnedFd tree(kernel::FsMount(context_.get(), kernel::kFsMountCloexec, 0));
  return tree ? AttachTree(tree, words[1].c_str()) : FromCall(-1);
}

Result ScratchSteps::Clone(const std::string* words) {
  tree_ = OwnedFd(kernel::OpenTree(AT_FDCWD, words[1].c_str(), kernel::kOpenTreeClone | kernel::kOpenTreeCloexec));
  return FromCall(tree_.get());
}

Result ScratchSteps::MapIds(const std::string*) {
  kernel::MountAttributes attributes;
  attributes.set = attributes::kIdMapped;
  attributes.userns_fd = static_cast<uint64_t>(user_namespace_);
  return FromCall(kernel::MountSetAttributes(tree_.get(), "", AT_EMPTY_PATH, attributes));
}

Result ScratchSteps::Attach(const std::string* words) {
  // The descriptor is closed at the end of this step, because an open descriptor keeps the mount busy.
  const OwnedFd tree = std::move(tree_);
  return AttachTree(tree, words[1].c_str());
}

Result ScratchSteps::AttachTree(const OwnedFd& tree, const char* target) {
  const Result result = FromCall(kernel::MoveMount(tree.get(), "", AT_FDCWD, target, kernel::kMoveMountFromEmptyPath));
  if (result.error == 0) space_.AddMount(target);
  return result;
}
