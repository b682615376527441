// The steps of a trial program: the complete description of the language that lib/overlay/support/program.ts writes.
#pragma once

#include <string>

#include "engines/probe/scratch.h"
#include "kernel/owned_fd.h"

// A program is a flat list of strings. Each step is its name and a fixed number of arguments:
//
//   step                        effect                                                                 result
//   go WHERE                    changes the working directory to WHERE (see below): fchdir(2)          errno
//   mkdir PATH                  makes a directory: mkdir(2)                                            errno
//   layers COUNT                makes the directories "0", "1" and so on, COUNT of them                errno
//   write PATH CONTENT          makes a file: open(2) with O_EXCL, write(2)                            errno
//   append PATH CONTENT         appends to an existing file: open(2) with O_APPEND, write(2)           errno
//   unlink PATH                 removes a file: unlink(2)                                              errno
//   rmdir PATH                  removes a directory: rmdir(2)                                          errno
//   rename FROM TO              renames a file or directory: rename(2)                                 errno
//   setxattr PATH NAME VALUE    sets an extended attribute: lsetxattr(2)                               errno
//   d_type PATH                 reads the type of the first entry of a directory: readdir(3)           text, see below
//   mount TYPE TARGET DATA *    mounts a filesystem: mount(2); an empty DATA is a null pointer         errno
//   umount TARGET *             unmounts: umount2(2) with UMOUNT_NOFOLLOW                              errno
//   shown TARGET                reads the options of the mounted filesystem from the mount table       text
//   fsopen TYPE *               opens a filesystem context: fsopen(2)                                  errno
//   string KEY VALUE *          sets a parameter of the context: fsconfig(2), FSCONFIG_SET_STRING      errno
//   descriptor KEY PATH *       sets a parameter to a descriptor of PATH: FSCONFIG_SET_FD              errno
//   fsmount TARGET *            mounts the context: FSCONFIG_CMD_CREATE, fsmount(2), move_mount(2)     errno
//   clone PATH *                clones a mount into a detached tree: open_tree(2)                      errno
//   idmap *                     idmaps the tree by the user namespace of the call: mount_setattr(2)    errno
//   attach TARGET *             attaches the tree: move_mount(2)                                       errno
//
// WHERE is "directory" (the examined directory), "scratch" (the scratch directory inside the examined directory) or
// "tmpfs" (the scratch tmpfs); any other word fails with EINVAL. A program starts in the tmpfs. If "go" fails, every
// step up to the next "go" fails with the errno of this "go". Other paths are relative to the working directory. The
// path "/../NAME" leads to the file NAME in the tmpfs, whatever the working directory is, because the tmpfs is mounted
// over the root directory (threads/private_mounts.cc, MountPrivateTmpfs). A program must not make a file in the
// examined directory itself, because only files in the scratch directory are removed (ScratchSpace).
//
// A step marked with * needs a thread with a mount namespace of its own. If the thread has none, the step fails with
// the errno that `scratch` returns as `privateError`.
//
// The result of a step is an errno or 0, or the text of the step if the step returns text and succeeds. "d_type"
// returns "yes" if the filesystem reports the type, "no" if the type is DT_UNKNOWN, and "" for an empty directory. A
// step with an unknown name, or a last step with too few arguments, fails with EINVAL, and no further step runs.
//
// The following program checks whether an overlay can be mounted, and how the mount table shows the overlay:
//
//   go tmpfs   layers 2   mkdir m   mount overlay m lowerdir=0:1   shown m   umount m
//
// is passed as ["go", "tmpfs", "layers", "2", "mkdir", "m", "mount", "overlay", "m", "lowerdir=0:1", "shown", "m",
// "umount", "m"] and returns [0, 0, 0, 0, "ro,lowerdir=0:1", 0], or an errno of mount(2) instead of the fourth 0.
//
// A new step needs a row in kKinds (scratch_steps.cc), a method here, a row in the table above, and a member of the
// type Step in lib/overlay/support/program.ts.
class ScratchSteps {
 public:
  using Result = ScratchCall::StepResult;

  ScratchSteps(ScratchSpace* space, int user_namespace) : space_(*space), user_namespace_(user_namespace) {
    go_error_ = space_.Go(ScratchSpace::kTmpfs);
  }

  // Returns the number of words of the step with this name, including the name, or 0 for an unknown name.
  static size_t Words(const std::string& name);

  // Runs one step. `words` contains the name and the arguments of the step, as many words as Words() returns for the
  // name.
  Result Run(const std::string* words);

 private:
  struct Kind;
  static const Kind kKinds[];
  static const Kind* Find(const std::string& name);

  Result Go(const std::string* words);
  Result MakeDirectory(const std::string* words);
  Result MakeDirectories(const std::string* words);
  Result WriteFile(const std::string* words);
  Result Append(const std::string* words);
  Result Unlink(const std::string* words);
  Result RemoveDirectory(const std::string* words);
  Result Rename(const std::string* words);
  Result SetXattr(const std::string* words);
  Result EntryTypes(const std::string* words);
  Result Mount(const std::string* words);
  Result Unmount(const std::string* words);
  Result Shown(const std::string* words);
  Result OpenContext(const std::string* words);
  Result SetString(const std::string* words);
  Result SetDescriptor(const std::string* words);
  Result MountContext(const std::string* words);
  Result Clone(const std::string* words);
  Result MapIds(const std::string* words);
  Result Attach(const std::string* words);

  Result AttachTree(const OwnedFd& tree, const char* target);

  ScratchSpace& space_;
  const int user_namespace_;
  int go_error_;  // the errno of the last "go", or 0
  OwnedFd context_, tree_;
};
