/* Whole files, read within a bound and replaced without a moment in which half of one is there. */
#include <gatewatch/config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define FD_AUTO __attribute__((cleanup(close_fd))) int

bool file_read(const char *path, size_t max, char **ret_bytes, size_t *ret_len, struct error *err)
{
    bool is_stdin = str_eq(path, "-");
    const char *what = is_stdin ? "standard input" : path;
    FD_AUTO fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return error_set(err, ERR_CONFIG, "%s: %s", what, strerror(errno));
    TEXT_AUTO all = {.max = max};
    char chunk[32 * 1024];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, ERR_CONFIG, "%s: %s", what, strerror(errno));
        if (n == 0)
            break;
        text_add(&all, chunk, (size_t)n);
        if (all.cut)
            return error_set(err, ERR_CONFIG, "%s: larger than %zu bytes", what, max);
    }
    *ret_len = all.len;
    *ret_bytes = text_take(&all);
    return true;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0;
}

/* The name is on disk only when the folder is. */
static bool sync_folder(const char *path)
{
    FREE_AUTO char *folder = xstrdup(path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    FD_AUTO fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
}

bool file_replace(const char *path, const char *bytes, size_t len, struct error *err)
{
    /* A link is followed: the file it names is replaced, not the link. */
    FREE_AUTO char *real = realpath(path, NULL);
    const char *target = real ? real : path;
    FREE_AUTO char *beside = xasprintf("%s.XXXXXX", target);
    FD_AUTO fd = mkostemp(beside, O_CLOEXEC);       /* 0600 */
    if (fd < 0)
        return error_set(err, ERR_CONFIG, "%s: cannot be written: %s", path, strerror(errno));
    if (fchmod(fd, 0600) < 0 || !write_all(fd, bytes, len) || rename(beside, target) < 0) {
        error_set(err, ERR_CONFIG, "%s: cannot be written: %s", path, strerror(errno));
        unlink(beside);
        return false;
    }
    if (!sync_folder(target))
        return error_set(err, ERR_CONFIG, "%s: written, but not flushed to disk: %s", path,
                         strerror(errno));
    return true;
}
