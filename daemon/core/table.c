#include "table.h"

#include <stdint.h>
#include <string.h>

#include "pmad_must.h"
#include "router.h"

enum { PIECE_MAX = 65536, BLOCK_MIN = 64 };

/* Few distinct block sizes make few classes: round up to a power of two. */
static size_t block_for(size_t bytes)
{
    size_t size = BLOCK_MIN;

    while (size < bytes)
        size *= 2;
    return size;
}

static struct table shape(size_t element_size, size_t count)
{
    struct table table = {.element_size = element_size, .count = count};

    MUST(element_size > 0 && element_size <= PIECE_MAX && count > 0);
    while (((size_t)1 << table.shift) < count &&
           element_size << (table.shift + 1) <= (size_t)PIECE_MAX)
        table.shift++;
    table.piece_count = (count + ((size_t)1 << table.shift) - 1) >> table.shift;
    return table;
}

static size_t piece_size(const struct table *table)
{
    return block_for(table->element_size << table->shift);
}

static size_t directory_size(const struct table *table)
{
    return block_for(table->piece_count * sizeof *table->pieces);
}

void table_needs(size_t element_size, size_t count, struct router_need *needs)
{
    struct table table = shape(element_size, count);

    needs[0] = (struct router_need){piece_size(&table), table.piece_count};
    needs[1] = (struct router_need){directory_size(&table), 1};
}

bool table_init(struct table *table, struct pmad *pool, size_t element_size, size_t count)
{
    *table = shape(element_size, count);
    table->pieces = pmad_alloc(pool, directory_size(table));
    if (!table->pieces)
        return false;
    memset(table->pieces, 0, directory_size(table));
    for (size_t i = 0; i < table->piece_count; i++) {
        table->pieces[i] = pmad_alloc(pool, piece_size(table));
        if (!table->pieces[i]) {
            table_finish(table, pool);
            return false;
        }
        memset(table->pieces[i], 0, piece_size(table));
    }
    return true;
}

void table_finish(struct table *table, struct pmad *pool)
{
    if (!table->pieces)
        return;
    for (size_t i = 0; i < table->piece_count; i++)
        pmad_free(pool, table->pieces[i]);
    pmad_free(pool, table->pieces);
    *table = (struct table){0};
}

void *table_at(const struct table *table, size_t index)
{
    size_t in_piece = index & (((size_t)1 << table->shift) - 1);

    return (uint8_t *)table->pieces[index >> table->shift] + in_piece * table->element_size;
}
