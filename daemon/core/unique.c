#include "unique.h"

#include "router.h"
#include "store.h"
#include "task.h"

enum { TASKS_A_BUCKET = 2 };

static size_t bucket_count(size_t count)
{
    size_t buckets = 1;

    while (buckets * TASKS_A_BUCKET < count)
        buckets *= 2;
    return buckets;
}

bool uniques_init(struct uniques *uniques, struct pmad *runtime, size_t count,
                  struct siphash_key key)
{
    *uniques = (struct uniques){.key = key};
    return table_init(&uniques->buckets, runtime, sizeof(struct task *), bucket_count(count));
}

void uniques_finish(struct uniques *uniques, struct pmad *runtime)
{
    table_finish(&uniques->buckets, runtime);
}

void uniques_needs(size_t count, struct router_need *needs)
{
    table_needs(sizeof(struct task *), bucket_count(count), needs);
}

bool unique_is_payload(struct gm_slice unique)
{
    return unique.size == 1 && unique.bytes[0] == '-';
}

static struct gm_slice unique_of(const struct task *task)
{
    return (struct gm_slice){task->unique, task->unique_size};
}

static bool can_join(const struct task *task)
{
    return unique_is_payload(unique_of(task)) ? task->payload_size > 0 : task->unique_size > 0;
}

uint32_t unique_hash(const struct uniques *uniques, struct gm_slice unique)
{
    if (unique.size == 0 || unique_is_payload(unique))
        return 0;
    return (uint32_t)siphash(uniques->key, unique.bytes, unique.size);
}

static struct task **bucket_of(const struct uniques *uniques, uint32_t hash)
{
    return table_at(&uniques->buckets, hash & (uniques->buckets.count - 1));
}

void unique_arrived(const struct uniques *uniques, struct task *task)
{
    struct body body = task_body(task);

    if (unique_is_payload(unique_of(task)))
        task->hash = (uint32_t)body_hash(&body, uniques->key);
}

void unique_enter(struct uniques *uniques, struct task *task)
{
    struct task **bucket;

    if (!can_join(task))
        return;
    bucket = bucket_of(uniques, task->hash);
    task->unique_next = *bucket;
    *bucket = task;
}

void unique_leave(struct uniques *uniques, struct task *task)
{
    struct task **at;

    if (!can_join(task))
        return;
    at = bucket_of(uniques, task->hash);
    while (*at != task)
        at = &(*at)->unique_next;
    *at = task->unique_next;
}

static bool is_twin(const struct task *one, const struct task *other)
{
    struct body of_one = task_body(one);
    struct body of_other = task_body(other);

    if (one->function != other->function || !gm_slice_equal(unique_of(one), unique_of(other)))
        return false;
    return !unique_is_payload(unique_of(one)) || body_equal(&of_one, &of_other);
}

struct task *unique_twin(const struct uniques *uniques, const struct task *task)
{
    struct task *at;

    if (!can_join(task))
        return NULL;
    at = *bucket_of(uniques, task->hash);
    while (at && (at->hash != task->hash || !is_twin(at, task)))
        at = at->unique_next;
    return at;
}

struct task *unique_find(const struct uniques *uniques, const struct function *function,
                         struct gm_slice unique, uint32_t hash)
{
    struct task *at;

    if (unique.size == 0 || unique_is_payload(unique))
        return NULL;
    at = *bucket_of(uniques, hash);
    while (at && (at->hash != hash || (function && at->function != function) ||
                  !gm_slice_equal(unique_of(at), unique)))
        at = at->unique_next;
    return at;
}
