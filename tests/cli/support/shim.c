/* Numbers the calls that change the disk, and makes the one of number FAULT_AT go wrong as FAULT_MODE says:
 *   before, after  the process is killed just before or just after the call
 *   tear           half of the bytes are written, then the process is killed
 *   fail           this call alone fails (EIO)
 *   short          half of the bytes are written, then the disk is full
 *   full           the disk is full from here on (ENOSPC); what takes no room still works
 *   dead           every call fails from here on (EIO)
 *   stop           the process stops just after the call, until somebody continues it
 * Each call is noted in FAULT_LOG as "name path"; the one that went wrong is followed by a line "!". Writes to
 * standard output take part when FAULT_STDOUT is set. renameat2 without a wrapper in libc cannot be met here; the
 * calls around it are. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REAL(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

enum verdict { GO, DENY, HALF, KILL_AFTER, STOP_AFTER };
static atomic_long calls;

static void note(const char *name, const char *path) {
    const char *log = getenv("FAULT_LOG");
    if (!log) return;
    char line[5000];
    int length = snprintf(line, sizeof line, "%s %s\n", name, path);
    long fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) abort();
    syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What is to happen to this call; takes_room tells whether a full disk refuses it. */
static enum verdict judge(const char *name, const char *path, int takes_room, int writes) {
    static atomic_int full, dead;
    const char *at = getenv("FAULT_AT"), *mode = getenv("FAULT_MODE");
    int error = errno;
    note(name, path);
    long n = ++calls;
    errno = error;
    if (!at || !mode) return GO;
    if (n != atol(at)) {
        if (!dead && !(full && takes_room)) return GO;
        errno = dead ? EIO : ENOSPC;
        return DENY;
    }
    note("!", mode);
    if (!strcmp(mode, "before")) die();
    if (!strcmp(mode, "after")) return KILL_AFTER;
    if (!strcmp(mode, "stop")) return STOP_AFTER;
    dead = !strcmp(mode, "dead");
    full = !strcmp(mode, "full") || !strcmp(mode, "short");
    if (writes && (!strcmp(mode, "short") || !strcmp(mode, "tear"))) return HALF;
    errno = full ? ENOSPC : EIO;
    return DENY;
}

#define CARRY_OUT(type, verdict, call) \
    do { \
        if ((verdict) == DENY) return -1; \
        type result = call; \
        if ((verdict) == KILL_AFTER) die(); \
        if ((verdict) == STOP_AFTER) kill(getpid(), SIGSTOP); \
        return result; \
    } while (0)

static const char *path_of(int fd) {
    static _Thread_local char path[4096];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    return path;
}

static int is_disk(int fd) {
    struct stat about;
    return fd != 2 && fstat(fd, &about) == 0 && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode));
}

static int opened(const char *name, const char *path, int flags, mode_t mode) {
    int (*real)(const char *, int, ...) = REAL(int, open64, const char *, int, ...);
    if (!(flags & O_CREAT)) return real(path, flags, mode);
    int error = errno;
    int missing = access(path, F_OK) != 0;
    errno = error;
    enum verdict verdict = judge(name, path, missing, 0);
    CARRY_OUT(int, verdict, real(path, flags, mode));
}

static mode_t mode_of(int flags, va_list rest) {
    return flags & O_CREAT ? va_arg(rest, mode_t) : 0;
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return opened("open", path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return opened("open", path, flags, mode);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    ssize_t (*real)(int, const void *, size_t, off64_t) = REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    if (!is_disk(fd)) return real(fd, bytes, count, at);
    enum verdict verdict = judge("write", path_of(fd), 1, 1);
    if (verdict == HALF) {
        ssize_t written = real(fd, bytes, count / 2, at);
        if (!strcmp(getenv("FAULT_MODE"), "tear")) die();
        return written;
    }
    CARRY_OUT(ssize_t, verdict, real(fd, bytes, count, at));
}

ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t (*real)(int, const void *, size_t) = REAL(ssize_t, write, int, const void *, size_t);
    int to_user = fd == 1 && getenv("FAULT_STDOUT");
    if (!to_user && (fd == 1 || !is_disk(fd))) return real(fd, bytes, count);
    enum verdict verdict = judge("write", to_user ? "stdout" : path_of(fd), 1, 1);
    if (verdict == HALF) {
        ssize_t written = real(fd, bytes, count / 2);
        if (!strcmp(getenv("FAULT_MODE"), "tear")) die();
        return written;
    }
    CARRY_OUT(ssize_t, verdict, real(fd, bytes, count));
}

int ftruncate64(int fd, off64_t length) {
    enum verdict verdict = judge("ftruncate", path_of(fd), 0, 0);
    CARRY_OUT(int, verdict, REAL(int, ftruncate64, int, off64_t)(fd, length));
}

int fsync(int fd) {
    enum verdict verdict = judge("fsync", path_of(fd), 0, 0);
    CARRY_OUT(int, verdict, REAL(int, fsync, int)(fd));
}

int fdatasync(int fd) {
    enum verdict verdict = judge("fdatasync", path_of(fd), 0, 0);
    CARRY_OUT(int, verdict, REAL(int, fdatasync, int)(fd));
}

int rename(const char *from, const char *to) {
    enum verdict verdict = judge("rename", to, 0, 0);
    CARRY_OUT(int, verdict, REAL(int, rename, const char *, const char *)(from, to));
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
    enum verdict verdict = judge("link", to, 1, 0);
    CARRY_OUT(int, verdict, REAL(int, linkat, int, const char *, int, const char *, int)(from_dir, from, to_dir, to, flags));
}

int unlink(const char *path) {
    enum verdict verdict = judge("unlink", path, 0, 0);
    CARRY_OUT(int, verdict, REAL(int, unlink, const char *)(path));
}

int mkdir(const char *path, mode_t mode) {
    enum verdict verdict = judge("mkdir", path, 1, 0);
    CARRY_OUT(int, verdict, REAL(int, mkdir, const char *, mode_t)(path, mode));
}
