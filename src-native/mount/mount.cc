// Calls mount(2), checks its option data, and gives a bind its attributes.
#include "mount/mount.h"

#include <errno.h>
#include <sys/mount.h>

#include "kernel/attributes.h"
#include "kernel/calls.h"
#include "mount/bind.h"

namespace {

const char* OrNull(const std::optional<std::string>& text) { return text ? text->c_str() : nullptr; }

bool IsAbsolute(const std::string& path) { return !path.empty() && path[0] == '/'; }

}  // namespace

void MountCall::Read(Arguments& arguments) {
  arguments.OptionalBytes("source", &source_)
      .Bytes("target", &target_)
      .OptionalBytes("fsType", &type_)
      .Flags("flags", &flags_)
      .OptionalBytes("data", &data_)
      .OptionalBytes("cwd", &directory.path);
}

// Option data counts as relative: a filesystem may take a relative path from the data.
bool MountCall::IsRelative() const {
  return directory.path || data_ || !IsAbsolute(target_) || (source_ && !IsAbsolute(*source_));
}

Outcome MountCall::Run() {
  if (data_ && data_->size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  // mount(2) ignores the attribute flags of a bind, but a bind remount sets exactly these attributes.
  const bool is_bind = (flags_ & (MS_BIND | MS_REMOUNT)) == MS_BIND;
  if (is_bind && (flags_ & attributes::kFlags) != 0 && source_ && !source_->empty()) {
    Target target(target_);
    Outcome outcome = bind::Bind(source_->c_str(), target, attributes::FromFlags(flags_), -1, Cancellation());
    outcome.strategy = 0;
    outcome.mount_id = 0;
    return outcome;
  }
  if (mount(OrNull(source_), target_.c_str(), OrNull(type_), flags_, OrNull(data_)) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  return {};
}
