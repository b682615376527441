// The target of an operation: where to mount, which mount to change, or which mount to unmount.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "napi/arguments.h"
#include "napi/cancellation.h"
#include "place/lookup.h"

// A target is a path, or a path inside a root.
//
// The kernel resolves a plain path as mount(2) does, symbolic links included. A path inside a root is resolved as if
// the root were "/" (openat2(2), RESOLVE_IN_ROOT). After LookUp the target is the opened directory or file, so no
// symbolic link leads out of the root, even while another process changes the root.
//
// LookUp can create missing directories and files inside a root. The created entries are removed again unless
// KeepOrRemoveCreated gets a successful outcome.
class Target {
 public:
  enum CreateKind : unsigned long { kNothing = 0, kDirectory = 1, kFile = 2, kMatch = 3 };
  enum Resolve : unsigned long { kNoSymlinks = 1, kNoXdev = 2, kEmulate = 4 };

  Target() = default;
  explicit Target(std::string path) : path_(std::move(path)) {}
  Target(std::string path, std::string root, unsigned long resolve)
      : path_(std::move(path)), root_(std::move(root)), resolve_(resolve) {}
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() { RemoveCreated(); }

  // Reads four arguments from JavaScript: path, root, create, resolve.
  void Read(Arguments& arguments);

  // The root and the path as the caller named them, to compare targets.
  std::string Name() const { return root_ ? *root_ + '\0' + path_ : path_; }

  bool IsRelative() const;
  bool IsInRoot() const { return root_.has_value(); }

  // Opens a path inside a root; a plain path is not opened. With kMatch a missing target is created as a directory if
  // `directory` is true, and as a file otherwise, so that it has the type of the directory or file to be mounted.
  Outcome LookUp(bool directory = true);

  // Opens a plain path if the caller can cancel the operation. The last step of an operation cannot be cancelled and
  // must not block in a path lookup, so this function does the lookup earlier.
  Outcome OpenIfCancellable(const Cancellation& cancellation);

  // The target as arguments of the *at calls: a directory descriptor, a path and a flag. The path is empty if the
  // target has been opened.
  int at() const { return found_ ? found_.get() : kWorkingDirectory; }
  const char* path() const { return found_ ? "" : path_.c_str(); }
  unsigned empty_path_flag() const;

  // The target as one path, for mount(2) and umount2(2). umount2(2) unmounts the topmost mount at the end of the path
  // (LOOKUP_MOUNTPOINT), even if the path is that of a descriptor opened before the mount.
  const std::string& FullPath() const;

  // Opens the mount that was mounted at this target after LookUp. The descriptor refers to that mount even if the path
  // leads elsewhere later. `mounted` is empty after a failure. For a target in a root, ENOENT means that no mount is at
  // the target any more.
  Outcome OpenMounted(OwnedFd* mounted) const;

  // Unmounts the mount that was mounted at this target after LookUp: `mounted`, or the topmost mount at the target if
  // `mounted` is empty. `is_copy` is for a recursive bind, whose mounts may be peers of the mounts that they copy.
  // Returns false if the mount is still mounted.
  bool Unmount(const OwnedFd& mounted, bool is_copy) const;

  // Finds the path by which umount2(2) unmounts the mount at this target, and closes the target's descriptor, which
  // would keep the mount busy. With a mount ID, a mount in a root is found even if symbolic links changed after the
  // mount, as long as its mount point is inside the root.
  Outcome LocateMounted(const std::optional<uint64_t>& id, std::string* path);

  // Whether the target is a mount point; false if the kernel does not report that (before 5.8).
  bool IsMountPoint() const;

  // Fails with EBUSY if the target is a mount point, and with the errno of statx(2) if the kernel does not report
  // whether it is one.
  Outcome RequireUnmounted() const;

  // Ends the operation. A successful outcome keeps the created directories and files. After a failure the created
  // entries are removed, and Outcome::left_made names a path that could not be removed.
  void KeepOrRemoveCreated(Outcome* outcome);

 private:
  static constexpr int kWorkingDirectory = -100;  // AT_FDCWD

  struct Created {
    OwnedFd parent;
    std::string name;
    std::string path;  // relative to the root
    bool is_directory;
    uint64_t device, inode;
  };

  Outcome Open(int root);
  Outcome Create(int root, bool directory);
  int OpenInRoot(int root, const std::string& path, int flags, OwnedFd* fd) const;
  int CreateOne(const OwnedFd& parent, const std::string& path, bool directory, OwnedFd* fd);
  int RecordCreated(const OwnedFd& parent, const std::string& path, bool is_directory);
  void RemoveCreated();
  Outcome OpenAbove(OwnedFd* mounted) const;
  Outcome OpenAboveByName(OwnedFd* mounted) const;
  Outcome LocateByLookup(std::string* path, uint64_t* id);
  bool LocateByTable(uint64_t id, std::string* path);
  bool IsAt(const std::string& mount_point, uint64_t id, std::string* path);

  std::string path_;
  std::optional<std::string> root_;
  unsigned long create_ = kNothing;
  unsigned long resolve_ = 0;
  OwnedFd found_;
  mutable std::string found_path_;  // the result of FullPath
  PinnedPath mount_point_;          // keeps the result of LocateMounted valid
  std::vector<Created> created_;
  std::string left_created_;
};
