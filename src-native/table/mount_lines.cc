// Reads /proc/thread-self/mountinfo and parses its lines.
#include "table/mount_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include <algorithm>

#include "kernel/attributes.h"
#include "kernel/owned_fd.h"
#include "kernel/procfs.h"

namespace {

bool IsOctal(char digit, char most = '7') { return digit >= '0' && digit <= most; }

// Parses mount attributes, for example "ro,nosuid,relatime", to MOUNT_ATTR_ bits. This function ignores words that
// kernel/attributes.h does not list.
uint64_t AttributesOf(std::string_view options) {
  uint64_t bits = 0, decided = 0;
  while (!options.empty()) {
    const std::string_view option = fields::Take(&options, ',');
    for (const attributes::Attribute& row : attributes::kAttributes) {
      if (row.word.empty() || row.word != option) continue;
      bits |= row.bit;
      decided |= row.mask;
    }
  }
  // The kernel writes no word for strictatime, so a line with neither noatime nor relatime means strictatime
  // (fs/proc_namespace.c, show_mnt_opts).
  for (const attributes::Attribute& row : attributes::kAttributes) {
    if (row.word.empty() && (decided & row.mask) == 0) bits |= row.bit;
  }
  return bits;
}

bool ParseLine(std::string_view text, MountLine* line) {
  const std::string_view id = fields::Take(&text, ' ');
  const std::string_view parent_id = fields::Take(&text, ' ');
  fields::Take(&text, ' ');  // major:minor
  fields::Take(&text, ' ');  // root
  const std::string_view mount_point = fields::Take(&text, ' ');
  const std::string_view options = fields::Take(&text, ' ');
  if (id.empty() || parent_id.empty() || mount_point.empty() || options.empty()) return false;
  line->id = fields::Number(id);
  line->parent_id = fields::Number(parent_id);
  line->mount_point = UnescapeField(mount_point);
  line->attributes = AttributesOf(options);
  return true;
}

bool ParseTable(std::string_view text, std::vector<MountLine>* lines) {
  while (!text.empty()) {
    if (!ParseLine(fields::Take(&text, '\n'), &lines->emplace_back())) {
      errno = EPROTO;
      return false;
    }
  }
  return true;
}

}  // namespace

std::string UnescapeField(std::string_view field) {
  std::string bytes;
  bytes.reserve(field.size());
  for (size_t at = 0; at < field.size(); ++at) {
    if (field[at] == '\\' && at + 3 < field.size() && IsOctal(field[at + 1], '3') && IsOctal(field[at + 2]) &&
        IsOctal(field[at + 3])) {
      bytes += static_cast<char>((field[at + 1] - '0') * 64 + (field[at + 2] - '0') * 8 + (field[at + 3] - '0'));
      at += 3;
    } else {
      bytes += field[at];
    }
  }
  return bytes;
}

std::string MountPointOf(std::string_view line) {
  for (int field = 0; field < 4; ++field) fields::Take(&line, ' ');
  return UnescapeField(fields::Take(&line, ' '));
}

bool ReadMountTable(std::vector<MountLine>* lines) {
  std::string text;
  return ReadWhole(procfs::Self("mountinfo").c_str(), &text) && ParseTable(text, lines);
}

bool ReadMountTree(uint64_t top, std::vector<MountLine>* tree) {
  std::vector<MountLine> lines;
  if (!ReadMountTable(&lines)) return false;
  for (const MountLine& line : lines) {
    if (line.id == top) tree->push_back(line);
  }
  if (tree->empty()) {
    errno = ENOENT;
    return false;
  }
  // The loop appends the children of each mount of the tree, also of mounts that it has appended itself. A tree longer
  // than the table contains a cycle: the kernel reuses mountinfo IDs at once, and the table is read in parts, so two
  // lines may each name the other as their parent.
  for (size_t at = 0; at < tree->size(); ++at) {
    const uint64_t parent = (*tree)[at].id;
    for (const MountLine& line : lines) {
      if (line.parent_id == parent && line.id != top) tree->push_back(line);
    }
    if (tree->size() > lines.size()) {
      errno = EAGAIN;
      return false;
    }
  }
  return true;
}

bool ReadFilesystemOptions(uint64_t id, std::string* options) {
  std::string text;
  if (!ReadWhole(procfs::Self("mountinfo").c_str(), &text)) return false;
  const std::string wanted = std::to_string(id);
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = fields::Take(&rest, '\n');
    if (fields::Take(&line, ' ') != wanted) continue;
    // The line ends with " - type source options", and no earlier field consists of "-" alone.
    line.remove_prefix(std::min(line.find(" - ") + 3, line.size()));
    fields::Take(&line, ' ');
    fields::Take(&line, ' ');
    *options = line;
    return true;
  }
  errno = ENOENT;
  return false;
}
