// The mount table parser of the addon, with two main functions: one for libFuzzer, and one that prints the parsed
// tables for test/hunts/fuzz/parsers.js, which compares them with the result of lib/.
//
// The file includes the source file of the parser, because no header declares the parser.
#include "../../../../src-native/table/mount_lines.cc"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <set>
#include <string>
#include <vector>

#include "../../../../src-native/overlay/upper_in_use.h"
#include "../../../../src-native/table/mount_copies.h"
#include "../../../../src-native/umount/umount_order.h"

namespace {

[[maybe_unused]] void Must(bool condition) {
  if (!condition) abort();
}

// Escapes a field as the kernel does.
[[maybe_unused]] std::string Mangled(const std::string& bytes) {
  std::string field;
  for (const char byte : bytes) {
    char octal[5];
    snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned char>(byte));
    field += byte == ' ' || byte == '\t' || byte == '\n' || byte == '\\' ? octal : std::string(1, byte);
  }
  return field;
}

[[maybe_unused]] bool HasEachOnce(const std::vector<OrderedMount>& order) {
  std::set<const MountLine*> lines;
  for (const OrderedMount& mount : order) lines.insert(mount.line);
  return lines.size() == order.size();
}

// Checks that each mount is listed once and before its parent. A table that was read during a change may contain a
// mount that is its own ancestor, and such a table has no order.
[[maybe_unused]] void CheckOrder(const std::vector<MountLine>& table) {
  bool is_torn = false;
  for (const MountLine& line : table) is_torn |= line.parent_id >= line.id;
  for (const MountLine& line : table) {
    const MountLine* found = BottomOfStack(table, line.id);
    Must(found != nullptr && HasEachOnce(TreeInOrder(table, line.id)) && HasEachOnce(StackInOrder(table, found->id)));
    if (is_torn) continue;
    const MountLine* bottom = BottomOfStack(table, line.id);
    Must(bottom != nullptr);
    const std::vector<OrderedMount> tree = TreeInOrder(table, line.id);
    Must(!tree.empty() && tree.back().line->id == line.id);
    for (size_t at = 0; at + 1 < tree.size(); ++at) Must(tree[at].parent > at && tree[at].parent < tree.size());
    Must(StackInOrder(table, bottom->id).back().line->id == bottom->id);
  }
}

// A table with two mounts at the same target, each of which is the parent of the other, and two more mounts.
[[maybe_unused]] void CheckTorn() {
  std::vector<MountLine> table;
  const char* const text =
      "1 2 0:1 / /a rw - t s rw\n2 1 0:2 / /a rw - t s rw\n"
      "3 9 0:3 / /b rw - t s rw\n4 9 0:4 / /c rw - t s rw\n";
  Must(ParseTable(text, &table));
  Must(TreeInOrder(table, 1).size() == 2 && StackInOrder(table, 1).size() == 2);
  CheckOrder(table);
}

}  // namespace

#ifdef LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Must(UnescapeField(Mangled(text)) == text);
  std::vector<MountLine> table;
  if (ParseTable(text, &table)) {
    std::string_view rest = text;
    for (const MountLine& line : table) Must(MountPointOf(fields::Take(&rest, '\n')) == line.mount_point);
    if (table.size() < 64) CheckOrder(table);
  }
  const std::vector<MountTraits> traits = ReadTraits(text);
  if (!traits.empty()) {
    Must(FindMount(traits, traits.back().id) != nullptr);
    FindCopies(traits, traits.front(), traits.front().shared);
  }
  // Each of the two names has two readings.
  std::vector<Inode> directories;
  FindUpperAndWork(text, &directories);
  Must(directories.size() <= 4);
  return 0;
}

#else

// The input is a list of tables, each with its length in four bytes. The output has a line for each mount of a table,
// and an empty line after each table.
int main() {
  CheckTorn();
  for (uint32_t length; fread(&length, sizeof length, 1, stdin) == 1;) {
    std::string text(length, '\0');
    if (fread(text.data(), 1, length, stdin) != length) return 1;
    std::vector<MountLine> table;
    if (!ParseTable(text, &table)) {
      puts("refused");
    } else {
      if (table.size() < 64) CheckOrder(table);
      for (const MountLine& line : table) {
        printf("%llu %llu ", static_cast<unsigned long long>(line.id), static_cast<unsigned long long>(line.parent_id));
        for (const char byte : line.mount_point) printf("%02x", static_cast<unsigned char>(byte));
        printf(" %d\n", (line.attributes & attributes::kReadOnly) != 0);
      }
    }
    puts("");
  }
}

#endif
