// Mounts a filesystem of any type: fsopen(2), fsconfig(2) and fsmount(2), or mount(2) with an option string.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mount/id_map.h"
#include "mount/mounting_call.h"

// Mounts a filesystem, attached at a target or `detached`. The call uses mount(2) if the caller passes an option
// string, and fsopen(2) otherwise. Arguments: source, target, type, parameters, flags, data, ID map, detached,
// requireUnmounted, operation.
class FilesystemCall : public MountingCall {
 public:
  using Result = MountResult;

  void Read(Arguments& arguments);
  bool IsRelative() const { return true; }  // any parameter may be a relative path
  // Prepare runs before the thread enters another mount namespace, where the path of the user namespace may be missing.
  Outcome Prepare() { return id_map_.Open(); }
  MountResult Run() { return Finished(Make()); }

 private:
  enum Strategy : uint32_t { kData = 1, kParameters = 2 };  // the strategies, as Outcome::strategy reports them

  MountResult Make();
  MountResult MountByParameters();
  Outcome MountByData();

  std::optional<std::string> source_;
  std::string type_;
  std::vector<std::string> parameters_;
  unsigned long flags_ = 0;  // MS_*
  std::optional<std::string> data_;
  IdMap id_map_;
};
