#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"
#include "log.h"
#include "text.h"

/* HOST:PORT in two; brackets around an IPv6 address are dropped. */
static void split(const char *address, char *host, const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t size = (size_t)(colon - address);

    if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    }
    memcpy(host, address, size);
    host[size] = '\0';
    *port = colon + 1;
}

void endpoint_name_tcp(struct endpoint *endpoint, const struct sockaddr *address, socklen_t size)
{
    char host[64], port[8];
    struct text name = text_in(endpoint->name, sizeof endpoint->name);

    if (getnameinfo(address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    text_put(&name, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static int listen_at(struct endpoint *endpoint, const struct addrinfo *info, size_t backlog)
{
    int on = 1;
    int err;

    *endpoint = (struct endpoint){.fd = -1, .is_tcp = true};
    endpoint_name_tcp(endpoint, info->ai_addr, info->ai_addrlen);
    endpoint->fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (endpoint->fd < 0)
        return -errno;
    (void)setsockopt(endpoint->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Both families of a name are listened at by a socket each. */
    if (info->ai_family == AF_INET6)
        (void)setsockopt(endpoint->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(endpoint->fd, info->ai_addr, info->ai_addrlen) == 0 &&
        listen(endpoint->fd, (int)backlog) == 0)
        return 0;
    err = -errno;
    close(endpoint->fd);
    return err;
}

/* What to do, or to look for, where that is not plain. */
static const char *remedy_for(int err)
{
    switch (err) {
    case EADDRINUSE:
        return "; another program listens there, or another line of ours";
    case EACCES:
        return "; a port below 1024 takes root or CAP_NET_BIND_SERVICE "
               "(AmbientCapabilities= in a unit)";
    case EADDRNOTAVAIL:
        return "; this machine does not have that address";
    case EAFNOSUPPORT:
        return "; where RestrictAddressFamilies= forbids it, systemd listens for us: ListenStream= "
               "in pmadd.socket";
    default:
        return "";
    }
}

/* Logs why an address could not be had. */
static void log_refusal(const char *address, const char *in_figures, int err)
{
    bool is_same = *in_figures == '\0' || strcmp(address, in_figures) == 0;
    const char *remedy = remedy_for(err);

    log_event(LOG_LISTEN_FAILED, "listen %s: %s%s%s%s", address, is_same ? "" : in_figures,
              is_same ? "" : ": ", strerror(err), remedy);
}

static bool is_loopback(const struct addrinfo *info)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
    } address = {.any = {.sa_family = AF_UNSPEC}};

    memcpy(&address, info->ai_addr, info->ai_addrlen <= sizeof address ? info->ai_addrlen : 0);
    if (address.any.sa_family == AF_INET)
        return ntohl(address.ip4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return address.any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address.ip6.sin6_addr);
}

/* Nobody there has to say who he is: whoever lets other machines in should know it. */
static void warn(const struct endpoint *endpoint, const struct addrinfo *info)
{
    if (is_loopback(info))
        return;
    log_event(LOG_OPEN_TO_OTHERS,
              "other machines can connect, without a password; what they may do is up to tcp in "
              "[access]; listen=%s",
              endpoint->name);
}

/* Every address of the list. One whose family or address this machine does not have is passed over,
 * as long as another one will do: `localhost` often has two names and one address. */
static int listen_at_all(struct endpoint *endpoints, size_t max, const struct addrinfo *list,
                         const char *address, size_t backlog)
{
    const char *in_figures = "";
    size_t count = 0;
    int err = -ENOSPC;

    for (const struct addrinfo *info = list; info != NULL && count < max; info = info->ai_next) {
        err = listen_at(&endpoints[count], info, backlog);
        in_figures = endpoints[count].name;
        if (err == 0)
            warn(&endpoints[count++], info);
        else if (err != -EAFNOSUPPORT && err != -EADDRNOTAVAIL)
            break;
    }
    if (count > 0 && (err == 0 || err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL))
        return (int)count;
    log_refusal(address, in_figures, -err);
    while (count > 0)
        endpoint_close(&endpoints[--count]);
    return err;
}

int endpoint_tcp(struct endpoint *endpoints, size_t max, const char *address, size_t backlog)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char host[CONFIG_ADDRESS_MAX];
    const char *port;
    int err;

    split(address, host, &port);
    err = getaddrinfo(strcasecmp(host, "localhost") == 0 ? NULL : host, port, &hints, &list);
    if (err != 0) {
        log_event(LOG_LISTEN_FAILED, "listen %s: %s", address, gai_strerror(err));
        return err == EAI_SYSTEM ? -errno : -EADDRNOTAVAIL;
    }
    err = listen_at_all(endpoints, max, list, address, backlog);
    freeaddrinfo(list);
    return err;
}