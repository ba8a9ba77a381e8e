#ifndef ACCESS_H
#define ACCESS_H

/*
 * Who may do what: the lists of [access], their names made numbers. Names are looked up at start
 * and when the config is read again; what a stranger may is then worked out from what the kernel says of it, once, when it
 * connects.
 *
 * Where a key is absent, everybody may submit, work and observe, and nobody may administer. A key that is
 * there lists exactly those who may. Root and the user the daemon runs as may do everything by the
 * Unix socket, whatever the lists say.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "peer.h"
#include "router.h"
#include "stranger.h"
#include "text.h"

enum { ACCESS_GRANTS_MAX = CONFIG_RIGHTS * CONFIG_GRANTS_MAX };

struct access_grant {
    enum config_who who;
    id_t id; /* of the user or group */
    unsigned right;
    size_t pattern; /* its number; ACCESS_EVERY_FUNCTION */
};

#define ACCESS_EVERY_FUNCTION SIZE_MAX

struct access {
    unsigned everybodys; /* rights whose key is absent */
    bool has_groups;     /* among the grants: only then is it asked who is in which */
    size_t grant_count, pattern_count;
    struct access_grant grants[ACCESS_GRANTS_MAX];
    struct router_pattern patterns[CONFIG_PATTERNS_MAX]; /* all different */
};

/* Looks all names up. False when the system knows one of them not, with a line in `*why` for each. */
bool access_resolve(struct access *access, const struct config_access *config, struct text *why);

/* What one peer may do. */
struct access_rights {
    unsigned whole; /* for every function: a set of enum peer_right */
    uint64_t
        some[PEER_RIGHTS]; /* and for those of these patterns, by right: a set of their numbers */
};

/* What this stranger may, whose supplementary groups have been looked at if access->has_groups. */
struct access_rights access_of(const struct access *access, const struct stranger *stranger);

/* What it may do at all, be it for some functions only; 0: nothing. */
unsigned access_any(const struct access_rights *rights);

/* Tells the router of those that are for some functions only. */
void access_grant(const struct access_rights *rights, struct router *router, struct peer *peer);

#endif
