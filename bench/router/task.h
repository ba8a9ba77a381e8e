#ifndef TASK_H
#define TASK_H

/*
 * What is sent as a task, and comes back as its result: a stamp that says whose it is and when it
 * began, so that nobody has to look anything up, and behind it bytes that follow from its number.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conn.h"

enum { TASK_SIZE_MIN = 16 };

struct task {
    uint64_t start_ns;
    uint32_t number; /* of all tasks of a run, in the order of their making; may wrap */
    uint16_t client;
    uint16_t run; /* whose process has made it */
};

/* All tasks will have `size` bytes, TASK_SIZE_MIN at least. */
void tasks_prepare(size_t size);

/* Says the bytes of a task. */
void task_say(struct conn *conn, struct task task);

/* Reads the stamp of one; false if that cannot be one of ours, by its size. */
bool task_read(struct task *task, const uint8_t *bytes, size_t size);

/* True if every byte behind the stamp is as task_say() has it. */
bool task_is_whole(struct task task, const uint8_t *bytes);

#endif
