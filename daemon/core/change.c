#include "change.h"

#include <string.h>

#include "decimal.h"
#include "match.h"
#include "request.h"
#include "rights.h"
#include "router_state.h"
#include "task.h"

/* ---- functions ---- */

/* Makes and declares the function of that name, or says what is in the way. */
static enum reply declare(const struct peer *peer, struct gm_slice name, struct function **function)
{
    struct router *router = peer->router;

    if (!request_is_name(router, name))
        return REPLY_BAD_NAME;
    if (!peer_may_to_name(peer, RIGHT_ADMIN, name))
        return REPLY_NOT_THIS_FUNCTION;
    *function = function_obtain(&router->functions, name);
    if (!*function)
        return REPLY_NO_ROOM;
    function_declare(&router->functions, *function);
    return REPLY_OK;
}

enum reply change_create(const struct peer *peer, const struct gm_slice *args, size_t count)
{
    struct function *function;

    (void)count;
    return declare(peer, args[0], &function);
}

enum reply change_drop(const struct peer *peer, const struct gm_slice *args, size_t count)
{
    struct router *router = peer->router;
    struct function *function = function_find(&router->functions, args[0]);

    (void)count;
    if (!function)
        return REPLY_NO_FUNCTION;
    if (!peer_may_to(peer, RIGHT_ADMIN, function))
        return REPLY_NOT_THIS_FUNCTION;
    if (function->rule->reserve > 0)
        return REPLY_RESERVED;
    if (!function_is_idle(function))
        return REPLY_IN_USE;
    function_drop(&router->functions, function);
    return REPLY_OK;
}

enum reply change_pause(const struct peer *peer, const struct gm_slice *args, size_t count)
{
    struct function *function;
    enum reply reply = declare(peer, args[0], &function);

    (void)count;
    if (reply == REPLY_OK)
        function_pause(&peer->router->functions, function, true);
    return reply;
}

enum reply change_drain(const struct peer *peer, const struct gm_slice *args, size_t count)
{
    struct function *function;
    enum reply reply = declare(peer, args[0], &function);

    (void)count;
    if (reply == REPLY_OK)
        function->draining = true;
    return reply;
}

enum reply change_resume(const struct peer *peer, const struct gm_slice *args, size_t count)
{
    struct router *router = peer->router;
    struct function *function = function_find(&router->functions, args[0]);

    (void)count;
    if (!function)
        return REPLY_NO_FUNCTION;
    if (!peer_may_to(peer, RIGHT_ADMIN, function))
        return REPLY_NOT_THIS_FUNCTION;
    function->draining = false;
    function_pause(&router->functions, function, false);
    match_stir(router, function);
    return REPLY_OK;
}

/* ---- limits ---- */

/* A number as it is written; less than nothing is 0, no limit. */
static bool read_limit(struct gm_slice word, size_t *limit)
{
    bool is_negative = word.size > 1 && word.bytes[0] == '-';
    uint64_t number;

    if (is_negative)
        word = (struct gm_slice){word.bytes + 1, word.size - 1};
    if (!decimal_read(word, &number))
        return false;
    *limit = number < SIZE_MAX ? (size_t)number : SIZE_MAX;
    if (is_negative)
        *limit = 0;
    return true;
}

/* Reads no number, one for all priorities, or one for each. */
static bool read_limits(const struct gm_slice *numbers, size_t count, size_t *limits)
{
    if (count > 1 && count != TASK_PRIORITIES)
        return false;
    for (size_t i = 0; i < TASK_PRIORITIES; i++) {
        limits[i] = 0;
        if (count > 0 && !read_limit(numbers[count > 1 ? i : 0], &limits[i]))
            return false;
    }
    return true;
}

/* Are these the limits that the function has while nobody has spoken of it? */
static bool are_usual(const struct router *router, struct gm_slice name, const size_t *limits)
{
    size_t usual = rules_find(router->rules, name)->max_queue;

    for (size_t i = 0; i < TASK_PRIORITIES; i++)
        if (limits[i] != usual)
            return false;
    return true;
}

enum reply change_max_queue(const struct peer *peer, const struct gm_slice *args, size_t count)
{
    size_t limits[TASK_PRIORITIES];
    struct function *function;
    enum reply reply;

    if (!read_limits(args + 1, count - 1, limits))
        return REPLY_BAD_LIMITS;
    reply = declare(peer, args[0], &function);
    if (reply == REPLY_OK) {
        memcpy(function->max_queue, limits, sizeof limits);
        function->is_told = true;
    } else if (reply == REPLY_NO_ROOM && are_usual(peer->router, args[0], limits)) {
        reply = REPLY_OK; /* one that is not there has them already */
    }
    return reply;
}

/* ---- tasks ---- */

enum reply change_cancel(const struct peer *peer, const struct gm_slice *args, size_t count)
{
    struct router *router = peer->router;
    struct task *task = slot_find(&router->slots, handle_parse(&router->slots, args[0]));

    (void)count;
    if (!task || !(task->state == TASK_DELAYED || task->state == TASK_QUEUED ||
                   task->state == TASK_ASSIGNED))
        return REPLY_UNKNOWN_JOB;
    if (!peer_may_to(peer, RIGHT_ADMIN, task->function))
        return REPLY_NOT_THIS_FUNCTION;
    task_cancel(router, task);
    return REPLY_OK;
}
