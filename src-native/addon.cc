// Exports the functions of the addon, one line per native call.
#include <napi.h>

#include "engines/holders/holders.h"
#include "engines/layers/changes.h"
#include "engines/layers/markers.h"
#include "engines/probe/examine.h"
#include "engines/probe/scratch.h"
#include "kernel/calls.h"
#include "mount/attach.h"
#include "mount/bind.h"
#include "mount/change.h"
#include "mount/filesystem.h"
#include "mount/mount.h"
#include "mount/reconfigure.h"
#include "napi/call.h"
#include "napi/cancellation.h"
#include "napi/descriptor.h"
#include "overlay/overlay.h"
#include "table/mount_at.h"
#include "table/raw_table.h"
#include "table/watch.h"
#include "umount/umount.h"
#include "umount/umount_tree.h"

// Runs once for each JavaScript environment that loads the addon. Export<MountCall>(..., "mount") exports mount() and
// mountSync() (napi/call.h). The Read() function of each exported class lists the arguments of the JavaScript
// functions.
static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  // mount/
  call::Export<MountCall>(env, exports, "mount");
  call::Export<BindCall>(env, exports, "bind");
  call::Export<FilesystemCall>(env, exports, "filesystem");
  call::Export<ChangeCall>(env, exports, "change");
  call::Export<ReconfigureCall>(env, exports, "reconfigure");
  call::Export<MoveCall>(env, exports, "move");
  call::Export<AttachCall>(env, exports, "attach");
  call::Export<CloseCall>(env, exports, "close");

  // umount/
  call::Export<UmountCall>(env, exports, "umount");
  call::Export<UmountTreeCall>(env, exports, "umountTree");

  // overlay/
  call::Export<OverlayCall>(env, exports, "overlay");

  // table/
  call::Export<TableCall>(env, exports, "table");
  call::Export<MountRootCall>(env, exports, "mountRoot");
  call::Export<MountAtCall>(env, exports, "mountAt");
  call::ExportFunction(env, exports, "watchOpen", call::Sync<WatchOpenCall>);
  call::ExportAsync<WatchWaitCall>(env, exports, "watchWait");
  call::ExportFunction(env, exports, "watchClose", WatchClose);

  // engines/
  call::Export<ExamineCall>(env, exports, "examine");
  call::ExportAsync<ScratchCall>(env, exports, "scratch");
  call::Export<HoldersCall>(env, exports, "holders");
  call::ExportAsync<LayerOpenCall>(env, exports, "layerOpen");
  call::ExportAsync<LayerNextCall>(env, exports, "layerNext");
  call::ExportAsync<LayerCloseCall>(env, exports, "layerClose");
  call::Export<MakeWhiteoutCall>(env, exports, "makeWhiteout");
  call::Export<MakeOpaqueCall>(env, exports, "makeOpaque");
  call::Export<IsWhiteoutCall>(env, exports, "isWhiteout");
  call::Export<IsOpaqueCall>(env, exports, "isOpaque");

  // These functions of napi/ and kernel/ run on the JavaScript thread and do not block.
  exports.Set("descriptorNumber", Napi::Function::New<descriptor::Number>(env, "descriptorNumber"));
  exports.Set("newCancellation", Napi::Function::New<Cancellation::New>(env, "newCancellation"));
  exports.Set("cancel", Napi::Function::New<Cancellation::Cancel>(env, "cancel"));
  exports.Set("pageSize", Napi::Number::New(env, static_cast<double>(kernel::PageSize())));
  return exports;
}

NODE_API_MODULE(linux_mount, Init)
