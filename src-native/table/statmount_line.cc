// Formats the answer of statmount(2) as fs/proc_namespace.c formats a line of mountinfo.
#include "table/statmount_line.h"

#include <errno.h>
#include <sys/mount.h>

#include <string_view>
#include <vector>

#include "kernel/attributes.h"
#include "kernel/mount_ids.h"

namespace {

// Writes the bytes that would end a field or a line as three octal digits (fs/proc_namespace.c, mangle).
void AppendName(std::string_view name, std::string* line) {
  for (const char byte : name) {
    if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\\') {
      *line += '\\';
      *line += static_cast<char>('0' + byte / 64);
      *line += static_cast<char>('0' + byte / 8 % 8);
      *line += static_cast<char>('0' + byte % 8);
    } else {
      *line += byte;
    }
  }
}

// Writes the mount attributes in the order of show_mnt_opts (fs/proc_namespace.c), which is that of
// kernel/attributes.h.
void AppendAttributes(uint64_t bits, std::string* line) {
  *line += bits & attributes::kReadOnly ? "ro" : "rw";
  for (const attributes::Attribute& row : attributes::kAttributes) {
    if (row.bit == attributes::kReadOnly || row.word.empty() || (bits & row.mask) != row.bit) continue;
    *line += ',';
    *line += row.word;
  }
}

// Writes the optional fields as show_mountinfo does (fs/proc_namespace.c).
void AppendPropagation(const kernel::MountStatus& status, std::string* line) {
  if (status.propagation & MS_SHARED) *line += " shared:" + std::to_string(status.peer_group);
  if (status.propagation & MS_SLAVE) {
    *line += " master:" + std::to_string(status.master);
    if (status.propagate_from != 0 && status.propagate_from != status.master) {
      *line += " propagate_from:" + std::to_string(status.propagate_from);
    }
  }
  if (status.propagation & MS_UNBINDABLE) *line += " unbindable";
}

// Writes the superblock flags as show_sb_opts does (fs/proc_namespace.c). SB_SYNCHRONOUS, SB_DIRSYNC, SB_MANDLOCK and
// SB_LAZYTIME have the values of the corresponding MS_ flags of mount(2).
void AppendFilesystemFlags(uint32_t flags, std::string* line) {
  *line += flags & MS_RDONLY ? "ro" : "rw";
  if (flags & MS_SYNCHRONOUS) *line += ",sync";
  if (flags & MS_DIRSYNC) *line += ",dirsync";
  if (flags & MS_MANDLOCK) *line += ",mand";
  if (flags & MS_LAZYTIME) *line += ",lazytime";
}

constexpr uint64_t kNeeded = kernel::kStatMountFilesystem | kernel::kStatMountMount | kernel::kStatMountRoot |
                             kernel::kStatMountPoint | kernel::kStatMountType | kernel::kStatMountSource;
constexpr uint64_t kWanted =
    kNeeded | kernel::kStatMountPropagateFrom | kernel::kStatMountOptions | kernel::kStatMountSubtype;

}  // namespace

bool LineOfMount(uint64_t id, std::string* line) {
  // 4 KiB suffice for nearly all mounts, but the options of an overlay with 500 layers may have a megabyte.
  std::vector<uint64_t> buffer(512);
  const auto status = [&] { return reinterpret_cast<kernel::MountStatus*>(buffer.data()); };
  while (kernel::StatMount(id, kWanted, status(), buffer.size() * sizeof(uint64_t)) < 0) {
    if (errno != EOVERFLOW) return false;
    buffer.resize(buffer.size() * 4);
  }
  const kernel::MountStatus& found = *status();
  if ((found.mask & kNeeded) != kNeeded) {
    errno = ENOSYS;
    return false;
  }
  const auto text = [&](uint64_t which, uint32_t at) {
    return found.mask & which ? std::string_view(found.text + at) : std::string_view();
  };
  *line = std::to_string(found.mountinfo_id) + ' ' + std::to_string(found.parent_mountinfo_id) + ' ' +
          std::to_string(found.device_major) + ':' + std::to_string(found.device_minor) + ' ';
  AppendName(text(kernel::kStatMountRoot, found.root), line);
  *line += ' ';
  AppendName(text(kernel::kStatMountPoint, found.mount_point), line);
  *line += ' ';
  AppendAttributes(found.attributes, line);
  AppendPropagation(found, line);
  *line += " - ";
  AppendName(text(kernel::kStatMountType, found.type), line);
  if (const std::string_view subtype = text(kernel::kStatMountSubtype, found.subtype); !subtype.empty()) {
    *line += '.';
    AppendName(subtype, line);
  }
  *line += ' ';
  AppendName(text(kernel::kStatMountSource, found.source), line);
  *line += ' ';
  AppendFilesystemFlags(found.filesystem_flags, line);
  // The filesystem itself has written and escaped these options, as in mountinfo.
  if (const std::string_view options = text(kernel::kStatMountOptions, found.options); !options.empty()) {
    *line += ',';
    *line += options;
  }
  *line += '\n';
  return true;
}
