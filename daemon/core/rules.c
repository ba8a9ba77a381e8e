#include "rules.h"

#include <string.h>

#include "pmad_must.h"

void rules_init(struct rules *rules, const struct router_setup *setup)
{
    MUST(setup->function_count <= ROUTER_RULES_MAX && setup->pattern_count <= ROUTER_PATTERNS_MAX);
    *rules = (struct rules){.every = setup->every_function,
                            .row_count = setup->function_count,
                            .pattern_count = setup->pattern_count};
    if (rules->row_count > 0)
        memcpy(rules->rows, setup->functions, rules->row_count * sizeof *rules->rows);
    if (rules->pattern_count > 0)
        memcpy(rules->patterns, setup->patterns, rules->pattern_count * sizeof *rules->patterns);
}

/* Bytes are compared one by one; where they differ behind an ANY_BYTES, the last one of those takes a
 * byte more. Those ahead of it need not be tried again: what they took was enough. */
bool pattern_matches(const struct router_pattern *pattern, struct gm_slice name)
{
    size_t item = 0, byte = 0;
    size_t retry_item = SIZE_MAX, retry_byte = 0;

    while (byte < name.size) {
        uint16_t wanted = item < pattern->size ? pattern->items[item] : UINT16_MAX;

        if (wanted == ROUTER_ANY_BYTES) {
            retry_item = ++item;
            retry_byte = byte;
        } else if (wanted == ROUTER_ANY_BYTE || wanted == name.bytes[byte]) {
            item++;
            byte++;
        } else if (retry_item != SIZE_MAX) {
            item = retry_item;
            byte = ++retry_byte;
        } else {
            return false;
        }
    }
    while (item < pattern->size && pattern->items[item] == ROUTER_ANY_BYTES)
        item++;
    return item == pattern->size;
}

const struct router_function_row *row_find(const struct router_function_row *rows, size_t count,
                                           struct gm_slice name)
{
    for (size_t i = 0; i < count; i++)
        if (pattern_matches(&rows[i].match, name))
            return &rows[i];
    return NULL;
}

const struct router_function_rule *rules_find(const struct rules *rules, struct gm_slice name)
{
    const struct router_function_row *row = row_find(rules->rows, rules->row_count, name);

    return row ? &row->rule : &rules->every;
}

uint64_t rules_patterns(const struct rules *rules, struct gm_slice name)
{
    uint64_t set = 0;

    for (size_t i = 0; i < rules->pattern_count; i++)
        if (pattern_matches(&rules->patterns[i], name))
            set |= UINT64_C(1) << i;
    return set;
}
