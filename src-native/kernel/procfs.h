// Paths into /proc for the calling thread, and functions that read and split the text of its files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// In another mount namespace "/proc" may be missing or belong to another PID namespace. A thread that enters another
// mount namespace therefore makes its own /proc/thread-self its working directory first (MountNamespace::Enter), and
// the paths that these functions return are then relative to this directory.
namespace procfs {

// Returns the path "/proc/thread-self/NAME".
std::string Self(const std::string& name);
// Returns the path of the magic link /proc/thread-self/fd/FD, which leads to the open file.
std::string Fd(int fd);
// Returns the current path of an open file, as readlink(2) of its magic link does, or "" if readlink(2) fails.
std::string PathOf(int fd);
// Returns the path "/proc/NAME".
std::string Root(const std::string& name);

// Outcome::step of a failure with ENOENT that the missing /proc of this process caused.
constexpr char kStep[] = "go by way of /proc";

// Declares that the working directory of the calling thread is its /proc/thread-self from now on.
void UseWorkingDirectory();
// Reports whether UseWorkingDirectory was called on this thread, which is then in another mount namespace.
bool IsElsewhere();

}  // namespace procfs

// Reads a file to its end, because files in /proc have no size. Returns false and sets errno on failure.
bool ReadWhole(const char* path, std::string* text);

// Functions that split the text of files in /proc. strtoul(3) and sscanf(3) are avoided: a program that is compiled
// against glibc 2.38 or newer calls __isoc23_strtoul instead, which no older glibc has.
namespace fields {

// Removes the text up to the next `separator` from `rest`, with the separator, and returns the text before it.
std::string_view Take(std::string_view* rest, char separator);

// Returns the number at the beginning of `text`, after blanks, or 0 if no number is at the beginning.
uint64_t Number(std::string_view text, int base = 10);

// Removes a number and the `separator` that follows it from `rest`. Returns false if `rest` does not begin with both.
bool TakeNumber(std::string_view* rest, char separator, int base, uint64_t* number);

}  // namespace fields
