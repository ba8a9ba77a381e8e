#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "pmadc_internal.h"

enum {
    ADDRESS_SIZE = 4096,
    FULL_BACKLOG_PAUSE_MS = 5 /* before a Unix socket whose queue was full is tried again */
};

/* ---- time and errors ---- */

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t pmadc_deadline(int timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
}

int pmadc_time_left(int64_t deadline)
{
    int64_t left;

    if (deadline == INT64_MAX)
        return -1;
    left = deadline - now_ms();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* One line, whatever came from the other end. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

static void note_error(struct pmadc *client, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void note_error(struct pmadc *client, const char *format, va_list args)
{
    (void)vsnprintf(client->error, sizeof client->error, format, args);
    make_printable(client->error);
}

enum pmadc_status pmadc_fail(struct pmadc *client, enum pmadc_status status, const char *format,
                             ...)
{
    va_list args;

    va_start(args, format);
    note_error(client, format, args);
    va_end(args);
    return status;
}

enum pmadc_status pmadc_die(struct pmadc *client, enum pmadc_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    note_error(client, format, args);
    va_end(args);
    client->dead = true;
    return status;
}

enum pmadc_status pmadc_refuse(struct pmadc *client, struct gm_slice code, struct gm_slice text)
{
    if (code.size >= sizeof client->error_code)
        code.size = sizeof client->error_code - 1;
    (void)pmadc_copy_text(client->error_code, sizeof client->error_code, code);
    make_printable(client->error_code);
    if (text.size > PMADC_ERROR_SIZE)
        text.size = PMADC_ERROR_SIZE;
    return pmadc_fail(client, PMADC_REFUSED, "%s: %.*s", client->error_code, (int)text.size,
                      (const char *)text.bytes);
}

enum pmadc_status pmadc_begin(struct pmadc *client)
{
    if (client->dead)
        return PMADC_LOST;
    client->error[0] = '\0';
    client->error_code[0] = '\0';
    return PMADC_OK;
}

const char *pmadc_error(const struct pmadc *client)
{
    return client != NULL ? client->error : "out of memory";
}

const char *pmadc_error_code(const struct pmadc *client)
{
    return client != NULL ? client->error_code : "";
}

int pmadc_fd(const struct pmadc *client)
{
    return client->fd;
}

/* ---- where the daemon is ---- */

/* In a directory where anyone may create files, only one's own socket is believed. */
static bool exists_and_is_mine(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0 && found.st_uid == geteuid();
}

char *pmadc_address(char *into, size_t room, const char *address)
{
    const char *chosen = address != NULL ? address : getenv("PMADD_SOCKET");
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    if (chosen != NULL && chosen[0] != '\0') {
        (void)snprintf(into, room, "%s", chosen);
        return into;
    }
    if (runtime != NULL && runtime[0] != '\0') {
        (void)snprintf(into, room, "%s/pmadd.sock", runtime);
        if (access(into, F_OK) == 0)
            return into;
    } else if (geteuid() != 0) {
        (void)snprintf(into, room, "/tmp/pmadd-%lu.sock", (unsigned long)geteuid());
        if (exists_and_is_mine(into))
            return into;
    }
    (void)snprintf(into, room, "/run/pmadd/pmadd.sock");
    return into;
}

/* ---- connecting ---- */

static enum pmadc_status connect_failed(struct pmadc *client, const char *address, int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENOTSOCK:
    case EPROTOTYPE:
        return pmadc_die(client, PMADC_NO_DAEMON, "no daemon at %s: %s", address, strerror(error));
    case EACCES:
    case EPERM:
        return pmadc_die(client, PMADC_DENIED, "permission denied at %s", address);
    case ETIMEDOUT:
        return pmadc_die(client, PMADC_TIMEOUT, "timed out while connecting to %s", address);
    default:
        return pmadc_die(client, PMADC_LOST, "cannot connect to %s: %s", address, strerror(error));
    }
}

/* Waits until a connection in progress has come about; returns 0 or an errno. */
static int connect_finish(int fd, int64_t deadline)
{
    struct pollfd poller = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    int ready;

    do
        ready = poll(&poller, 1, pmadc_time_left(deadline));
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return ETIMEDOUT;
    if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return errno;
    return error;
}

/* Returns 0 or an errno. A Unix socket whose queue is full says EAGAIN, and cannot be waited for.
 * */
static int connect_by(int fd, const struct sockaddr *name, socklen_t size, int64_t deadline)
{
    while (connect(fd, name, size) != 0) {
        if (errno == EINPROGRESS || errno == EINTR)
            return connect_finish(fd, deadline);
        if (errno != EAGAIN)
            return errno;
        if (pmadc_time_left(deadline) == 0)
            return ETIMEDOUT;
        (void)poll(NULL, 0, FULL_BACKLOG_PAUSE_MS);
    }
    return 0;
}

/* Opens a socket and connects it; the descriptor is the client's. Returns 0 or an errno. */
static int open_socket(struct pmadc *client, const struct sockaddr *name, socklen_t size,
                       int64_t deadline)
{
    int yes = 1;
    int error;

    client->fd = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        return errno;
    if (name->sa_family != AF_UNIX)
        (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    error = connect_by(client->fd, name, size, deadline);
    if (error != 0) {
        (void)close(client->fd);
        client->fd = -1;
    }
    return error;
}

static enum pmadc_status connect_unix(struct pmadc *client, const char *path, int64_t deadline)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    int error;

    if (size >= sizeof name.sun_path)
        return pmadc_die(client, PMADC_INVALID, "the socket path is longer than %zu bytes: %s",
                         sizeof name.sun_path - 1, path);
    memcpy(name.sun_path, path, size);
    error = open_socket(client, (const struct sockaddr *)&name, sizeof name, deadline);
    return error == 0 ? PMADC_OK : connect_failed(client, path, error);
}

/* Cuts HOST:PORT or [IPV6]:PORT in two, in place; false if it is neither. */
static bool split_host_port(char *address, char **host, char **port)
{
    char *colon = strrchr(address, ':');

    if (colon == NULL || colon == address || colon[1] == '\0')
        return false;
    *colon = '\0';
    *port = colon + 1;
    *host = address;
    if (address[0] == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        *host = address + 1;
    }
    return true;
}

/* Tries every address that the name has, in the order the resolver gives them. */
static enum pmadc_status connect_tcp(struct pmadc *client, const char *address, int64_t deadline)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char copy[ADDRESS_SIZE];
    char *host;
    char *port;
    int error;

    (void)snprintf(copy, sizeof copy, "%s", address);
    if (!split_host_port(copy, &host, &port))
        return pmadc_die(client, PMADC_INVALID,
                         "%s is neither HOST:PORT nor the path of a socket (which has a /)",
                         address);
    error = getaddrinfo(host, port, &hints, &found);
    if (error != 0)
        return pmadc_die(client, PMADC_NO_DAEMON, "no daemon at %s: %s", address,
                         gai_strerror(error));
    error = ENOENT;
    for (struct addrinfo *at = found; at != NULL && error != 0; at = at->ai_next)
        error = open_socket(client, at->ai_addr, at->ai_addrlen, deadline);
    freeaddrinfo(found);
    return error == 0 ? PMADC_OK : connect_failed(client, address, error);
}

