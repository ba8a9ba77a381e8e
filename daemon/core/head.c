#include "head.h"

#include <string.h>

#include "router_state.h"
#include "task.h"

/* What is behind the handle of an assignment, each with a NUL. */
enum { NAME = 1, UNIQUE = 2, REDUCER = 4 };

static unsigned texts_of(enum gm_type type)
{
    switch (type) {
    case GM_JOB_ASSIGN:
        return NAME;
    case GM_JOB_ASSIGN_UNIQ:
        return NAME | UNIQUE;
    case GM_JOB_ASSIGN_ALL:
        return NAME | UNIQUE | REDUCER;
    default:
        return 0;
    }
}

/* Where nothing follows the handle, no NUL does. */
static size_t nul_behind(enum gm_type type)
{
    return type != GM_JOB_CREATED && type != GM_WORK_FAIL;
}

size_t head_size(const struct router *router, const struct task *task, enum gm_type type)
{
    unsigned texts = texts_of(type);
    size_t size = GM_HEADER_SIZE + router->slots.handle_size + nul_behind(type);

    if (texts & NAME)
        size += task->function->name_size + 1u;
    if (texts & UNIQUE)
        size += task->unique_size + 1u;
    if (texts & REDUCER)
        size += task->reducer_size + 1u;
    return size;
}

/* A text and a NUL; returns what is behind them. */
static uint8_t *add_text(uint8_t *at, const uint8_t *bytes, size_t size)
{
    memcpy(at, bytes, size);
    at[size] = 0;
    return at + size + 1;
}

size_t head_write(const struct router *router, const struct task *task, enum gm_type type,
                  size_t body_size, uint8_t *into)
{
    unsigned texts = texts_of(type);
    uint8_t *at = into + GM_HEADER_SIZE;

    at += handle_format(&router->slots, task_handle(router, task), at);
    if (nul_behind(type))
        *at++ = 0;
    if (texts & NAME)
        at = add_text(at, task->function->name, task->function->name_size);
    if (texts & UNIQUE)
        at = add_text(at, task->unique, task->unique_size);
    if (texts & REDUCER)
        at = add_text(at, task_reducer(task), task->reducer_size);
    gm_header_write(into, GM_RES, type, (size_t)(at - into) - GM_HEADER_SIZE + body_size);
    return (size_t)(at - into);
}
