#include "pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "text.h"

enum { PID_TEXT_MAX = 24 };

static int refuse(const char *path, int err)
{
    log_event(LOG_PID_FILE_FAILED, "pid_file %s: %s", path, strerror(err));
    return -err;
}

/* True if nothing is in the open file but a number and a line feed, or less. */
static bool holds_number(int fd)
{
    char bytes[PID_TEXT_MAX + 1];
    ssize_t size = read(fd, bytes, PID_TEXT_MAX);

    if (size < 0 || size == PID_TEXT_MAX)
        return false;
    bytes[size] = '\0';
    return bytes[strspn(bytes, "0123456789 \n")] == '\0';
}

/* A path that was mistyped must not cost anybody a file. */
static int look_at_old(const char *path)
{
    struct stat about;
    bool replaceable;
    int fd;

    if (lstat(path, &about) < 0)
        return errno == ENOENT ? 0 : refuse(path, errno);
    fd = S_ISREG(about.st_mode) ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    replaceable = fd >= 0 && holds_number(fd);
    if (fd >= 0)
        close(fd);
    if (replaceable)
        return 0;
    log_event(LOG_PID_FILE_FAILED,
              "pid_file %s: there is something that is no pid file; it is left alone", path);
    return -EEXIST;
}

static int fill(int fd, const struct process_user *owner)
{
    char bytes[PID_TEXT_MAX];
    struct text text = text_in(bytes, sizeof bytes);
    ssize_t size;

    text_put(&text, "%jd\n", (intmax_t)getpid());
    size = write(fd, bytes, text.used);
    if (size < 0)
        return -errno;
    if ((size_t)size < text.used)
        return -ENOSPC;
    return owner->name != NULL && fchown(fd, owner->uid, owner->gid) < 0 ? -errno : 0;
}

/* Makes the file under a name of its own and moves it to its place. */
static int put(struct pid_file *file, const char *path, const struct process_user *owner)
{
    char fresh[CONFIG_FILE_MAX + PID_TEXT_MAX];
    struct text name = text_in(fresh, sizeof fresh);
    int err;
    int fd;

    text_put(&name, "%s.%jd", path, (intmax_t)getpid());
    (void)unlink(fresh); /* of a process that had our number, and was stopped just here */
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    err = fill(fd, owner);
    if (err == 0 && rename(fresh, path) < 0)
        err = -errno;
    if (err < 0) {
        (void)unlink(fresh);
        close(fd);
        return err;
    }
    *file = (struct pid_file){.path = path, .fd = fd};
    return 0;
}

int pid_file_write(struct pid_file *file, const char *path, const struct process_user *owner)
{
    int err;

    *file = (struct pid_file){.path = NULL, .fd = -1};
    if (path[0] == '\0')
        return 0;
    err = look_at_old(path);
    if (err < 0)
        return err;
    err = put(file, path, owner);
    return err < 0 ? refuse(path, -err) : 0;
}

void pid_file_remove(struct pid_file *file)
{
    struct stat ours, there;

    if (file->path == NULL)
        return;
    if (fstat(file->fd, &ours) == 0 && lstat(file->path, &there) == 0 &&
        ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
        (void)unlink(file->path);
    close(file->fd);
    *file = (struct pid_file){.path = NULL, .fd = -1};
}