enum pmadc_status pmadc_connect(struct pmadc **client, const char *address, int timeout_ms)
{
    int64_t deadline = pmadc_deadline(timeout_ms);
    struct pmadc *made = calloc(1, sizeof *made);
    char where[ADDRESS_SIZE];

    *client = made;
    if (made == NULL)
        return PMADC_MEMORY;
    made->fd = -1;
    made->wake_fd = -1;
    atomic_init(&made->stop, false);
    TAILQ_INIT(&made->questions);
    TAILQ_INIT(&made->tasks);
    TAILQ_INIT(&made->kept);
    SLIST_INIT(&made->registrations);
    (void)pmadc_address(where, sizeof where, address);
    if (strchr(where, '/') != NULL)
        return connect_unix(made, where, deadline);
    return connect_tcp(made, where, deadline);
}

/* ---- closing ---- */

static void free_pendings(struct pmadc_pendings *list)
{
    struct pmadc_pending *first;

    while ((first = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, first, entry);
        free(first);
    }
}

static void free_kept(struct pmadc_kepts *list)
{
    struct pmadc_kept *first;

    while ((first = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, first, entry);
        free(first);
    }
}

static void free_registrations(struct pmadc_registrations *list)
{
    struct pmadc_registration *first;

    while ((first = SLIST_FIRST(list)) != NULL) {
        SLIST_REMOVE_HEAD(list, entry);
        free(first);
    }
}

void pmadc_close(struct pmadc *client)
{
    if (client == NULL)
        return;
    if (client->fd >= 0)
        (void)close(client->fd);
    if (client->wake_fd >= 0)
        (void)close(client->wake_fd);
    free_pendings(&client->questions);
    free_pendings(&client->tasks);
    free_kept(&client->kept);
    free_registrations(&client->registrations);
    free(client->in.bytes);
    free(client->result.bytes);
    free(client->job.bytes);
    free(client);
}
