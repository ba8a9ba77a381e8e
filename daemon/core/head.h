#ifndef HEAD_H
#define HEAD_H

/*
 * The heads of frames about a task, written by hand: each task has at least three of them, so they are
 * not put together from slices (gm_head_encode()) but straight from the task. The bytes are the same.
 */
#include <stddef.h>
#include <stdint.h>

#include "gm_frame.h"

struct router;
struct task;

/* Bytes of a head of that type: JOB_CREATED, JOB_ASSIGN and its kin, WORK_*. It depends on nothing that
 * can change while the task has its handle. The two numbers of a WORK_STATUS are its body. */
size_t head_size(const struct router *router, const struct task *task, enum gm_type type);

/* Writes it, for a frame with a body of `body_size`; returns its size. */
size_t head_write(const struct router *router, const struct task *task, enum gm_type type,
                  size_t body_size, uint8_t *into);

#endif
