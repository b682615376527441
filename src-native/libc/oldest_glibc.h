// Binds the pthread and semaphore functions to their oldest symbol versions, so that the addon loads on older glibc.
#pragma once

#include <pthread.h>
#include <semaphore.h>

// glibc 2.32 and 2.34 moved the functions of libpthread into libc and gave them new symbol versions. A binary that is
// linked against such a glibc does not load on an older glibc. The oldest symbol version still runs the same code
// (nptl/Versions, compat_symbol), so every file that calls these functions includes this header. musl has no symbol
// versions.
#if defined(__GLIBC__)

#if defined(__x86_64__)
#define LINUX_MOUNT_SINCE "GLIBC_2.2.5"
#define LINUX_MOUNT_SET_CLOCK_SINCE "GLIBC_2.3.3"
#define LINUX_MOUNT_SET_NAME_SINCE "GLIBC_2.12"
#elif defined(__s390x__)
#define LINUX_MOUNT_SINCE "GLIBC_2.2"
#define LINUX_MOUNT_SET_CLOCK_SINCE "GLIBC_2.3.3"
#define LINUX_MOUNT_SET_NAME_SINCE "GLIBC_2.12"
#elif defined(__arm__)
#define LINUX_MOUNT_SINCE "GLIBC_2.4"
#define LINUX_MOUNT_SET_NAME_SINCE "GLIBC_2.12"
#elif defined(__aarch64__) || (defined(__powerpc64__) && _CALL_ELF == 2)
#define LINUX_MOUNT_SINCE "GLIBC_2.17"
#elif defined(__riscv) && __riscv_xlen == 64
#define LINUX_MOUNT_SINCE "GLIBC_2.27"
#endif

#if defined(LINUX_MOUNT_SINCE)

#ifndef LINUX_MOUNT_SET_CLOCK_SINCE
#define LINUX_MOUNT_SET_CLOCK_SINCE LINUX_MOUNT_SINCE
#endif
#ifndef LINUX_MOUNT_SET_NAME_SINCE
#define LINUX_MOUNT_SET_NAME_SINCE LINUX_MOUNT_SINCE
#endif

__asm__(".symver pthread_attr_setstacksize, pthread_attr_setstacksize@" LINUX_MOUNT_SINCE);
__asm__(".symver pthread_condattr_setclock, pthread_condattr_setclock@" LINUX_MOUNT_SET_CLOCK_SINCE);
__asm__(".symver pthread_create, pthread_create@" LINUX_MOUNT_SINCE);
__asm__(".symver pthread_once, pthread_once@" LINUX_MOUNT_SINCE);
__asm__(".symver pthread_setname_np, pthread_setname_np@" LINUX_MOUNT_SET_NAME_SINCE);
__asm__(".symver pthread_sigmask, pthread_sigmask@" LINUX_MOUNT_SINCE);
__asm__(".symver sem_destroy, sem_destroy@" LINUX_MOUNT_SINCE);
__asm__(".symver sem_init, sem_init@" LINUX_MOUNT_SINCE);
__asm__(".symver sem_post, sem_post@" LINUX_MOUNT_SINCE);
__asm__(".symver sem_wait, sem_wait@" LINUX_MOUNT_SINCE);

#endif
#endif
