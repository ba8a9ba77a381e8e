#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { BACKLOG = 64, UMASK = 0117, LOOPBACK_NET = 127 };

static enum place_status failed(char why[PLACE_TEXT])
{
    (void)snprintf(why, PLACE_TEXT, "cannot listen there: %s", strerror(errno));
    return PLACE_FAILED;
}

/* ---- a Unix socket ---- */

/* It is a socket, and nobody listens at it. */
static bool is_left_over(const struct sockaddr_un *address)
{
    struct stat file;
    int fd = -1;
    bool refused;

    if (lstat(address->sun_path, &file) == 0 && S_ISSOCK(file.st_mode))
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    refused =
        connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    (void)close(fd);
    return refused;
}

static int bind_unix(int fd, const struct sockaddr_un *address)
{
    mode_t before = umask(UMASK);
    int err = bind(fd, (const struct sockaddr *)address, sizeof *address);

    (void)umask(before);
    return err;
}

static enum place_status open_unix(struct place *place, const char *text, char why[PLACE_TEXT])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(text) >= sizeof address.sun_path) {
        (void)snprintf(why, PLACE_TEXT, "the path of a Unix socket has at most %zu bytes",
                       sizeof address.sun_path - 1);
        return PLACE_WRONG;
    }
    memcpy(address.sun_path, text, strlen(text) + 1);
    (void)snprintf(place->name, sizeof place->name, "%s", text);
    place->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (place->fd < 0)
        return failed(why);
    if (is_left_over(&address))
        (void)unlink(text);
    if (bind_unix(place->fd, &address) < 0 || listen(place->fd, BACKLOG) < 0) {
        enum place_status status = failed(why);

        (void)close(place->fd);
        return status;
    }
    place->path = text;
    return PLACE_OK;
}

/* ---- TCP ---- */

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 ==
               LOOPBACK_NET;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

/* Cuts HOST:PORT or [HOST]:PORT; false if it is neither. */
static bool cut(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':');

    if (colon == NULL || colon == text || colon[1] == '\0')
        return false;
    *colon = '\0';
    *port = colon + 1;
    *host = text;
    if (text[0] == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        *host = text + 1;
    }
    return true;
}

static int listen_at(const struct addrinfo *info)
{
    const int on = 1;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* The name it has now that the system has chosen a port. */
static void name_place(struct place *place)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    char host[PLACE_TEXT / 2] = "";
    char port[PLACE_TEXT / 4] = "";

    (void)getsockname(place->fd, (struct sockaddr *)&address, &size);
    (void)getnameinfo((const struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(place->name, sizeof place->name,
                   address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static enum place_status open_tcp(struct place *place, const char *text, char why[PLACE_TEXT])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *info = NULL;
    char copy[PLACE_TEXT];
    char *host, *port;
    enum place_status status = PLACE_OK;

    (void)snprintf(copy, sizeof copy, "%s", text);
    if (strlen(text) >= sizeof copy || !cut(copy, &host, &port) ||
        getaddrinfo(host, port, &hints, &info) != 0) {
        (void)snprintf(why, PLACE_TEXT,
                       "it is neither the path of a Unix socket nor HOST:PORT in digits");
        return PLACE_WRONG;
    }
    if (!is_loopback(info->ai_addr)) {
        (void)snprintf(why, PLACE_TEXT,
                       "it is no loopback address; others need a proxy that knows whom to let in");
        status = PLACE_WRONG;
    } else {
        place->fd = listen_at(info);
        status = place->fd < 0 ? failed(why) : PLACE_OK;
    }
    freeaddrinfo(info);
    if (status == PLACE_OK)
        name_place(place);
    return status;
}

enum place_status place_open(struct place *place, const char *text, char why[PLACE_TEXT])
{
    *place = (struct place){.fd = -1};
    return strchr(text, '/') != NULL ? open_unix(place, text, why) : open_tcp(place, text, why);
}

/* ---- one that systemd has opened ---- */

/* What may be asked by others than this machine's, or nothing. */
static bool is_open_to_others(const struct sockaddr *address)
{
    return address->sa_family != AF_UNIX && !is_loopback(address);
}

static enum place_status take_passed(struct place *place, int count, char why[PLACE_TEXT])
{
    union {
        struct sockaddr any;
        struct sockaddr_un path;
        struct sockaddr_in6 room;
    } address = {.path = {.sun_family = AF_UNSPEC}};
    socklen_t size = sizeof address;
    int fd = SD_LISTEN_FDS_START;

    if (count != 1) {
        (void)snprintf(why, PLACE_TEXT, "%d sockets are passed on; one is wanted", count);
        return PLACE_WRONG;
    }
    if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0 ||
        getsockname(fd, &address.any, &size) < 0 || is_open_to_others(&address.any)) {
        (void)snprintf(why, PLACE_TEXT,
                       "it does not listen at a loopback address or the path of a Unix socket");
        return PLACE_WRONG;
    }
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return failed(why);
    place->fd = fd;
    if (address.any.sa_family == AF_UNIX)
        (void)snprintf(place->name, sizeof place->name, "%s", address.path.sun_path);
    else
        name_place(place);
    return PLACE_OK;
}

bool place_passed(struct place *place, enum place_status *status, char why[PLACE_TEXT])
{
    int count = sd_listen_fds(1);

    *place = (struct place){.fd = -1};
    if (count <= 0)
        return false;
    *status = take_passed(place, count, why);
    return true;
}

void place_remove(const struct place *place)
{
    if (place->path != NULL)
        (void)unlink(place->path);
}
