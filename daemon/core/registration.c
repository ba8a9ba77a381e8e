#include "registration.h"

enum { EACH_BUCKET = 4 };

static size_t bucket_count(size_t count)
{
    size_t buckets = 1;

    while (buckets * EACH_BUCKET < count)
        buckets *= 2;
    return buckets;
}

bool registrations_init(struct registrations *registrations, struct pmad *runtime, size_t count)
{
    return table_init(&registrations->buckets, runtime, sizeof(struct registration *),
                      bucket_count(count));
}

void registrations_finish(struct registrations *registrations, struct pmad *runtime)
{
    table_finish(&registrations->buckets, runtime);
}

void registrations_needs(size_t count, struct router_need *needs)
{
    table_needs(sizeof(struct registration *), bucket_count(count), needs);
}

/* Rows of two tables make its address: nobody chooses it, so that multiplying is enough of a hash (Knuth,
 * The Art of Computer Programming, 6.4). */
static struct registration **bucket_of(const struct registrations *registrations,
                                       const struct peer *peer, const struct function *function)
{
    const uint64_t odd = 0x9e3779b97f4a7c15; /* 2^64 by the golden ratio */
    uint64_t hash = (((uint64_t)(uintptr_t)peer * odd) ^ (uint64_t)(uintptr_t)function) * odd;

    return table_at(&registrations->buckets, (hash >> 32) & (registrations->buckets.count - 1));
}

void registration_enter(struct registrations *registrations, struct registration *registration)
{
    struct registration **bucket =
        bucket_of(registrations, registration->peer, registration->function);

    registration->next = *bucket;
    *bucket = registration;
}

void registration_leave(struct registrations *registrations, struct registration *registration)
{
    struct registration **at = bucket_of(registrations, registration->peer, registration->function);

    while (*at != registration)
        at = &(*at)->next;
    *at = registration->next;
}

struct registration *registration_find(const struct registrations *registrations,
                                       const struct peer *peer, const struct function *function)
{
    struct registration *at = *bucket_of(registrations, peer, function);

    while (at && (at->peer != peer || at->function != function))
        at = at->next;
    return at;
}
