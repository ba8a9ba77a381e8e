#ifndef ANSWER_H
#define ANSWER_H

/*
 * Answers: small frames made at once, in nodes of the pool `wire`. Each returns ROUTER_SKIP when it
 * has been put into the outbox, and halts the peer and returns ROUTER_WAIT when there is no room for
 * it: the request must not have had any effect by then.
 */
#include "gm_frame.h"
#include "router.h"

/* A node with room for `size` bytes; NULL: the peer is halted, answer ROUTER_WAIT. */
struct out *answer_take(struct peer *peer, size_t size);

/* Puts a frame of `type` with its arguments, and `body` as its data, into the outbox; `out` has room
 * for the head. The reference of `body` passes to it. */
void answer_in(struct peer *peer, struct out *out, enum gm_type type, const struct gm_slice *args,
               struct body body);

/* A frame of `type` with its arguments and no data. */
enum router_verdict answer(struct peer *peer, enum gm_type type, const struct gm_slice *args);

/* The codes of ERROR that Gearman's clients know, and ours. */
enum answer_error {
    ERROR_INVALID_COMMAND,
    ERROR_INVALID_MAGIC,
    ERROR_UNKNOWN_OPTION,
    ERROR_JOB_NOT_FOUND,
    ERROR_QUEUE,
    ERROR_ARGUMENT_TOO_LARGE,
    ERROR_ACCESS_DENIED
};

/* Code and usual text of an error, as the arguments of an ERROR. */
void answer_error_args(enum answer_error error, struct gm_slice args[2]);

/* ERROR with the code's usual text, or with `text` where that is not NULL. */
enum router_verdict answer_error(struct peer *peer, enum answer_error error, const char *text);

/* Which limit refused something: the NAME of EXTENSIONS, section 2. */
enum refusal_limit {
    LIMIT_QUEUE,
    LIMIT_BYTES,
    LIMIT_WAITERS,
    LIMIT_TASKS,
    LIMIT_POOL,
    LIMIT_PAYLOAD,
    LIMIT_FUNCTIONS,
    LIMIT_NAME,
    LIMIT_CONNECTION,
    LIMIT_CONNECTIONS,
    LIMIT_REGISTRATIONS,
    LIMIT_DRAINING,
    REFUSAL_LIMITS
};

/* The NAME of a limit, as answers and `stats` have it. */
const char *refusal_name(enum refusal_limit limit);

struct refusal {
    enum refusal_limit limit;
    struct gm_slice function;
    size_t used, of;
    size_t block_size; /* LIMIT_POOL: of the class that was wanted */
};

/* ERROR QUEUE_ERROR with the limit, the function, and how much of it is used; counted by its limit, for the
 * function too where there is such a one. */
enum router_verdict answer_refusal(struct peer *peer, const struct refusal *refusal);

/* The same in a node that is held, with room for ANSWER_REFUSAL_MAX bytes. */
enum { ANSWER_REFUSAL_MAX = 768 };
void answer_refusal_in(struct peer *peer, struct out *out, const struct refusal *refusal);

/* Fills in use and size of the class of `pool` that a request of `size` bytes is meant for. */
struct refusal refusal_of_pool(const struct pmad *pool, struct gm_slice function, size_t size);

#endif
