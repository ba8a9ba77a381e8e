#ifndef REGISTRATION_H
#define REGISTRATION_H

/*
 * A registration ties one peer to one function; it comes from the pool `workers`, stands in the lists of
 * both, and is found by the two. What it means: worker.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "table.h"

struct function;
struct peer;
struct router_need;

struct registration {
    TAILQ_ENTRY(registration) in_peer;
    TAILQ_ENTRY(registration) in_function;
    TAILQ_ENTRY(registration) in_list; /* function->waiting, or peer->unlisted */
    struct registration *next;         /* in its bucket */
    uint64_t since;                    /* its place in function->waiting, */
    uint64_t named;                    /* and in peer->registrations: both grow along the list */
    struct peer *peer;
    struct function *function;
    uint32_t timeout_ms; /* how long it may have a task of this function; 0: as long as others */
    bool is_listed;      /* it is in function->waiting */
};

/* All there are, by peer and function. */
struct registrations {
    struct table buckets; /* struct registration *, linked through `next` */
};

/* For about `count`; with more it becomes slower. False when `runtime` cannot hold it. */
bool registrations_init(struct registrations *registrations, struct pmad *runtime, size_t count);

void registrations_finish(struct registrations *registrations, struct pmad *runtime);

void registrations_needs(size_t count, struct router_need *needs);

void registration_enter(struct registrations *registrations, struct registration *registration);
void registration_leave(struct registrations *registrations, struct registration *registration);

/* That of the peer for the function, or NULL. */
struct registration *registration_find(const struct registrations *registrations,
                                       const struct peer *peer, const struct function *function);

#endif
