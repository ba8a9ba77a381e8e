#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "endpoint.h"
#include "log.h"
#include "text.h"

enum { LOCK_TRIES = 50, LOCK_PAUSE_NS = 20 * 1000 * 1000 };

/* The directory a path is in, as a path. */
static void directory_of(char *into, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path);

    if (slash == NULL) {
        memcpy(into, ".", 2);
        return;
    }
    if (size == 0)
        size = 1;
    memcpy(into, path, size);
    into[size] = '\0';
}

/*
 * Two daemons that start at once must not both find the file stale, so the steps from looking to
 * listening are taken under a lock on the directory, which leaves nothing behind. Returns its
 * descriptor; -1 where it may not be opened or somebody sits on it: then there is no such race to
 * fear but from those who could remove the file anyway.
 */
static int lock_directory(const char *directory)
{
    struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        nanosleep(&pause, NULL);
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Where the socket is to be, and what is said where it cannot. */
struct place {
    struct sockaddr_un address;
    char directory[CONFIG_PATH_MAX];
    struct text *why;
};

/* Says why there can be no file of ours there; returns -err. */
static int refuse_file(const struct place *place, int err)
{
    const char *path = place->address.sun_path;

    switch (err) {
    case ENOENT:
    case ENOTDIR:
        text_put(place->why,
                 "socket %s: there is no directory %s; create it, or choose another place with "
                 "--socket PATH",
                 path, place->directory);
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        text_put(place->why,
                 "socket %s: %s: no right to files in %s; choose another place with --socket PATH",
                 path, strerror(err), place->directory);
        break;
    default:
        text_put(place->why, "socket %s: %s", path, strerror(err));
    }
    return -err;
}

/* 0 when somebody listens there, ECONNREFUSED when nobody does, else why that cannot be told. */
static int try_connect(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int err;

    if (fd < 0)
        return errno;
    err = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? errno : 0;
    close(fd);
    return err == EAGAIN ? 0 : err; /* a full backlog is somebody's */
}

/* Makes room for a socket of ours where there is a file already. Returns 0 when it is gone. */
static int remove_stale(const struct place *place)
{
    const char *path = place->address.sun_path;
    struct stat about;
    int err;

    if (lstat(path, &about) < 0)
        return errno == ENOENT ? 0 : refuse_file(place, errno);
    if (!S_ISSOCK(about.st_mode)) {
        text_put(place->why, "socket %s: there is a file that is no socket; it is left alone",
                 path);
        return -EEXIST;
    }
    err = try_connect(&place->address);
    if (err == 0) {
        text_put(place->why,
                 "socket %s: a daemon is running there already; stop it, or choose another place "
                 "with --socket PATH",
                 path);
        return -EADDRINUSE;
    }
    if (err != ECONNREFUSED) {
        text_put(place->why,
                 "socket %s: %s: whether somebody still listens there cannot be seen; it is left "
                 "alone",
                 path, strerror(err));
        return -EADDRINUSE;
    }
    if (unlink(path) < 0 && errno != ENOENT)
        return refuse_file(place, errno);
    log_event(LOG_SOCKET_REPLACED, "nobody answered there any more; socket=%s", path);
    return 0;
}

/* bind(2) makes the file, so the umask decides what it may from the first moment; nobody can
 * connect before listen(2), when its owner and group are right too. */
static int bind_file(int fd, const struct sockaddr_un *address, unsigned mode)
{
    mode_t mask = umask((mode_t)(~mode & 0777));
    int err = bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? -errno : 0;

    (void)umask(mask);
    return err;
}

static int give_to_owner(const struct place *place, const struct process_user *owner)
{
    const char *path = place->address.sun_path;

    if (owner->name == NULL || chown(path, owner->uid, owner->gid) == 0)
        return 0;
    return refuse_file(place, errno);
}

static int give_to_group(const struct place *place, const char *name)
{
    const struct group *group;

    if (name[0] == '\0')
        return 0;
    errno = 0;
    group = getgrnam(name);
    if (group == NULL) {
        int err = errno != 0 ? errno : ENOENT;

        text_put(place->why, "socket_group %s: %s", name,
                 err == ENOENT ? "there is no such group" : strerror(err));
        return -err;
    }
    if (chown(place->address.sun_path, (uid_t)-1, group->gr_gid) < 0) {
        int err = errno;

        text_put(place->why, "socket_group %s: %s: be a member of it, or leave the key out", name,
                 strerror(err));
        return -err;
    }
    return 0;
}

/* From a bound file to a listening socket; the file is removed again where that fails. */
static int open_file(struct endpoint *endpoint, const struct config_server *server,
                     const struct process_user *owner, const struct place *place)
{
    const char *path = endpoint->path;
    struct stat about = {0};
    int err = give_to_owner(place, owner);

    if (err == 0)
        err = give_to_group(place, server->socket_group);
    if (err == 0 && (lstat(path, &about) < 0 || listen(endpoint->fd, (int)server->backlog) < 0))
        err = refuse_file(place, errno);
    if (err < 0)
        (void)unlink(path);
    endpoint->device = about.st_dev;
    endpoint->inode = about.st_ino;
    return err;
}

static int listen_locked(struct endpoint *endpoint, const struct config_server *server,
                         const struct process_user *owner, const struct place *place)
{
    int err = remove_stale(place);

    if (err < 0)
        return err;
    err = bind_file(endpoint->fd, &place->address, server->socket_mode);
    if (err < 0)
        return refuse_file(place, -err);
    return open_file(endpoint, server, owner, place);
}

int endpoint_unix(struct endpoint *endpoint, const struct config_server *server,
                  const struct process_user *owner, struct text *why)
{
    struct place place = {.address = {.sun_family = AF_UNIX}, .why = why};
    size_t size = strnlen(server->socket, sizeof server->socket);
    struct text name;
    int lock;
    int err;

    if (size >= sizeof place.address.sun_path) {
        text_put(why, "socket: the path is too long, at most %zu bytes",
                 sizeof place.address.sun_path - 1);
        return -ENAMETOOLONG;
    }
    *endpoint = (struct endpoint){.fd = -1};
    name = text_in(endpoint->name, sizeof endpoint->name);
    text_put(&name, "%s", server->socket);
    memcpy(endpoint->path, server->socket, size + 1);
    memcpy(place.address.sun_path, server->socket, size + 1);
    directory_of(place.directory, server->socket);

    endpoint->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (endpoint->fd < 0)
        return refuse_file(&place, errno);
    lock = lock_directory(place.directory);
    err = listen_locked(endpoint, server, owner, &place);
    if (lock >= 0)
        close(lock);
    if (err < 0)
        close(endpoint->fd);
    return err;
}

void endpoint_close(struct endpoint *endpoint)
{
    struct stat about;

    if (endpoint->path[0] != '\0' && lstat(endpoint->path, &about) == 0 &&
        about.st_dev == endpoint->device && about.st_ino == endpoint->inode)
        (void)unlink(endpoint->path);
    close(endpoint->fd);
    endpoint->fd = -1;
}
