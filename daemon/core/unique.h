#ifndef UNIQUE_H
#define UNIQUE_H

/*
 * Unique ids: which task a submission joins instead of making another one. The index knows every task
 * that is delayed, queued or assigned and has a unique id, by a keyed hash of the id. The id `-` stands
 * for the payload: such a task is found by the hash, then the bytes, of its body; where that is empty
 * it joins nothing.
 *
 * Ids belong to functions. The hash leaves the function out, so that GET_STATUS_UNIQUE, which names
 * none, finds its task too.
 */
#include <stdbool.h>

#include "gm_frame.h"
#include "siphash.h"
#include "table.h"

struct router_need;
struct function;
struct task;

struct uniques {
    struct table buckets; /* struct task *, linked through `unique_next` */
    struct siphash_key key;
};

/* For at most `count` tasks; false when `runtime` cannot hold it. */
bool uniques_init(struct uniques *uniques, struct pmad *runtime, size_t count,
                  struct siphash_key key);

void uniques_finish(struct uniques *uniques, struct pmad *runtime);

void uniques_needs(size_t count, struct router_need *needs);

/* The keyed hash of an id; 0 for one that joins nothing, and for `-`. It is worked out once for each
 * submission, and kept in its task. */
uint32_t unique_hash(const struct uniques *uniques, struct gm_slice unique);

/* Its body is whole: where the id stands for it, this is the hash. */
void unique_arrived(const struct uniques *uniques, struct task *task);

/* Enters a task whose body is whole; takes it out again. What can join nothing is passed over. */
void unique_enter(struct uniques *uniques, struct task *task);
void unique_leave(struct uniques *uniques, struct task *task);

/* The task that a submission like `task`, whose body is whole, joins; NULL: none. */
struct task *unique_twin(const struct uniques *uniques, const struct task *task);

/* The task of that function and id, whose hash that is, or NULL; never for `-`. With a function of NULL:
 * of any, the last one submitted. */
struct task *unique_find(const struct uniques *uniques, const struct function *function,
                         struct gm_slice unique, uint32_t hash);

/* Does this id stand for the payload? */
bool unique_is_payload(struct gm_slice unique);

#endif
