#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

// Reads of /proc about other processes. None of them looks at a file behind a link, so that a filesystem that does not
// answer keeps nobody waiting; and each may fail, as processes end while they are looked at.
namespace proc {

// The errno with which the kernel refused one of the calls below, on this thread and since the last time this was
// asked, for want of descriptors or memory; 0 if it never did. Then it is not the process looked at that has ended or
// is somebody else's, and who goes on sees nothing and takes it for an answer.
int TakeShortage();

// Notes that for a call that has failed, by its errno; and gives back what it was given.
bool Failed(bool failed);

// All of a file.
bool ReadFile(const std::string& path, std::string* text);

// The names in a directory. False with errno set when it cannot be read.
bool Names(const std::string& directory, std::vector<std::string>* names);

// The names in a directory that are numbers, ascending. False with errno set when it cannot be read.
bool Numbers(const std::string& directory, std::vector<int>* numbers);

// What a link names. Empty when it cannot be read.
std::string Link(const std::string& path);

// The id, as in the mount table, of the mount that a link such as /proc/PID/cwd leads to: statx(2), which asks no
// server. 0 when it cannot be told.
uint64_t MountIdBehind(const std::string& link);

// The same of an open file, from /proc/PID/fdinfo/FD: not even its path is walked.
uint64_t MountIdOfFd(const std::string& fdinfo);

// The name that the process has, 15 bytes at most: /proc/PID/comm. Its arguments are in its memory; see IsStuck.
std::string CommandOf(pid_t process);

// Whether the process has waited without interruption for as long as this looked (state D, a few milliseconds). To
// read the memory map of such a one may take as long as what it waits for.
bool IsStuck(pid_t process);

}  // namespace proc
