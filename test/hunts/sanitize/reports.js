// Splits the output of ThreadSanitizer into reports, and decides which reports are about an addon. Node.js is not built
// for ThreadSanitizer: it gets false reports about its own threads, and V8 may do anything, even collect garbage, below
// a function of the addon that asks it for an object. So a race counts only if the addon itself reads or writes.

// Frames of the sanitizer and of libraries, which read and write for their caller.
const FOR_OTHERS = /\((libtsan|libstdc\+\+|libc|libgcc_s|libpthread|libm)[.\w]*\.so[.\d]*\+0x/;
const ACCESS = /^ {2}(Previous )?(atomic )?(read|write) of size /i;

/** Splits the standard error of a program into the reports and the rest. */
export function split(text) {
  const parts = text.split('==================\n');
  const reports = parts.filter((part) => part.startsWith('WARNING: ThreadSanitizer'));
  return { reports, rest: parts.filter((part) => !reports.includes(part)).join('') };
}

/** Whether a report is about an addon, such as "linux_mount.node". */
export function isAbout(addon, report) {
  // ThreadSanitizer does not see descriptors that syscall(2) opens, so it takes two descriptors with the same number
  // for one.
  if (report.includes('Location is file descriptor')) return false;
  const accesses = report.split('\n\n').flatMap((paragraph) => {
    const lines = paragraph.split('\n');
    const first = lines.findIndex((line) => ACCESS.test(line));
    return first === -1 ? [] : [lines.slice(first + 1)];
  });
  // A report without memory accesses is about a thread or a mutex.
  if (accesses.length === 0) return report.includes(addon);
  return accesses.some((frames) => frames.find((frame) => !FOR_OTHERS.test(frame))?.includes(`(${addon}+0x`));
}
