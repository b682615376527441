// Writes the line of /proc/PID/mountinfo for one mount, from the answer of statmount(2).
#pragma once

#include <cstdint>
#include <string>

// Writes the line of the mount with a unique mount ID, so that lib/ reads it with the parser of proc_pid_mountinfo(5).
// Returns false and sets errno on failure: ENOENT if the mount does not exist any more, and ENOSYS if statmount(2) does
// not report all fields of the line. Linux reports all fields since 6.13, except those of a mount without a source.
bool LineOfMount(uint64_t id, std::string* line);
