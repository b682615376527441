// Reads files of /proc and /sys that describe other processes and devices.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

// No function here opens the file that a link of /proc leads to, so a filesystem that does not respond blocks no
// caller. Any function may fail, because a process can end while its files are read.
namespace proc {

// Returns the errno with which a function below last failed on this thread for want of descriptors or memory, and
// resets the value to 0. Such a refusal must fail the whole scan: a caller that ignores it would report that a process
// has no uses.
int TakeShortage();

// If `failed` is true and errno reports a shortage (IsShortage), records errno for TakeShortage. Returns `failed`.
bool Failed(bool failed);

// Reads a whole file into `text`. Returns false when the file cannot be read.
bool ReadFile(const std::string& path, std::string* text);

// Appends the names of the entries of a directory to `names`. Returns false with errno set when the directory cannot be
// read.
bool Names(const std::string& directory, std::vector<std::string>* names);

// Appends those names of the entries of a directory that are numbers to `numbers`, and sorts `numbers` in ascending
// order. Returns false with errno set when the directory cannot be read.
bool Numbers(const std::string& directory, std::vector<int>* numbers);

// Returns the text of a symbolic link, empty when the link cannot be read.
std::string Link(const std::string& path);

// Returns the mount ID, as in the mount table, of the mount that a link such as /proc/PID/cwd leads to, by statx(2),
// which sends no request to a server. Returns 0 with errno set when the ID cannot be determined.
uint64_t MountIdBehind(const std::string& link);

// Returns the mount ID of an open file from /proc/PID/fdinfo/FD, whose path the kernel does not walk, or 0.
uint64_t MountIdOfFd(const std::string& fdinfo);

// Returns the name of a process, at most 15 bytes, from /proc/PID/comm. The arguments of the process are not read,
// because they are in its memory; see IsStuck.
std::string CommandOf(pid_t process);

// Returns whether a process stayed in uninterruptible sleep (state D) during a few milliseconds. Reading the memory map
// of such a process can block for as long as the process sleeps.
bool IsStuck(pid_t process);

}  // namespace proc
