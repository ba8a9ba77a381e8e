#include "function.h"

#include <string.h>

#include "pmad_must.h"
#include "registration.h"
#include "router.h"
#include "rules.h"
#include "task.h"

static size_t element_size(size_t name_max)
{
    return (sizeof(struct function) + name_max + 7) & ~(size_t)7;
}

static size_t bucket_count(size_t count)
{
    size_t buckets = 1;

    while (buckets < count)
        buckets *= 2;
    return buckets;
}

bool functions_init(struct functions *functions, struct pmad *runtime, size_t count,
                    size_t name_max, const struct rules *rules, struct siphash_key key)
{
    *functions = (struct functions){.rules = rules, .key = key};
    TAILQ_INIT(&functions->idle);
    TAILQ_INIT(&functions->stirred);
    for (int i = 0; i < TASK_PRIORITIES; i++)
        TAILQ_INIT(&functions->queued[i]);
    if (!table_init(&functions->table, runtime, element_size(name_max), count))
        return false;
    if (!table_init(&functions->buckets, runtime, sizeof(struct function *), bucket_count(count))) {
        table_finish(&functions->table, runtime);
        return false;
    }
    for (size_t i = count; i-- > 0;) {
        struct function *function = table_at(&functions->table, i);

        function->next = functions->free;
        functions->free = function;
    }
    return true;
}

void functions_finish(struct functions *functions, struct pmad *runtime)
{
    table_finish(&functions->buckets, runtime);
    table_finish(&functions->table, runtime);
}

void functions_needs(size_t count, size_t name_max, struct router_need *needs)
{
    table_needs(element_size(name_max), count, needs);
    table_needs(sizeof(struct function *), bucket_count(count), needs + 2);
}

static struct function **bucket_of(const struct functions *functions, struct gm_slice name)
{
    uint64_t hash = siphash(functions->key, name.bytes, name.size);

    return table_at(&functions->buckets, hash & (functions->buckets.count - 1));
}

static struct gm_slice name_of(const struct function *function)
{
    return (struct gm_slice){.bytes = function->name, .size = function->name_size};
}

struct function *function_find(const struct functions *functions, struct gm_slice name)
{
    struct function *function = *bucket_of(functions, name);

    while (function && !gm_slice_equal(name_of(function), name))
        function = function->next;
    return function;
}

bool function_is(const struct function *function, struct gm_slice name)
{
    return function->used && gm_slice_equal(name_of(function), name);
}

size_t function_running(const struct function *function)
{
    return function->tasks[TASK_ASSIGNED] + function->tasks[TASK_CANCELLED];
}

size_t function_total(const struct function *function)
{
    return function->tasks[TASK_DELAYED] + function->tasks[TASK_QUEUED] +
           function_running(function);
}

size_t function_free_workers(const struct function *function)
{
    const struct registration *registration;
    size_t free = 0;

    TAILQ_FOREACH (registration, &function->waiting, in_list)
        free += registration->peer->waits;
    return free;
}

bool function_oldest_us(const struct function *function, uint64_t *queued_us)
{
    *queued_us = UINT64_MAX;
    for (int i = 0; i < TASK_PRIORITIES; i++) {
        const struct task *next = TAILQ_FIRST(&function->queues[i]);

        if (next && next->queued_us < *queued_us)
            *queued_us = next->queued_us;
    }
    return *queued_us < UINT64_MAX;
}

bool function_is_idle(const struct function *function)
{
    return function_total(function) + function->tasks[TASK_ARRIVING] + function->able_count == 0;
}

/* TAILQ keeps no mark of its own: tqe_prev is NULL exactly where it is in no list. */
static bool is_listed(const struct function *function)
{
    return function->idle.tqe_prev != NULL;
}

void function_used(struct functions *functions, struct function *function)
{
    bool forgettable = function_is_idle(function) && !function->declared;

    /* The last task of a function that was dropped may still be told to its waiters. */
    if (!function->used || forgettable == is_listed(function))
        return;
    if (forgettable) {
        TAILQ_INSERT_TAIL(&functions->idle, function, idle);
    } else {
        TAILQ_REMOVE(&functions->idle, function, idle);
        function->idle.tqe_prev = NULL;
    }
}

bool function_offers(const struct function *function, enum task_priority priority)
{
    return !function->paused && !TAILQ_EMPTY(&function->queues[priority]);
}

void function_filled(struct functions *functions, struct function *function,
                     enum task_priority priority)
{
    if (!function->paused)
        TAILQ_INSERT_TAIL(&functions->queued[priority], function, in_queued[priority]);
}

void function_emptied(struct functions *functions, struct function *function,
                      enum task_priority priority)
{
    if (!function->paused)
        TAILQ_REMOVE(&functions->queued[priority], function, in_queued[priority]);
}

void function_pause(struct functions *functions, struct function *function, bool paused)
{
    if (function->paused == paused)
        return;
    for (int i = 0; i < TASK_PRIORITIES; i++) {
        enum task_priority priority = (enum task_priority)i;

        if (function_offers(function, priority))
            function_emptied(functions, function, priority);
    }
    function->paused = paused;
    for (int i = 0; i < TASK_PRIORITIES; i++) {
        enum task_priority priority = (enum task_priority)i;

        if (function_offers(function, priority))
            function_filled(functions, function, priority);
    }
}

void function_declare(struct functions *functions, struct function *function)
{
    function->declared = true;
    function_used(functions, function);
}

void function_drop(struct functions *functions, struct function *function)
{
    struct function **at = bucket_of(functions, name_of(function));

    MUST(function_is_idle(function));
    if (is_listed(function))
        TAILQ_REMOVE(&functions->idle, function, idle);
    if (function->stirred)
        TAILQ_REMOVE(&functions->stirred, function, in_stirred);
    while (*at != function)
        at = &(*at)->next;
    *at = function->next;
    function->used = false;
    function->next = functions->free;
    functions->free = function;
    functions->used--;
}

struct function *function_make(struct functions *functions, struct gm_slice name)
{
    struct function **bucket = bucket_of(functions, name);
    struct function *function;

    if (!functions->free && !TAILQ_EMPTY(&functions->idle))
        function_drop(functions, TAILQ_FIRST(&functions->idle));
    function = functions->free;
    if (!function)
        return NULL;
    functions->free = function->next;
    functions->used++;
    *function = (struct function){.used = true,
                                  .rule = rules_find(functions->rules, name),
                                  .patterns = rules_patterns(functions->rules, name),
                                  .name_size = (uint32_t)name.size};
    memcpy(function->name, name.bytes, name.size);
    for (int i = 0; i < TASK_PRIORITIES; i++) {
        TAILQ_INIT(&function->queues[i]);
        function->max_queue[i] = function->rule->max_queue;
    }
    TAILQ_INIT(&function->able);
    TAILQ_INIT(&function->waiting);
    function->next = *bucket;
    *bucket = function;
    TAILQ_INSERT_TAIL(&functions->idle, function, idle);
    return function;
}

struct function *function_obtain(struct functions *functions, struct gm_slice name)
{
    struct function *function = function_find(functions, name);

    return function ? function : function_make(functions, name);
}

struct function *function_at(const struct functions *functions, size_t index)
{
    struct function *function = table_at(&functions->table, index);

    return function->used ? function : NULL;
}
