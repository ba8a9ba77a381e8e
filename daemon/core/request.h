#ifndef REQUEST_H
#define REQUEST_H

/*
 * Requests: what each packet does. router_begin() looks the type up in one table (request.c) and calls
 * its handler; a handler either does all there is to do, or opens the door for a body and leaves the
 * rest to its commit. Those of SUBMIT_* are in request_submit.c, those of WORK_* in request_work.c.
 */
#include <stdbool.h>

#include "answer.h"
#include "function.h"
#include "gm_frame.h"
#include "peer.h"
#include "router.h"

/* One request: who asks what. `row` is its line in the table. */
struct request {
    struct router *router;
    struct peer *peer;
    const struct gm_head *head;
    const struct handler *row;
};

struct handler {
    enum router_verdict (*begin)(const struct request *request);
    enum peer_right right;       /* that it takes; 0: none */
    enum task_priority priority; /* SUBMIT_* */
    enum gm_type answer;         /* GRAB_*: how a task is assigned, at most */
    uint8_t due, reducer;        /* SUBMIT_*: which argument says so; 0: none does */
    bool background;             /* SUBMIT_* */
    bool closes;                 /* who asks without the right is closed */
    bool names_function;         /* its first argument is the one that the right is about */
};

enum router_verdict begin_submit(const struct request *request);
void commit_submit(struct router *router, struct peer *peer, struct door *door);

enum router_verdict begin_final(const struct request *request);
void commit_final(struct router *router, struct peer *peer, struct door *door);
enum router_verdict begin_event(const struct request *request);
void commit_event(struct router *router, struct peer *peer, struct door *door);
enum router_verdict begin_fail(const struct request *request);
enum router_verdict begin_status(const struct request *request);

/* Is the name one that a function can have? */
bool request_is_name(const struct router *router, struct gm_slice name);

/* Refuses what is asked of the function that the first argument names, because of a limit. */
enum router_verdict request_refuse(const struct request *request, enum refusal_limit limit,
                                   size_t used, size_t of);

/* ERROR INVALID_COMMAND that names the packet, then says `what` is wrong with it. */
enum router_verdict request_malformed(const struct request *request, const char *what);

/* A head whose arguments are missing or too long: says so, names the packet, skips the frame. */
enum router_verdict request_bad_arguments(struct router *router, struct peer *peer,
                                          const struct gm_head *head);

/* Not this protocol: says so and closes. */
enum router_verdict request_bad_magic(struct peer *peer);

#endif
