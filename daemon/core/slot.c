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

static struct slot *slot_of(const struct slots *slots, uint64_t number)
{
    uint64_t index = number & ((UINT64_C(1) << slots->bits) - 1);

    return index < slots->table.count ? table_at(&slots->table, index) : NULL;
}

uint64_t slot_number(const struct slots *slots, uint32_t index)
{
    const struct slot *slot = table_at(&slots->table, index);

    return (uint64_t)slot->generation << slots->bits | index;
}

/* 0 is no generation, so that no handle has the number 0. */
static uint32_t next_generation(uint32_t generation)
{
    generation++;
    return generation + (generation == 0);
}

bool slots_init(struct slots *slots, struct pmad *runtime, size_t count, const char *prefix,
                struct siphash_key key)
{
    *slots = (struct slots){.key = key};
    if (!table_init(&slots->table, runtime, sizeof(struct slot), count))
        return false;
    while ((UINT64_C(1) << slots->bits) < count)
        slots->bits++;
    slots->prefix_size =
        (size_t)snprintf(slots->prefix, sizeof slots->prefix, "%.*s:", ROUTER_PREFIX_MAX, prefix);
    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = table_at(&slots->table, i);

        slot->generation = next_generation((uint32_t)siphash(key, &i, sizeof i));
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
    slot->generation = next_generation(slot->generation);
    slot->next_free = slots->free;
    slots->free = index;
    slots->used--;
}

struct task *slot_find(const struct slots *slots, uint64_t number)
{
    const struct slot *slot = slot_of(slots, number);

    return slot && slot->generation == number >> slots->bits ? slot->task : NULL;
}

struct task *slot_at(const struct slots *slots, size_t index)
{
    const struct slot *slot = table_at(&slots->table, index);

    return slot->task;
}

size_t handle_bytes(const struct slots *slots, uint64_t number)
{
    return slots->prefix_size + decimal_size(number);
}

size_t handle_format(const struct slots *slots, uint64_t number, uint8_t *into)
{
    memcpy(into, slots->prefix, slots->prefix_size);
    return slots->prefix_size + decimal_write(into + slots->prefix_size, number);
}

uint64_t handle_parse(const struct slots *slots, struct gm_slice handle)
{
    size_t prefix = slots->prefix_size;
    struct gm_slice digits;
    uint64_t number;

    if (handle.size <= prefix || handle.size > GM_HANDLE_MAX ||
        memcmp(handle.bytes, slots->prefix, prefix) != 0)
        return 0;
    digits = (struct gm_slice){handle.bytes + prefix, handle.size - prefix};
    /* One task, one handle: no leading zeros. */
    return digits.bytes[0] != '0' && decimal_read(digits, &number) ? number : 0;
}
