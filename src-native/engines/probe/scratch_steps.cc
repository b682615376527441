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

#include "kernel/calls.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "table/mount_lines.h"

namespace {

using Result = ScratchSteps::Result;

Result Answer(long result) { return {result < 0 ? errno : 0, {}}; }

const char* OrNull(const std::string& word) { return word.empty() ? nullptr : word.c_str(); }

}  // namespace

struct ScratchSteps::Kind {
  const char* name;
  size_t words;
  bool mounts;  // only where nobody else can see it
  Result (ScratchSteps::*run)(const std::string* words);
};

const ScratchSteps::Kind ScratchSteps::kKinds[] = {
    {"go", 2, false, &ScratchSteps::Go},                    // directory | place | memory
    {"mkdir", 2, false, &ScratchSteps::MakeDirectory},      // path
    {"layers", 2, false, &ScratchSteps::MakeDirectories},   // count: directories "0", "1" ...
    {"write", 3, false, &ScratchSteps::WriteFile},          // path of a new file, content
    {"append", 3, false, &ScratchSteps::Append},            // path, content
    {"unlink", 2, false, &ScratchSteps::Unlink},            // path
    {"rmdir", 2, false, &ScratchSteps::RemoveDirectory},    // path
    {"rename", 3, false, &ScratchSteps::Rename},            // from, to
    {"setxattr", 4, false, &ScratchSteps::SetXattr},        // path, name, value
    {"d_type", 2, false, &ScratchSteps::EntryTypes},        // directory
    {"mount", 4, true, &ScratchSteps::Mount},               // type, target, data
    {"umount", 2, true, &ScratchSteps::Unmount},            // target
    {"shown", 2, false, &ScratchSteps::Shown},              // target; the mount table's options of its filesystem
    {"fsopen", 2, true, &ScratchSteps::OpenContext},        // type
    {"string", 3, true, &ScratchSteps::SetString},          // key, value
    {"descriptor", 3, true, &ScratchSteps::SetDescriptor},  // key, path to open
    {"fsmount", 2, true, &ScratchSteps::MountContext},      // target
    {"log", 1, false, &ScratchSteps::Log},                  // what the kernel wrote about the context
    {"clone", 2, true, &ScratchSteps::Clone},               // path
    {"idmap", 1, true, &ScratchSteps::MapIds},              // of the tree cloned
    {"attach", 2, true, &ScratchSteps::Attach},             // target for the tree cloned
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
  if (gone_ != 0) return {gone_, {}};
  if (kind->mounts && !place_.IsPrivate()) return {place_.private_error(), {}};
  return (this->*kind->run)(words);
}

Result ScratchSteps::Go(const std::string* words) {
  const ScratchPlace::Where where = words[1] == "memory"  ? ScratchPlace::kMemory
                                    : words[1] == "place" ? ScratchPlace::kPlace
                                                          : ScratchPlace::kDirectory;
  gone_ = place_.Go(where);
  return {gone_, {}};
}

Result ScratchSteps::MakeDirectory(const std::string* words) {
  const Result result = Answer(mkdir(words[1].c_str(), 0700));
  if (result.error == 0) place_.MadeName(words[1].c_str());
  return result;
}

Result ScratchSteps::MakeDirectories(const std::string* words) {
  const uint64_t count = fields::Number(words[1]);
  for (uint64_t each = 0; each < count; ++each) {
    const std::string name = std::to_string(each);
    if (mkdir(name.c_str(), 0700) < 0) return {errno, {}};
    place_.MadeName(name.c_str());
  }
  return {};
}

Result ScratchSteps::WriteFile(const std::string* words) {
  const OwnedFd file(open(words[1].c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return {errno, {}};
  place_.MadeName(words[1].c_str());
  return Answer(write(file.get(), words[2].data(), words[2].size()));
}

Result ScratchSteps::Append(const std::string* words) {
  const OwnedFd file(open(words[1].c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  return Answer(file ? write(file.get(), words[2].data(), words[2].size()) : -1);
}

Result ScratchSteps::Unlink(const std::string* words) { return Answer(unlink(words[1].c_str())); }

Result ScratchSteps::RemoveDirectory(const std::string* words) { return Answer(rmdir(words[1].c_str())); }

Result ScratchSteps::Rename(const std::string* words) {
  const Result result = Answer(rename(words[1].c_str(), words[2].c_str()));
  if (result.error == 0) place_.MadeName(words[2].c_str());
  return result;
}

Result ScratchSteps::SetXattr(const std::string* words) {
  return Answer(lsetxattr(words[1].c_str(), words[2].c_str(), words[3].data(), words[3].size(), 0));
}

// Whether the filesystem tells the types of names: "yes" or "no" by the first of them, "" where there is none.
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
  const Result result = Answer(mount(type, words[2].c_str(), type, 0, OrNull(words[3])));
  if (result.error == 0) place_.MadeMount(words[2].c_str());
  return result;
}

Result ScratchSteps::Unmount(const std::string* words) {
  const Result result = Answer(umount2(words[1].c_str(), UMOUNT_NOFOLLOW));
  if (result.error == 0) place_.Unmounted(words[1].c_str());
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
  return Answer(context_.get());
}

Result ScratchSteps::SetString(const std::string* words) {
  return Answer(kernel::FsConfig(context_.get(), kernel::kFsConfigSetString, words[1].c_str(), words[2].c_str(), 0));
}

Result ScratchSteps::SetDescriptor(const std::string* words) {
  const OwnedFd opened(open(words[2].c_str(), O_PATH | O_CLOEXEC));
  if (!opened) return {errno, {}};
  return Answer(kernel::FsConfig(context_.get(), kernel::kFsConfigSetFd, words[1].c_str(), nullptr, opened.get()));
}

Result ScratchSteps::MountContext(const std::string* words) {
  if (kernel::FsConfig(context_.get(), kernel::kFsConfigCreate, nullptr, nullptr, 0) < 0) return {errno, {}};
  const OwnedFd tree(kernel::FsMount(context_.get(), kernel::kFsMountCloexec, 0));
  return tree ? AttachTree(tree, words[1].c_str()) : Answer(-1);
}

Result ScratchSteps::Log(const std::string*) { return {0, kernel::ReadLog(context_.get())}; }

Result ScratchSteps::Clone(const std::string* words) {
  tree_ = OwnedFd(kernel::OpenTree(AT_FDCWD, words[1].c_str(), kernel::kOpenTreeClone | kernel::kOpenTreeCloexec));
  return Answer(tree_.get());
}

Result ScratchSteps::MapIds(const std::string*) {
  kernel::MountAttributes attributes;
  attributes.set = kernel::kMountAttrIdMap;
  attributes.userns_fd = static_cast<uint64_t>(user_namespace_);
  return Answer(kernel::MountSetAttributes(tree_.get(), "", AT_EMPTY_PATH, attributes));
}

Result ScratchSteps::Attach(const std::string* words) {
  const OwnedFd tree = std::move(tree_);  // kept open it would keep the mount busy
  return AttachTree(tree, words[1].c_str());
}

Result ScratchSteps::AttachTree(const OwnedFd& tree, const char* target) {
  const Result result = Answer(kernel::MoveMount(tree.get(), "", AT_FDCWD, target, kernel::kMoveMountFromEmptyPath));
  if (result.error == 0) place_.MadeMount(target);
  return result;
}
