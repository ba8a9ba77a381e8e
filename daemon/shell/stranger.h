#ifndef STRANGER_H
#define STRANGER_H

/* Who is at the other end of a socket that was just accepted, as the kernel tells it. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "endpoint.h"
#include "peer.h"

enum { STRANGER_GROUPS_MAX = 1024, WHO_TEXT_MAX = 80 };

#define NO_USER ((uid_t)-1)

struct stranger {
    bool is_local;    /* it came by the Unix socket */
    struct ucred who; /* its process, user and first group; uid NO_USER: not known */
    size_t group_count;
    gid_t groups[STRANGER_GROUPS_MAX];  /* its supplementary ones; see stranger_look_at_groups() */
    char address[PEER_ADDRESS_MAX + 1]; /* one word: `unix:PID`, or the address in figures */
};

/* Everything but the supplementary groups, which the kernel keeps as they were then. */
void stranger_look_at(struct stranger *stranger, int fd, const struct endpoint *endpoint);

/* The same of somebody who came earlier, from what was known then. */
void stranger_remember(struct stranger *stranger, bool is_local, const struct ucred *who);

/* Those. False when it is in more than there is room for: then none of them is known. */
bool stranger_look_at_groups(struct stranger *stranger, int fd);

/* Words for it: `pid 4711, uid 1000` where a user is known, else `address`. Returns `into`, of
 * WHO_TEXT_MAX bytes. */
char *who_text(char *into, const struct ucred *who, const char *address);

#endif
