// The symbols that a prebuilt addon may import, listed so that a new one is noticed.
import { createRequire } from 'node:module';

// Each function is in musl since 1.2 and in glibc since 2.28 or earlier, with the same name and meaning.
const C_LIBRARY = `
  abort free malloc memchr memcmp memcpy memmove memset snprintf strcmp strlen strnlen strstr __errno_location
  chdir chroot close closedir eventfd fchdir fdopendir flock fremovexattr fsetxattr fstatfs getegid geteuid getpid getppid
  getrandom ioctl kill lgetxattr llistxattr lseek lsetxattr mkdir mkdirat mmap mount munmap open openat opendir pipe2
  poll prctl read readdir readlink readlinkat recv rename rmdir send setns socket statfs syscall sysconf umask umount2
  unlink unlinkat unshare waitpid write _exit clock_gettime nanosleep sched_yield sigfillset
  pthread_attr_destroy pthread_attr_init pthread_attr_setdetachstate pthread_attr_setstacksize pthread_cond_init
  pthread_cond_signal pthread_cond_timedwait pthread_condattr_destroy pthread_condattr_init pthread_condattr_setclock
  pthread_create pthread_mutex_lock pthread_mutex_unlock pthread_once pthread_self pthread_setname_np pthread_sigmask
  sem_destroy sem_init sem_post sem_wait`;

// Symbols for thread-local variables, by the ABI of the architecture.
const THREADS = {
  x64: '__tls_get_addr',
  arm: '__tls_get_addr',
  riscv64: '__tls_get_addr',
  ppc64: '__tls_get_addr',
  s390x: '__tls_get_offset',
};

// On 32-bit architectures the functions for large files have names of their own. "raise" is a function of libgcc for a
// division by zero.
const BITS_32 = { arm: 'fstatfs64 lseek64 mmap64 open64 openat64 readdir64 statfs64 raise' };

// binding.gyp declares that the addon needs Node-API version 8.
const { js_native_api_symbols: js, node_api_symbols: node } = createRequire(import.meta.url)('node-api-headers').symbols
  .v8;

const words = (text = '') => text.trim().split(/\s+/);

/** The functions of the C library among these symbols. */
export const C_FUNCTIONS = words(C_LIBRARY);

/** Returns all symbols that a prebuilt addon of this architecture may import. */
export function allowedSymbols(arch) {
  return new Set([...C_FUNCTIONS, ...words(THREADS[arch]), ...words(BITS_32[arch]), ...js, ...node]);
}

/** The symbols that a prebuilt addon exports, which Node.js looks up. */
export const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
