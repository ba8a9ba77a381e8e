#include "stranger.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "text.h"

/* The address in figures, where there is one. */
static void put_host(struct text *text, int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
    } address = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t size = sizeof address;
    char host[INET6_ADDRSTRLEN] = "tcp";

    (void)getpeername(fd, &address.any, &size);
    if (address.any.sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &address.ip4.sin_addr, host, sizeof host);
    if (address.any.sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &address.ip6.sin6_addr, host, sizeof host);
    text_put(text, "%s", host);
}

void stranger_look_at(struct stranger *stranger, int fd, const struct endpoint *endpoint)
{
    struct text text = text_in(stranger->address, sizeof stranger->address);
    const struct ucred nobody = {.uid = NO_USER, .gid = (gid_t)-1};
    socklen_t size = sizeof stranger->who;

    stranger->is_local = !endpoint->is_tcp;
    stranger->who = nobody;
    stranger->group_count = 0;
    if (!stranger->is_local) {
        put_host(&text, fd);
        return;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &stranger->who, &size) < 0)
        stranger->who = nobody;
    text_put(&text, "unix:%ld", (long)stranger->who.pid);
}

void stranger_remember(struct stranger *stranger, bool is_local, const struct ucred *who)
{
    stranger->is_local = is_local;
    stranger->who = *who;
    stranger->group_count = 0;
    stranger->address[0] = '\0';
}

bool stranger_look_at_groups(struct stranger *stranger, int fd)
{
    socklen_t size = sizeof stranger->groups;

    stranger->group_count = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, stranger->groups, &size) < 0)
        return false;
    stranger->group_count = size / sizeof stranger->groups[0];
    return true;
}

char *who_text(char *into, const struct ucred *who, const char *address)
{
    struct text text = text_in(into, WHO_TEXT_MAX);

    if (who->uid == NO_USER)
        text_put(&text, "address=%s", address);
    else
        text_put(&text, "pid=%ld uid=%lu", (long)who->pid, (unsigned long)who->uid);
    return into;
}
