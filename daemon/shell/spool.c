#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gm_frame.h"
#include "gm_packet.h"
#include "log.h"
#include "router.h"
#include "text.h"

enum { HEAD_ROOM = 8192, PARTS = 16, ASIDE_MAX = 1000, NAME_ROOM = 64 };

static const char file_name[] = "tasks.spool";
static const char new_name[] = "tasks.spool.new";

static int refuse(const struct spool *spool, const char *name, const char *what, int err)
{
    log_event(LOG_SPOOL_FAILED, "spool %s%s%s: %s%s", spool->directory, name[0] ? "/" : "", name,
              what, strerror(-err));
    return err;
}

int spool_open(struct spool *spool, const char *directory)
{
    int err = 0;

    /* All of it is written to: no page of it is to be first touched at the end. */
    *spool = (struct spool){.fd = -1, .out = -1};
    if (directory[0] == '\0')
        return 0;
    spool->directory = directory;
    spool->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (spool->fd < 0)
        return refuse(spool, "", "", -errno);
    if (faccessat(spool->fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
        err = refuse(spool, "", "cannot be written to: ", -errno);
    else if (flock(spool->fd, LOCK_EX | LOCK_NB) < 0)
        err = refuse(spool, "", "another daemon has it: ", -errno);
    if (err < 0)
        spool_close(spool);
    return err;
}

void spool_close(struct spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = -1;
}

/* ---- the file ---- */

/* The spool that is there; -ENOENT: none. */
static int open_old(const struct spool *spool)
{
    int fd = openat(spool->fd, file_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* Reads all of it, and begins anew. */
static bool is_sound(struct spool_reader *reader, int fd)
{
    enum spool_item item;

    spool_read_begin(reader, fd);
    do
        item = spool_read_next(reader);
    while (item == SPOOL_FRAME);
    return item == SPOOL_END && lseek(fd, 0, SEEK_SET) == 0;
}

/* A damaged spool is kept, under a name that nothing has yet. */
static int put_aside(const struct spool *spool)
{
    char name[NAME_ROOM];
    int err = -EEXIST;

    log_event(LOG_SPOOL_DAMAGED, "spool %s/%s: damaged at offset %" PRIu64 ": %s", spool->directory,
              file_name, spool->reader.offset, spool->reader.fault);
    for (int i = 1; err == -EEXIST && i < ASIDE_MAX; i++) {
        (void)snprintf(name, sizeof name, "%s.damaged.%d", file_name, i);
        err = renameat2(spool->fd, file_name, spool->fd, name, RENAME_NOREPLACE) < 0 ? -errno : 0;
    }
    if (err < 0)
        return refuse(spool, file_name, "cannot be put aside: ", err);
    log_event(LOG_SPOOL_PUT_ASIDE, "none of its tasks was submitted; file=%s/%s", spool->directory,
              name);
    return 0;
}

static int begin_new(struct spool *spool)
{
    (void)unlinkat(spool->fd, new_name, 0); /* of a daemon that was stopped just here */
    spool->out = openat(spool->fd, new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (spool->out < 0)
        return -errno;
    spool_write_begin(&spool->writer, spool->out);
    return 0;
}

/* The new file takes the place of the old one if `err` is 0 and all of it is on the disk, or goes. */
static int end_new(struct spool *spool, int err)
{
    if (err == 0)
        err = spool_write_end(&spool->writer);
    if (close(spool->out) < 0 && err == 0)
        err = -errno;
    spool->out = -1;
    if (err == 0 && renameat(spool->fd, new_name, spool->fd, file_name) < 0)
        err = -errno;
    if (err < 0)
        (void)unlinkat(spool->fd, new_name, 0);
    else if (fsync(spool->fd) < 0)
        err = -errno;
    return err;
}

/* What the reader has just come to, into the new file. */
static bool copy_frame(struct spool *spool, struct spool_reader *reader)
{
    uint8_t bytes[HEAD_ROOM];
    bool good = spool_write_frame(&spool->writer, reader->left);

    while (good && reader->left > 0) {
        size_t size = spool_read_bytes(reader, bytes, sizeof bytes);

        good = size > 0 && spool_write_bytes(&spool->writer, bytes, size);
    }
    return good && spool_write_frame_end(&spool->writer);
}

/* ---- submitting ---- */

/* A submission that is being made: what has been read of its frame, and where it goes. */
struct entry {
    struct router *router;
    struct peer *peer;
    struct spool_reader *reader;
    size_t size, used; /* bytes of the frame in `bytes`, and of them, looked at */
    uint8_t bytes[HEAD_ROOM];
};

/* Everything that the peer is told; true if the first of it is JOB_CREATED. */
static bool hear_created(struct peer *peer)
{
    struct iovec slices[PARTS];
    bool created = false, first = true;
    size_t count;

    while ((count = peer_output(peer, slices, PARTS)) > 0) {
        const uint8_t *head = slices[0].iov_base;
        size_t bytes = 0;

        created = first ? slices[0].iov_len > GM_HEADER_SIZE && head[7] == GM_JOB_CREATED : created;
        first = false;
        for (size_t i = 0; i < count; i++)
            bytes += slices[i].iov_len;
        peer_output_sent(peer, bytes);
    }
    return created;
}

/* The next bytes of the frame. */
static void take_bytes(struct entry *entry, uint8_t *into, size_t size)
{
    size_t here = entry->size - entry->used;
    size_t part = size < here ? size : here;

    memcpy(into, entry->bytes + entry->used, part);
    entry->used += part;
    if (part < size)
        (void)spool_read_bytes(entry->reader, into + part, size - part);
}

static void take_body(struct entry *entry, size_t left)
{
    struct iovec room[PARTS];
    size_t count;

    while (left > 0 && (count = router_body(entry->peer, room, PARTS)) > 0) {
        size_t bytes = 0;

        for (size_t i = 0; i < count; i++) {
            take_bytes(entry, room[i].iov_base, room[i].iov_len);
            bytes += room[i].iov_len;
        }
        router_body_got(entry->peer, bytes);
        left -= bytes;
    }
    if (left > 0)
        router_body_got(entry->peer, left);
}

/* True if the router has taken it. */
static bool submit(struct entry *entry)
{
    size_t size = entry->reader->left;
    struct gm_head head;

    entry->used = 0;
    entry->size = spool_read_bytes(entry->reader, entry->bytes, sizeof entry->bytes);
    if (gm_head_decode(&head, entry->bytes, entry->size, sizeof entry->bytes) != GM_HEAD ||
        head.magic != GM_REQ || head.head_size + head.body_size != size)
        return false;
    entry->used = head.head_size;
    if (router_begin(entry->router, entry->peer, &head) == ROUTER_TAKE) {
        take_body(entry, head.body_size);
        router_commit(entry->router, entry->peer);
    }
    return hear_created(entry->peer);
}

/* Submits all; what is refused goes into the new file, which is begun with the first of these. Returns
 * how many were taken, or a negative errno. */
static int64_t submit_all(struct spool *spool, struct router *router, int fd, int fd_again)
{
    struct peer peer;
    struct entry entry = {.router = router, .peer = &peer, .reader = &spool->reader};
    int64_t taken = 0;
    int err = 0;

    spool_read_begin(&spool->reader, fd);
    spool_read_begin(&spool->again, fd_again);
    router_connect(router, &peer, -1, "spool", RIGHT_SUBMIT);
    while (err == 0 && spool_read_next(&spool->reader) == SPOOL_FRAME &&
           spool_read_next(&spool->again) == SPOOL_FRAME) {
        if (submit(&entry)) {
            taken++;
            continue;
        }
        if (spool->out < 0)
            err = begin_new(spool);
        if (err == 0 && !copy_frame(spool, &spool->again))
            err = spool->writer.err < 0 ? spool->writer.err : -EIO;
    }
    router_disconnect(router, &peer);
    if (spool->out >= 0)
        err = end_new(spool, err);
    else if (err == 0 && (unlinkat(spool->fd, file_name, 0) < 0 || fsync(spool->fd) < 0))
        err = -errno;
    return err < 0 ? err : taken;
}

/* The same file for two readers. */
static int restore_from(struct spool *spool, struct router *router, int fd)
{
    int again = open_old(spool);
    int64_t taken;

    if (again < 0)
        return refuse(spool, file_name, "", again);
    taken = submit_all(spool, router, fd, again);
    close(again);
    if (taken < 0)
        return refuse(spool, file_name, "", (int)taken);
    log_event(LOG_SPOOL_READ, "background tasks were submitted again; spool=%s tasks=%" PRIi64,
              spool->directory, taken);
    if ((uint64_t)taken < spool->reader.count)
        log_event(LOG_SPOOL_FULL, "some found no room and stay in it; spool=%s tasks=%" PRIu64,
                  spool->directory, spool->reader.count - (uint64_t)taken);
    return 0;
}

int spool_restore(struct spool *spool, struct router *router)
{
    int err = 0;
    int fd;

    if (spool->directory == NULL)
        return 0;
    fd = open_old(spool);
    if (fd == -ENOENT)
        return 0;
    if (fd < 0)
        return refuse(spool, file_name, "", fd);
    err = is_sound(&spool->reader, fd) ? restore_from(spool, router, fd) : put_aside(spool);
    close(fd);
    return err;
}

/* ---- keeping ---- */

/* What found no room at the start comes first. */
static int copy_old(struct spool *spool)
{
    int fd = open_old(spool);
    int err = 0;

    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    if (is_sound(&spool->reader, fd)) {
        spool_read_begin(&spool->reader, fd);
        while (err == 0 && spool_read_next(&spool->reader) == SPOOL_FRAME)
            err = copy_frame(spool, &spool->reader) ? 0 : -EIO;
    } else {
        err = put_aside(spool);
    }
    close(fd);
    return err;
}

/* The first one begins the file: where there is nothing to keep, nothing is written. */
static bool keep_begin(void *user, size_t size)
{
    struct spool *spool = user;
    int err = spool->out < 0 ? begin_new(spool) : 0;

    if (err == 0 && spool->writer.count == 0)
        err = copy_old(spool);
    if (err < 0)
        spool->writer.err = err;
    return err == 0 && spool_write_frame(&spool->writer, size);
}

static bool keep_put(void *user, const void *bytes, size_t size)
{
    struct spool *spool = user;

    return spool_write_bytes(&spool->writer, bytes, size);
}

static bool keep_end(void *user)
{
    struct spool *spool = user;

    return spool_write_frame_end(&spool->writer);
}

bool spool_keep(struct spool *spool, const struct router *router)
{
    const struct router_keeper keeper = {spool, keep_begin, keep_put, keep_end};
    int err = 0;

    if (spool->directory == NULL)
        return false;
    if (!router_keep(router, &keeper))
        err = spool->writer.err;
    if (spool->out >= 0)
        err = end_new(spool, err);
    if (err < 0)
        (void)refuse(spool, file_name, "could not be written: ", err);
    spool->failed = err < 0;
    return err == 0;
}
