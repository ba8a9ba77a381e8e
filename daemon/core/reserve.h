#ifndef RESERVE_H
#define RESERVE_H

/*
 * The reserve of a function: room for so many submissions, whatever others do.
 *
 * Each is a kit, put together at init: an envelope for the longest texts, blocks for a body of
 * reserve_size, a waiter, and a slot that nobody else gets. A submission that fits takes a kit before
 * it takes anything of the pool, and the kit comes back when the task has ended.
 *
 * A waiter may outlive its task's kit, where the submission joined another task. Such a kit is bare until
 * a waiter of the function comes back; a background task needs none, and a foreground one gets his from
 * the pool then, if there is one.
 */
#include <stdbool.h>
#include <stddef.h>

#include "function.h"

struct submission;
struct task;
struct waiter;

/* Puts the kits together that the rule of `function` asks for. False: there is no room for them all;
 * what there is, is held until reserve_finish(). */
bool reserve_init(struct router *router, struct function *function);

/* Gives all kits back to the pool. None may be in use. */
void reserve_finish(struct router *router, struct function *function);

/* Is there a kit for a submission with a body of that size? */
bool reserve_serves(const struct function *function, size_t body_size);

/* Takes a kit: an envelope, blank but for its body, that is `reserved`. NULL: none serves. */
struct task *reserve_take(struct router *router, const struct submission *submission);

/* The waiter of the kit of a task that is reserved; NULL when it has been taken. */
struct waiter *reserve_take_waiter(struct router *router, struct task *task);

/* Takes the waiter of a submission to `task` back, if a kit of the function lacks one. */
bool reserve_give_waiter(struct router *router, struct task *task, struct waiter *waiter);

/* Takes the kit of a task that is reserved, and over, back. */
void reserve_give(struct router *router, struct task *task);

/* Blocks of the pool `tasks` that the free kits of a function hold; and those of a kit in use beside the
 * envelope. For router_check(). */
size_t reserve_blocks(const struct router *router, const struct function *function);
size_t reserve_blocks_in_use(const struct router *router, const struct task *task);

#endif
