#include <napi.h>

#include "call.h"
#include "examine.h"
#include "kernel.h"
#include "mount.h"
#include "mount_at.h"
#include "mount_table.h"
#include "overlay.h"
#include "scratch.h"
#include "umount.h"
#include "watch.h"

// The list of what the addon offers. Each call has two forms, see call.h; what they take is in the Read() of each.
static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  call::Export<MountCall>(env, exports, "mount");
  call::Export<UmountCall>(env, exports, "umount");
  call::Export<OverlayCall>(env, exports, "overlay");
  call::Export<ExamineCall>(env, exports, "examine");
  call::Export<TableCall>(env, exports, "table");
  call::Export<MountRootCall>(env, exports, "mountRoot");
  call::Export<MountAtCall>(env, exports, "mountAt");
  call::ExportAsync<ScratchCall>(env, exports, "scratch");
  call::ExportAsync<WatchWaitCall>(env, exports, "watchWait");
  exports.Set("watchOpen", Napi::Function::New<WatchOpen>(env, "watchOpen"));
  exports.Set("watchClose", Napi::Function::New<WatchClose>(env, "watchClose"));
  exports.Set("pageSize", Napi::Number::New(env, static_cast<double>(kernel::PageSize())));
  return exports;
}

NODE_API_MODULE(linux_mount, Init)
