#pragma once

#include <cstdint>
#include <string>

// What statmount(2) knows of a mount, as a line of the table (proc_pid_mountinfo(5)) with its newline, so that both are
// read by the same parser. False where the kernel does not tell all that is in the table (before 6.13, or of a mount
// without a source, which it does not tell apart), or where the mount is gone: then errno is ENOENT.
bool LineOfMount(uint64_t id, std::string* line);
