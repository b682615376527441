// Mounts a filesystem of any type: fsopen(2), fsconfig(2) and fsmount(2), or mount(2) with an option string.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mount/id_map.h"
#include "napi/operation.h"
#include "napi/result.h"
#include "place/target.h"

// Mounts a filesystem, attached at a target or `detached`. The call uses mount(2) if the caller passes an option
// string, and fsopen(2) otherwise. Arguments: source, target, type, parameters, flags, data, ID map, detached, vacant,
// operation.
class FilesystemCall : public Operation {
 public:
  using Result = MountResult;

  void Read(Arguments& arguments);
  bool IsRelative() const { return true; }  // any parameter may be a relative path
  std::string Place() const { return detached_ ? std::string() : target_.Name(); }
  // Prepare runs before the thread enters another mount namespace, where the path of the user namespace may be missing.
  Outcome Prepare() { return id_map_.Open(); }
  MountResult Run() {
    MountResult result = Make();
    target_.KeepOrRemoveCreated(&result.outcome);
    return result;
  }

 private:
  enum Strategy : uint32_t { kData = 1, kParameters = 2 };  // the strategies, as Outcome::strategy reports them

  MountResult Make();
  MountResult MountByParameters();
  Outcome MountByData();

  std::optional<std::string> source_;
  Target target_;
  std::string type_;
  std::vector<std::string> parameters_;
  unsigned long flags_ = 0;  // MS_*
  std::optional<std::string> data_;
  IdMap id_map_;
  bool detached_ = false;
  bool require_unmounted_ = false;  // the call fails with EBUSY if the target is a mount point
};
