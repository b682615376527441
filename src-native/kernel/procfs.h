#pragma once

#include <string>

// Paths into /proc for the calling thread. In another mount namespace "/proc" may be missing, or be that of other
// processes, so that a thread which goes there takes the /proc of home along, as its working directory: see
// MountNamespace::Enter.
namespace procfs {

// "/proc/thread-self/NAME".
std::string Self(const std::string& name);
// The descriptor as a path, which leads to what it stands for.
std::string Fd(int fd);
// The path of what a descriptor stands for, as the kernel knows it now; empty when that cannot be told.
std::string PathOf(int fd);
// "/proc/NAME".
std::string Root(const std::string& name);

// The step of a failure (Outcome) that is because this process is not in /proc: ENOENT.
constexpr char kStep[] = "go by way of /proc";

// The working directory of the calling thread is "/proc/thread-self" of home from now on.
void UseWorkingDirectory();
bool IsElsewhere();

}  // namespace procfs
