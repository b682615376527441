// Changes the parameters of a mounted filesystem: fspick(2) and fsconfig(2), or mount(2) with MS_REMOUNT.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "napi/operation.h"
#include "place/target.h"

// Changes the parameters of a mounted filesystem by fspick(2). Where fspick(2) is missing (before 5.2) or denied, the
// call uses mount(2) if the caller passes an option string. Arguments: target, parameters, data, read-only mode ("",
// "ro" or "rw"), operation.
class ReconfigureCall : public Operation {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return true; }
  // Without fspick(2) the call needs a private mount namespace, and so a thread that ends afterwards.
  bool NeedsOwnDirectory() const { return NeedsFreshThread(); }
  bool NeedsFreshThread() const { return by_data_ || mount_namespace.IsOther(); }
  Outcome Run();

 private:
  Outcome RunByData();

  Target target_;
  std::vector<std::string> parameters_;
  std::optional<std::string> data_;
  std::string mode_;
  bool by_data_ = false;
};
