#include "slot.h"

#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "pmad_must.h"
#include "router.h"

struct slot {
    struct task *task; /* NULL: free */
    uint32_t generation;
    uint32_t next_free;
};

/* Numbers begin here, and generation and slot have so many bits: between them and the next power of ten
 * there is room for that. */
#define FIRST_NUMBER UINT64_C(1000000000000000)
enum { NUMBER_BITS = 52, GENERATION_BITS = 32 };

static struct slot *slot_of(const struct slots *slots, uint64_t number)
{
    uint64_t index = (number - FIRST_NUMBER) & ((UINT64_C(1) << slots->bits) - 1);

    return index < slots->table.count ? table_at(&slots->table, index) : NULL;
}

uint64_t slot_number(const struct slots *slots, uint32_t index)
{
    const struct slot *slot = table_at(&slots->table, index);

    return FIRST_NUMBER + ((uint64_t)slot->generation << slots->bits | index);
}

static uint32_t next_generation(const struct slots *slots, uint32_t generation)
{
    return (generation + 1) & slots->generation_max;
}

bool slots_init(struct slots *slots, struct pmad *runtime, size_t count, const char *prefix,
                struct siphash_key key)
{
    *slots = (struct slots){.key = key};
    if (!table_init(&slots->table, runtime, sizeof(struct slot), count))
        return false;
    while ((UINT64_C(1) << slots->bits) < count)
        slots->bits++;
    MUST(slots->bits <= NUMBER_BITS);
    slots->generation_max = slots->bits + GENERATION_BITS <= NUMBER_BITS
                                ? UINT32_MAX
                                : (UINT32_C(1) << (NUMBER_BITS - slots->bits)) - 1;
    slots->prefix_size =
        (size_t)snprintf(slots->prefix, sizeof slots->prefix, "%.*s:", ROUTER_PREFIX_MAX, prefix);
    slots->handle_size = slots->prefix_size + DECIMAL_FIXED;
    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = table_at(&slots->table, i);

        slot->generation = next_generation(slots, (uint32_t)siphash(key, &i, sizeof i));
        slot->next_free = i + 1;
    }
    return true;
}

void slots_finish(struct slots *slots, struct pmad *runtime)
{
    table_finish(&slots->table, runtime);
}

void slots_needs(size_t count, struct router_need *needs)
{
    table_needs(sizeof(struct slot), count, needs);
}

bool slots_free(const struct slots *slots)
{
    return slots->free < slots->table.count;
}

uint32_t slot_take(struct slots *slots, struct task *task)
{
    uint32_t index = slots->free;
    struct slot *slot = table_at(&slots->table, index);

    MUST(slots_free(slots) && !slot->task);
    slots->free = slot->next_free;
    slots->used++;
    if (slots->top <= index)
        slots->top = (size_t)index + 1;
    slot->task = task;
    return index;
}

void slot_give(struct slots *slots, uint32_t index)
{
    struct slot *slot = table_at(&slots->table, index);

    MUST(slot->task);
    slot->task = NULL;
    slot->generation = next_generation(slots, slot->generation);
    slot->next_free = slots->free;
    slots->free = index;
    slots->used--;
}

struct task *slot_find(const struct slots *slots, uint64_t number)
{
    const struct slot *slot = slot_of(slots, number);

    return slot && slot->generation == (number - FIRST_NUMBER) >> slots->bits ? slot->task : NULL;
}

struct task *slot_at(const struct slots *slots, size_t index)
{
    const struct slot *slot = table_at(&slots->table, index);

    return slot->task;
}

size_t handle_format(const struct slots *slots, uint64_t number, uint8_t *into)
{
    memcpy(into, slots->prefix, slots->prefix_size);
    decimal_write_fixed(into + slots->prefix_size, number);
    return slots->handle_size;
}

uint64_t handle_parse(const struct slots *slots, struct gm_slice handle)
{
    uint64_t number;

    if (handle.size != slots->handle_size ||
        memcmp(handle.bytes, slots->prefix, slots->prefix_size) != 0 ||
        !decimal_read_fixed(handle.bytes + slots->prefix_size, &number))
        return 0;
    return number >= FIRST_NUMBER ? number : 0;
}
