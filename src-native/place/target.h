#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "napi/arguments.h"
#include "napi/cancellation.h"
#include "place/named_place.h"

// Where something is to be mounted, changed or taken down: a path, which is followed as mount(2) does, or a path inside
// a root. The latter is looked up by the kernel as if the root were "/" (openat2(2), RESOLVE_IN_ROOT) and from then on
// stands for the directory or file that was found, so that no link in the root leads out, even while somebody changes
// it. What is missing there may be made, and is removed again unless Settle is told of a success.
class Target {
 public:
  enum Create : unsigned long { kNothing = 0, kDirectory = 1, kFile = 2, kMatch = 3 };
  enum Resolve : unsigned long { kNoSymlinks = 1, kNoXdev = 2, kEmulate = 4 };

  Target() = default;
  explicit Target(std::string path) : path_(std::move(path)) {}
  Target(std::string path, std::string root, unsigned long resolve)
      : path_(std::move(path)), root_(std::move(root)), resolve_(resolve) {}
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() { RemoveMade(); }

  // Four arguments: path, root, create, resolve.
  void Read(Arguments& arguments);
  // One: a path.
  void ReadPath(Arguments& arguments) { arguments.Bytes("target", &path_); }

  bool IsRelative() const;

  // Looks it up. `directory`: whether what is to be mounted is a directory, for kMatch.
  Outcome Find(bool directory = true);

  // For a call that can be cancelled up to its last step: follows a path now, as that step would, which could hang
  // there.
  Outcome Hold(const Cancellation& cancellation);

  // What was found, as the *at calls take it: a path, or a descriptor with an empty path.
  int at() const { return found_ ? found_.get() : kWorkingDirectory; }
  const char* path() const { return found_ ? "" : path_.c_str(); }
  unsigned empty_path_flag() const;

  // What was found, as the older calls take it. To umount2(2) this is also the way to what has been mounted there
  // since: it looks for a mount at the end of every path (LOOKUP_MOUNTPOINT).
  const std::string& PathBefore() const;

  // What has been mounted there since, as a descriptor: then it does not matter any more where a path leads. None after
  // a failure, which in a root is ENOENT when nothing is mounted there any more.
  Outcome OpenMounted(OwnedFd* mounted) const;

  // Takes down what has been mounted there since and is of no use: `mounted`, or what there is if that could not be
  // opened. `is_copy`: of mounts that may be shared, with those below it. False if it is still there.
  bool TakeDown(const OwnedFd& mounted, bool is_copy) const;

  // Finds the path by which umount2(2) takes down what is mounted there, and lets go of it, as that keeps a mount in
  // use. With an id a mount in a root is found even if links have been exchanged since, as long as it is in the root.
  Outcome Locate(const std::optional<uint64_t>& id, std::string* path);
  // Whether that path must not be followed if it is a link.
  bool IsInRoot() const { return root_.has_value(); }

  // Whether something is mounted there already; false where that cannot be told.
  bool IsMountPoint() const;

  // Fails if something is mounted there already (EBUSY), or if that cannot be told.
  Outcome CheckVacant() const;

  // The operation is over. What was made is there to stay, or, after a failure, goes; what cannot be removed then is
  // told in the outcome.
  void Settle(Outcome* outcome);

 private:
  static constexpr int kWorkingDirectory = -100;  // AT_FDCWD

  struct Made {
    OwnedFd parent;
    std::string name;
    std::string path;  // in the root
    bool is_directory;
    uint64_t device, inode;
  };

  Outcome Open(int root);
  Outcome Make(int root, bool directory);
  int OpenInRoot(int root, const std::string& path, int flags, OwnedFd* fd) const;
  int MakeOne(const OwnedFd& parent, const std::string& path, bool directory, OwnedFd* fd);
  int Remember(const OwnedFd& parent, const std::string& path, bool is_directory);
  void RemoveMade();
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
  mutable std::string found_name_;  // of PathBefore
  NamedPlace place_;                // of Locate
  std::vector<Made> made_;
  std::string left_made_;
};
