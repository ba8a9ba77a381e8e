#include "notify.h"

#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "text.h"

enum { NOTIFY_MAX = 512 };

bool notify_is_wanted(void)
{
    return getenv("NOTIFY_SOCKET") != NULL;
}

/* The address in $NOTIFY_SOCKET, a path or `@` and an abstract name (sd_notify(3)); 0 if it is none. */
static socklen_t manager_address(struct sockaddr_un *address)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t size = name == NULL ? 0 : strlen(name);

    if (size < 2 || size >= sizeof address->sun_path || (*name != '/' && *name != '@'))
        return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, size);
    if (*name == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

/* sd_notify() waits for a manager that does not read its socket, and a router must not wait: true
 * when there is room for one more message. */
static bool manager_has_room(void)
{
    struct sockaddr_un address;
    socklen_t size = manager_address(&address);
    struct pollfd about = {.events = POLLOUT};
    bool room;

    about.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (about.fd < 0)
        return false;
    room = size > 0 && connect(about.fd, (const struct sockaddr *)&address, size) == 0 &&
           poll(&about, 1, 0) == 1 && (about.revents & POLLOUT) != 0;
    close(about.fd);
    return room;
}

/* True when it was sent. */
static bool tell(const char *message)
{
    return manager_has_room() && sd_notify(0, message) > 0;
}

/* sd_notifyf() would allocate; a message from our own buffer does not. */
static bool notify_tell(const char *state, const char *status)
{
    char bytes[NOTIFY_MAX];
    struct text text = text_in(bytes, sizeof bytes);

    text_put(&text, "%sSTATUS=%s", state, status);
    return tell(text.bytes);
}

bool notify_ready(const char *status)
{
    return notify_tell("READY=1\n", status);
}

void notify_status(const char *status)
{
    (void)notify_tell("", status);
}

void notify_reloading(uint64_t mono_us)
{
    char bytes[NOTIFY_MAX];
    struct text text = text_in(bytes, sizeof bytes);

    text_put(&text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, mono_us);
    (void)tell(text.bytes);
}

void notify_alive(void)
{
    (void)tell("WATCHDOG=1");
}

void notify_stopping(const char *status)
{
    (void)notify_tell("STOPPING=1\n", status);
}
