#include "stock.h"

#include "block.h"
#include "router.h"

static size_t room_in(size_t block_size)
{
    return block_size > sizeof(struct block) ? block_size - sizeof(struct block) : 0;
}

struct stock stock_of(const struct pmad_layout *layout, const struct pmad_fit *fit)
{
    struct stock stock = {.class_count = layout->class_count};

    for (size_t i = 0; i < layout->class_count; i++) {
        stock.size[i] = fit->classes[i].block_size;
        stock.blocks[i] = fit->classes[i].blocks;
        stock.room += room_in(stock.size[i]) * stock.blocks[i];
    }
    return stock;
}

/* The class a request is meant for; class_count if it is above all of them. */
static size_t best_class(const struct stock *stock, size_t size)
{
    size_t i = 0;

    while (i < stock->class_count && stock->size[i] < size)
        i++;
    return i;
}

static void take_from(struct stock *stock, size_t class)
{
    stock->blocks[class]--;
    stock->room -= room_in(stock->size[class]);
}

/* One block of the best class, or of a larger one. */
static bool take(struct stock *stock, size_t size)
{
    for (size_t i = best_class(stock, size); i < stock->class_count; i++) {
        if (stock->blocks[i] > 0) {
            take_from(stock, i);
            return true;
        }
    }
    return false;
}

/* The largest block below the best class that is left, for a chain; returns what it holds. */
static size_t take_smaller(struct stock *stock, size_t size)
{
    for (size_t i = best_class(stock, size); i-- > 0;) {
        if (stock->blocks[i] > 0 && room_in(stock->size[i]) > 0) {
            take_from(stock, i);
            return room_in(stock->size[i]);
        }
    }
    return 0;
}

static bool take_body(struct stock *stock, size_t size)
{
    if (stock->room < size)
        return false;
    while (size > 0 && !take(stock, sizeof(struct block) + size)) {
        size_t held = take_smaller(stock, sizeof(struct block) + size);

        size -= held < size ? held : size;
    }
    return true;
}

static size_t size_for(const struct stock *stock, size_t size)
{
    size_t class = best_class(stock, size);

    return stock->size[class < stock->class_count ? class : stock->class_count - 1];
}

/* Envelope and body in one block where that takes the smaller blocks. */
static bool take_task(struct stock *stock, size_t unique_size, size_t body_size)
{
    size_t whole = router_envelope_size(unique_size, body_size);
    size_t bare = router_envelope_size(unique_size, 0);
    size_t apart = size_for(stock, bare) + size_for(stock, sizeof(struct block) + body_size);

    if (best_class(stock, whole) < stock->class_count && size_for(stock, whole) <= apart &&
        take(stock, whole))
        return true;
    return take(stock, bare) && take_body(stock, body_size);
}

bool stock_take_task(struct stock *stock, size_t unique_size, size_t body_size, bool waited_for)
{
    return take_task(stock, unique_size, body_size) &&
           (!waited_for || take(stock, router_waiter_size()));
}

size_t stock_tasks(struct stock stock, size_t unique_size, size_t body_size, size_t max)
{
    size_t tasks = 0;

    while (tasks < max && stock_take_task(&stock, unique_size, body_size, true))
        tasks++;
    return tasks;
}

size_t stock_room_beside_task(struct stock stock, size_t unique_size)
{
    /* What router_init() goes by: it knows sizes and no single blocks, and leaves this much. */
    size_t left_by_router = 2 * router_envelope_size(unique_size, 0);
    size_t room = stock.room > left_by_router ? stock.room - left_by_router : 0;

    if (!take(&stock, router_envelope_size(unique_size, 0)) || !take(&stock, router_waiter_size()))
        return 0;
    return stock.room < room ? stock.room : room;
}

void stock_take_body(struct stock *stock, size_t body_size)
{
    (void)take_body(stock, body_size);
}

size_t stock_take_blocks(struct stock *stock, size_t size, size_t count)
{
    size_t taken = 0;

    while (taken < count && take(stock, size))
        taken++;
    return taken;
}

size_t stock_take_kits(struct stock *stock, size_t envelope_size, size_t body_size, size_t count)
{
    size_t taken = 0;

    while (taken < count && take(stock, envelope_size) && take(stock, router_waiter_size()) &&
           take_body(stock, body_size))
        taken++;
    return taken;
}
