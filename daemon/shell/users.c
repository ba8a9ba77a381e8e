#include "users.h"

#include <string.h>

#include "pmad_must.h"

enum { LARGEST_TABLE = PMAD_BLOCK_MAX / sizeof(struct user) };

/* Twice as many places as there can be users, where a block has room for that: searches stay short. */
static size_t places_for(size_t connections)
{
    size_t places = 2;

    while (places < 2 * connections && places < LARGEST_TABLE)
        places *= 2;
    return places;
}

size_t users_size(size_t connections)
{
    return places_for(connections) * sizeof(struct user);
}

bool users_init(struct users *users, struct pmad *pool, size_t connections)
{
    size_t size = users_size(connections);

    MUST(connections < places_for(connections)); /* a search ends at a free place */
    *users = (struct users){.places = pmad_alloc(pool, size), .mask = places_for(connections) - 1};
    if (users->places == NULL)
        return false;
    memset(users->places, 0, size);
    return true;
}

void users_finish(struct users *users, struct pmad *pool)
{
    pmad_free(pool, users->places);
    users->places = NULL;
}

/* Where a search for it begins: ids lie close together, and this spreads them. */
static size_t home_of(const struct users *users, uid_t uid)
{
    return ((uid * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & users->mask;
}

/* Its place, or the free one where it would be. */
static size_t place_of(const struct users *users, uid_t uid)
{
    size_t at = home_of(users, uid);

    while (users->places[at].connections > 0 && users->places[at].uid != uid)
        at = (at + 1) & users->mask;
    return at;
}

size_t users_connections(const struct users *users, uid_t uid)
{
    return users->places[place_of(users, uid)].connections;
}

void users_enter(struct users *users, uid_t uid)
{
    struct user *user = &users->places[place_of(users, uid)];

    users->count += user->connections == 0;
    user->uid = uid;
    user->connections++;
}

/* Those behind a place that has come free move up, as far as their search would find them there. */
static void close_gap(struct users *users, size_t gap)
{
    size_t at = (gap + 1) & users->mask;

    for (; users->places[at].connections > 0; at = (at + 1) & users->mask) {
        size_t home = home_of(users, users->places[at].uid);

        if (((at - home) & users->mask) < ((at - gap) & users->mask))
            continue;
        users->places[gap] = users->places[at];
        users->places[at].connections = 0;
        gap = at;
    }
}

void users_leave(struct users *users, uid_t uid)
{
    size_t at = place_of(users, uid);

    MUST(users->places[at].connections > 0);
    if (--users->places[at].connections > 0)
        return;
    users->count--;
    close_gap(users, at);
}
