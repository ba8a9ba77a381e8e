#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ctl_payload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FIRST_READ = 64 * 1024,
    PAYLOAD_MAX = 1024 * 1024 * 1024 /* bytes; no daemon takes more, pmadd.conf(5) */
};

/* Never to much more than may be read; false: there is no memory. */
static bool widen(struct ctl_payload *payload)
{
    size_t wider = payload->room == 0 ? FIRST_READ : 2 * payload->room;
    uint8_t *bytes;

    if (wider > PAYLOAD_MAX)
        wider = (size_t)PAYLOAD_MAX + 1; /* the one byte that is too many */
    bytes = realloc(payload->bytes, wider);
    if (bytes == NULL)
        return false;
    payload->bytes = bytes;
    payload->room = wider;
    return true;
}

/* Reads all there is, up to one byte more than PAYLOAD_MAX; 0 or an errno. */
static int read_all(int fd, struct ctl_payload *payload)
{
    struct stat about;
    ssize_t got;

    /* A file need not be read to know that too much of it is left. */
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
        about.st_size - lseek(fd, 0, SEEK_CUR) > PAYLOAD_MAX)
        return EFBIG;
    do {
        if (payload->size == payload->room && !widen(payload))
            return ENOMEM;
        got = read(fd, payload->bytes + payload->size, payload->room - payload->size);
        if (got > 0)
            payload->size += (size_t)got;
    } while (payload->size <= PAYLOAD_MAX && (got > 0 || (got < 0 && errno == EINTR)));
    if (payload->size > PAYLOAD_MAX)
        return EFBIG;
    return got < 0 ? errno : 0;
}

static bool is_stdin(const char *file)
{
    return file == NULL || strcmp(file, "-") == 0;
}

const char *ctl_payload_source(const char *file)
{
    return is_stdin(file) ? "stdin" : file;
}

const char *ctl_payload_read(struct ctl_payload *payload, const char *file)
{
    int fd = is_stdin(file) ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    int error;

    payload->size = 0;
    error = fd < 0 ? errno : read_all(fd, payload);
    if (fd > STDIN_FILENO)
        (void)close(fd);
    if (error == 0)
        return NULL;
    return error == EFBIG ? "it is longer than 1 GiB, the most that a payload can be"
                          : strerror(error);
}
