#include "store.h"

#include <string.h>

#include "pmad_inline.h"
#include "pmad_must.h"
#include "probe.h"

/* What a block of so many bytes holds of a body. */
static size_t room_in(size_t block_size)
{
    return block_size > sizeof(struct block) ? block_size - sizeof(struct block) : 0;
}

void store_init(struct store *store, struct pmad *pool, struct scarcity *scarcity)
{
    struct pmad_stats stats;

    pmad_stats(pool, &stats);
    *store = (struct store){.pool = pool, .class_count = stats.class_count, .scarcity = scarcity};
    for (size_t i = 0; i < stats.class_count; i++) {
        const struct pmad_class_stats *class = &stats.classes[i];

        store->class_size[i] = class->block_size;
        store->room += room_in(class->block_size) * (class->blocks - class->in_use);
    }
}

size_t store_block_max(const struct store *store)
{
    return store->class_size[store->class_count - 1];
}

/* The first class that fits; class_count if none does. */
static size_t best_class(const struct store *store, size_t size)
{
    size_t i = 0;

    while (i < store->class_count && store->class_size[i] < size)
        i++;
    return i;
}

size_t store_class(const struct store *store, size_t size)
{
    size_t best = best_class(store, size);

    return best < store->class_count ? best : store->class_count - 1;
}

static void *take_from(struct store *store, size_t class)
{
    void *block = pmad_alloc_inline(store->pool, store->class_size[class]);

    if (block)
        store->room -= room_in(store->class_size[class]);
    PROBE2(allocate, store->class_size[class], block);
    return block;
}

/* The best-fitting class, or the next larger. */
static void *take(struct store *store, size_t size)
{
    for (size_t i = best_class(store, size); i < store->class_count; i++) {
        void *block = take_from(store, i);

        if (block)
            return block;
    }
    return NULL;
}

void *store_take(struct store *store, size_t size)
{
    return scarcity_strikes(store->scarcity) ? NULL : take(store, size);
}

void store_give(struct store *store, void *block)
{
    PROBE1(free, block);
    store->room += room_in(pmad_block_size_inline(store->pool, block));
    store->given = true;
    pmad_free_inline(store->pool, block);
}

/* A block towards `left` bytes of a body. */
static struct block *take_piece(struct store *store, size_t left)
{
    struct block *block = take(store, sizeof *block + left);

    for (size_t i = best_class(store, sizeof *block + left); !block && i-- > 0;)
        if (room_in(store->class_size[i]) > 0)
            block = take_from(store, i);
    if (block) {
        block->next = NULL;
        block->capacity = (uint32_t)room_in(pmad_block_size_inline(store->pool, block));
        block->refs = 1;
    }
    return block;
}

bool store_take_body(struct store *store, struct body *body, size_t size)
{
    struct block **end = &body->first;
    size_t left = size;

    *body = (struct body){.size = size};
    if (store->room < size || (size > 0 && scarcity_strikes(store->scarcity)))
        return false;
    while (left > 0) {
        struct block *block = take_piece(store, left);

        MUST(block); /* the free blocks have the room, and any of them will do */
        *end = block;
        end = &block->next;
        left -= left < block->capacity ? left : block->capacity;
    }
    return true;
}

size_t chain_blocks(const struct block *first)
{
    size_t count = 0;

    for (; first; first = first->next)
        count++;
    return count;
}

void store_give_chain(struct store *store, struct block *first)
{
    while (first) {
        struct block *next = first->next;

        store_give(store, first);
        first = next;
    }
}

struct body_cursor body_begin(const struct body *body)
{
    return (struct body_cursor){.at = body->first};
}

void body_write(struct body_cursor *cursor, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;

    while (size > 0) {
        struct iovec room;
        size_t part;

        MUST(body_room(cursor, size, &room, 1) == 1);
        part = room.iov_len;
        memcpy(room.iov_base, from, part);
        body_advance(cursor, part);
        from += part;
        size -= part;
    }
}

void body_advance(struct body_cursor *cursor, size_t size)
{
    while (size > 0) {
        size_t free = cursor->at->capacity - cursor->filled;

        if (size < free) {
            cursor->filled += size;
            return;
        }
        size -= free;
        cursor->at = cursor->at->next;
        cursor->filled = 0;
    }
}

size_t body_room(const struct body_cursor *cursor, size_t size, struct iovec *room, size_t max)
{
    size_t count = 0;
    size_t filled = cursor->filled;

    for (struct block *at = cursor->at; at && size > 0 && count < max; at = at->next) {
        size_t part = at->capacity - filled;

        if (part > size)
            part = size;
        room[count++] = (struct iovec){.iov_base = at->bytes + filled, .iov_len = part};
        size -= part;
        filled = 0;
    }
    return count;
}

void body_read(const struct body *body, uint8_t *into)
{
    size_t left = body->size;

    for (const struct block *at = body->first; left > 0; at = at->next) {
        size_t part = left < at->capacity ? left : at->capacity;

        memcpy(into, at->bytes, part);
        into += part;
        left -= part;
    }
}

uint64_t body_hash(const struct body *body, struct siphash_key key)
{
    struct siphash hash = siphash_begin(key);
    size_t left = body->size;

    for (const struct block *at = body->first; left > 0; at = at->next) {
        size_t part = left < at->capacity ? left : at->capacity;

        siphash_add(&hash, at->bytes, part);
        left -= part;
    }
    return siphash_end(&hash);
}

bool body_equal(const struct body *one, const struct body *other)
{
    struct body_cursor a = body_begin(one);
    struct body_cursor b = body_begin(other);
    size_t left = one->size;

    if (one->size != other->size)
        return false;
    while (left > 0) {
        struct iovec here, there;
        size_t part;

        MUST(body_room(&a, left, &here, 1) == 1 && body_room(&b, left, &there, 1) == 1);
        part = here.iov_len < there.iov_len ? here.iov_len : there.iov_len;
        if (memcmp(here.iov_base, there.iov_base, part) != 0)
            return false;
        body_advance(&a, part);
        body_advance(&b, part);
        left -= part;
    }
    return true;
}
