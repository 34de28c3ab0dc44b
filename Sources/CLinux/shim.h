// What the Glibc module leaves out or Swift does not import: variadic functions, GNU extensions, a function with the name of a type.
#pragma once
#include <sys/prctl.h>
#include <sys/syscall.h>

// Declared here and not included: their headers would make `struct stat` belong to this module as well as to Glibc.
extern int flock(int file, int operation);
extern long syscall(long number, ...);
extern int mallopt(int parameter, int value);

/// 0 when the process can no longer be dumped or traced by its own user.
static inline int songhan_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// 1 when the process may be dumped, 0 when not.
static inline int songhan_may_be_dumped(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

/// Takes the lock of an open file (LOCK_EX | LOCK_NB); -1 and EWOULDBLOCK when another open file has it.
static inline int songhan_lock(int file) { return flock(file, 2 | 4); }

/// Lets malloc keep freed memory for the next one who asks (M_TRIM_THRESHOLD), also that of large buffers (M_MMAP_THRESHOLD).
static inline void songhan_keep_memory(int up_to, int largest) {
  mallopt(-1, up_to);
  mallopt(-3, largest);
}

/// renameat2 with RENAME_NOREPLACE: -1 and EEXIST when the new name is taken.
static inline int songhan_rename_no_replace(int from, const char *name, int to, const char *new_name) {
  return (int)syscall(SYS_renameat2, from, name, to, new_name, 1u);
}
