#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "endpoint.h"
#include "log.h"
#include "text.h"

union address {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_storage room;
};

/* As it was bound: a path, `@` and an abstract name, or ADDRESS:PORT. */
static void name_it(struct endpoint *endpoint)
{
    union address address = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t size = sizeof address;
    struct text name = text_in(endpoint->name, sizeof endpoint->name);

    if (getsockname(endpoint->fd, &address.any, &size) < 0)
        return;
    if (!endpoint->is_tcp) {
        const char *path = address.local.sun_path;

        text_put(&name, "%s%.*s", path[0] == '\0' ? "@" : "",
                 (int)sizeof address.local.sun_path - 1, path[0] == '\0' ? path + 1 : path);
        return;
    }
    endpoint_name_tcp(endpoint, &address.any, size);
}

/* A word for the log: what the unit calls it. */
static const char *called(char *const *names, int i)
{
    return names != NULL && names[i] != NULL ? names[i] : "unknown";
}

/* Nothing but a stream socket that listens, of a family that we speak, is any use. */
static int take_over(struct endpoint *endpoint, int fd, const char *name)
{
    bool is_local = sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0;
    bool is_tcp = sd_is_socket(fd, AF_INET, SOCK_STREAM, 1) > 0 ||
                  sd_is_socket(fd, AF_INET6, SOCK_STREAM, 1) > 0;
    int flags = fcntl(fd, F_GETFL);

    if (!is_local && !is_tcp) {
        log_event(LOG_PASSED_WRONG,
                  "the service manager passes descriptor %d (%s), which is no stream socket that "
                  "listens; a unit of pmadd has ListenStream=, and Accept=no",
                  fd, name);
        return -EPROTOTYPE;
    }
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    *endpoint = (struct endpoint){.fd = fd, .is_tcp = is_tcp};
    name_it(endpoint);
    return 0;
}

static void forget(char **names)
{
    for (char **name = names; name != NULL && *name != NULL; name++)
        free(*name);
    free((void *)names);
}

int endpoint_passed(struct endpoint *endpoints, size_t max)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(1, &names);
    int err = count < 0 ? count : 0;

    if (count < 0)
        log_event(LOG_PASSED_WRONG, "LISTEN_FDS: %s", strerror(-count));
    if (count > 0 && (size_t)count > max) {
        log_event(LOG_PASSED_WRONG,
                  "the service manager passes %d sockets, at most %zu are listened at", count, max);
        err = -E2BIG;
    }
    for (int i = 0; err == 0 && i < count; i++)
        err = take_over(&endpoints[i], SD_LISTEN_FDS_START + i, called(names, i));
    forget(names);
    return err < 0 ? err : count;
}
