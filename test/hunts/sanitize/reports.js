// What ThreadSanitizer says, and which of it is about an addon. Node is not built for ThreadSanitizer: of its own threads
// it reports races that are none, and V8 may do anything, collect garbage too, below a function of the addon that asks it
// for an object. So in a race somebody must be the addon itself who reads or writes.

// Frames of the sanitizer and of the libraries, which read and write for whoever called them.
const FOR_OTHERS = /\((libtsan|libstdc\+\+|libc|libgcc_s|libpthread|libm)[.\w]*\.so[.\d]*\+0x/;
const ACCESS = /^ {2}(Previous )?(atomic )?(read|write) of size /i;

/** The reports in what a program wrote to its standard error, and the rest. */
export function split(text) {
  const parts = text.split('==================\n');
  const reports = parts.filter((part) => part.startsWith('WARNING: ThreadSanitizer'));
  return { reports, rest: parts.filter((part) => !reports.includes(part)).join('') };
}

/** Whether a report is about an addon, "linux_mount.node". */
export function isAbout(addon, report) {
  // What is mounted and opened by syscall(2) ThreadSanitizer does not see: to it the same number is the same descriptor.
  if (report.includes('Location is file descriptor')) return false;
  const accesses = report.split('\n\n').flatMap((paragraph) => {
    const lines = paragraph.split('\n');
    const first = lines.findIndex((line) => ACCESS.test(line));
    return first === -1 ? [] : [lines.slice(first + 1)];
  });
  // Without any it is not about memory, but a thread or a mutex.
  if (accesses.length === 0) return report.includes(addon);
  return accesses.some((frames) => frames.find((frame) => !FOR_OTHERS.test(frame))?.includes(`(${addon}+0x`));
}
