#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fail.h"

enum { BACKLOG = 4096 };

struct address {
    struct sockaddr_storage where;
    socklen_t size;
};

static void address_unix(struct address *address, const char *path)
{
    struct sockaddr_un *where = (struct sockaddr_un *)&address->where;

    if (strlen(path) >= sizeof where->sun_path)
        fail("%s: %s", path, strerror(ENAMETOOLONG));
    where->sun_family = AF_UNIX;
    memcpy(where->sun_path, path, strlen(path) + 1);
    address->size = sizeof *where;
}

static void address_tcp(struct address *address, const char *host_port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(host_port, ':');
    struct addrinfo *found = NULL;
    char host[256];
    int err;

    if (colon == NULL || (size_t)(colon - host_port) >= sizeof host)
        fail("tcp:%s: HOST:PORT is expected", host_port);
    snprintf(host, sizeof host, "%.*s", (int)(colon - host_port), host_port);
    err = getaddrinfo(host, colon + 1, &hints, &found);
    if (err != 0)
        fail("tcp:%s: %s", host_port, gai_strerror(err));
    memcpy(&address->where, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
    freeaddrinfo(found);
}

/* `more` is of socket(2), beside the type. */
static int address_socket(struct address *address, const char *name, int more)
{
    const int on = 1;
    int fd;

    *address = (struct address){0};
    if (strncmp(name, "unix:", 5) == 0)
        address_unix(address, name + 5);
    else if (strncmp(name, "tcp:", 4) == 0)
        address_tcp(address, name + 4);
    else
        fail("%s: unix:PATH or tcp:HOST:PORT is expected", name);
    fd = socket(address->where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | more, 0);
    if (fd < 0)
        fail("socket: %s", strerror(errno));
    if (address->where.ss_family != AF_UNIX &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        fail("TCP_NODELAY: %s", strerror(errno));
    return fd;
}

int address_connect(const char *name)
{
    struct address address;
    int fd = address_socket(&address, name, 0);

    if (connect(fd, (const struct sockaddr *)&address.where, address.size) < 0)
        fail("%s: %s", name, strerror(errno));
    return fd;
}

int address_listen(const char *name)
{
    struct address address;
    int fd = address_socket(&address, name, SOCK_NONBLOCK);
    const int on = 1;

    if (address.where.ss_family == AF_UNIX)
        unlink(((const struct sockaddr_un *)&address.where)->sun_path);
    else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        fail("SO_REUSEADDR: %s", strerror(errno));
    if (bind(fd, (const struct sockaddr *)&address.where, address.size) < 0 ||
        listen(fd, BACKLOG) < 0)
        fail("%s: %s", name, strerror(errno));
    return fd;
}
