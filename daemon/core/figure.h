#ifndef FIGURE_H
#define FIGURE_H

/*
 * Figures: what the line `stats` tells, one name and one number each. Names are stable once released;
 * docs/protocol.md lists them.
 */
#include <stddef.h>
#include <stdint.h>

struct router;

struct figure {
    const char *group; /* the beginning of its name: `limit_`, `refused_` or nothing */
    const char *name;
    uint64_t value;
};

size_t figure_count(const struct router *router);

/* Figure `index`, below their count. */
struct figure figure_at(const struct router *router, size_t index);

#endif
