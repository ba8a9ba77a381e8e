#include "task.h"

#include <string.h>

#include "fail.h"

_Static_assert(sizeof(struct task) == TASK_SIZE_MIN, "a stamp is copied as it lies");

enum { PATTERNS = 251 }; /* the bytes of a task begin somewhere in so many of the pattern */

static size_t task_size;
static uint8_t *pattern;

void tasks_prepare(size_t size)
{
    uint32_t random = 1;

    task_size = size;
    pattern = must_calloc(size + PATTERNS, 1);
    for (size_t i = 0; i < size + PATTERNS; i++) {
        random = random * 1664525u + 1013904223u;
        pattern[i] = (uint8_t)(random >> 24);
    }
}

void task_say(struct conn *conn, struct task task)
{
    conn_say(conn, &task, sizeof task);
    conn_say_lying(conn, pattern + task.number % PATTERNS, task_size - sizeof task);
}

bool task_read(struct task *task, const uint8_t *bytes, size_t size)
{
    if (size != task_size)
        return false;
    memcpy(task, bytes, sizeof *task);
    return true;
}

bool task_is_whole(struct task task, const uint8_t *bytes)
{
    return memcmp(bytes + sizeof task, pattern + task.number % PATTERNS, task_size - sizeof task) ==
           0;
}
