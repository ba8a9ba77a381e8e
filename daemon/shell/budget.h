#ifndef BUDGET_H
#define BUDGET_H

/*
 * What a configuration comes to in memory, before any of it is taken: the layouts of all four pools,
 * those of `workers` and `runtime` worked out from [limits] where the file leaves them out, and the
 * inequalities without which pmadd could not keep its word. Arithmetic only; nothing here asks the
 * system for anything but its page size and its memory.
 */
#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "incPMAD.h"
#include "needs.h"
#include "router.h"
#include "stock.h"
#include "text.h"

enum {
    BUDGET_RULES_MAX = 16 + CONFIG_FUNCTIONS_MAX,
    BUDGET_DESCRIPTORS_RESERVE = 64, /* beside connections: listeners, log, what libuv needs */
    BUDGET_PROGRAM_SIZE = 4 << 20    /* resident bytes of a daemon without its pools, rounded up */
};

/* One inequality: `needed` must not be above `there`. */
struct budget_rule {
    const char *section; /* that is to blame: "pool tasks", "limits", "function" */
    const char *label;   /* of the function; "" where it is none */
    const char *key;
    const char *what;   /* that needs so many */
    const char *unit;   /* "bytes", "blocks", ... */
    const char *remedy; /* what to do where it does not hold */
    size_t block_size;  /* of the class that has too little; 0 where it is about no class */
    size_t needed, there;
};

struct budget {
    struct router_limits limits;
    struct pmad_layout layouts[CONFIG_POOLS];
    struct pmad_fit fits[CONFIG_POOLS];
    bool computed[CONFIG_POOLS];
    size_t descriptors;  /* that the process must be able to have open */
    size_t resident;     /* bytes of all pools, mapped */
    size_t reserved;     /* submissions that functions have in reserve, */
    struct stock beside; /* and what [pool tasks] has left for all others */
    size_t rule_count;
    struct budget_rule rules[BUDGET_RULES_MAX];
};

/* What the router goes by, as the config has it. */
struct router_limits budget_limits(const struct config_limits *limits);

/* Works everything out. A computed pool takes prefault, lock and both kinds of huge pages from
 * [pool tasks], but no transparent ones where it is smaller than one; its layout is written into
 * `*config` as if it had been declared. Returns true if every rule holds. */
bool budget_plan(struct budget *budget, struct config *config);

/* True if every rule holds. */
bool budget_holds(const struct budget *budget);

/* Adds one line for each rule that does not hold. */
void budget_refusals(const struct budget *budget, struct text *text);

/* Adds the whole budget, as `pmadd --check-config` prints it. */
void budget_print(const struct budget *budget, struct text *text);

/* Bytes of libuv's array of watchers when the highest descriptor is `descriptors` - 1. */
size_t budget_watchers_size(size_t descriptors);

#endif
