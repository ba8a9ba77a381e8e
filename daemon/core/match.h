#ifndef MATCH_H
#define MATCH_H

/*
 * Where tasks that wait meet workers that wait. While something is done, a request or the end of a peer,
 * it is only noted whom it will be about; they are brought together when it is done. So the tasks of a
 * worker that was lost are all back in their queues before others get them.
 *
 * There is one order for a function: of those that wait (worker.h), the longest first. Who has credit
 * is given the task; who sleeps is woken to ask for it, as many as tasks wait (times `worker_wakeup`)
 * beyond those already woken for it. A woken worker counts until it asks, sleeps again, leaves, or has let
 * a second pass (DEADLINE_WOKEN); then its function is looked at again, so that no task waits beside a
 * worker that does.
 */
struct function;
struct peer;
struct router;

/* Tasks of the function have come, or workers for it: it is to be looked at. */
void match_stir(struct router *router, struct function *function);

/* The peer is free and does not wait yet: it is to be served, or to wait from then on. */
void match_freed(struct peer *peer);

/* It leaves. */
void match_forget(struct peer *peer);

/* Brings together what was noted: behind everything that is done. */
void match_all(struct router *router);

#endif
