#ifndef CAPACITY_H
#define CAPACITY_H

/*
 * How much memory a load takes, and how much of a load a memory takes: between numbers that people
 * know (tasks a second, their sizes, how long they run) and the configuration of pmadd. The arithmetic
 * is the daemon's own: its budget, and its rules of which block a task is put into.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum { CAPACITY_KINDS_MAX = 10, CAPACITY_TEXT = 16384 };

/* Tasks with a body of up to so many bytes, and what part of all they are. */
struct capacity_kind {
    size_t body_size;
    double share; /* 0 to 1 */
};

struct capacity_load {
    double rate;        /* tasks submitted a second */
    double run_s;       /* seconds that one keeps a worker busy */
    double outage_s;    /* seconds for which nobody works */
    size_t workers;     /* that do one task at a time */
    size_t clients;     /* connections that submit; at least 1 */
    size_t unique_size; /* bytes of a unique id; 0: none */
    bool background;    /* nobody waits for the results */
    size_t kind_count;
    struct capacity_kind kinds[CAPACITY_KINDS_MAX];
};

/* What a load comes to, whatever the memory. */
struct capacity_demand {
    double busy;       /* workers, on average */
    double rate_max;   /* tasks a second that the workers can do */
    double peak;       /* tasks at once when the outage is over, on average */
    double recovery_s; /* until the last of what has waited is done */
    size_t tasks;      /* that there must be room for: the peak and what chance adds */
    size_t of_kind[CAPACITY_KINDS_MAX];
};

/* False if more comes in than the workers can do: then only `busy` and `rate_max` are known. */
bool capacity_demand(const struct capacity_load *load, struct capacity_demand *demand);

/*
 * Makes a configuration that holds the demand: the defaults, but for the limits that are too small, the
 * pool `tasks`, and the pool `wire` where payload_max wants it larger. False if there is none: `why` has
 * it in words, in CAPACITY_TEXT bytes.
 */
bool capacity_plan(const struct capacity_load *load, const struct capacity_demand *demand,
                   struct config *config, char *why);

/* Reads and judges a configuration file as pmadd does. False if pmadd would not start with it. */
bool capacity_read(const char *file, struct config *config, char *why);

/* What a daemon with this configuration takes of its system. */
struct capacity_process {
    size_t pools;       /* bytes, mapped */
    size_t program;     /* bytes beside them, at most */
    size_t descriptors; /* open at once, at most */
};

/* False if pmadd would not start with it: `why` says so. */
bool capacity_process(struct config *config, struct capacity_process *process, char *why);

/* What happens when tasks of these kinds come in and none goes out. */
struct capacity_end {
    size_t tasks;       /* that were taken */
    const char *limit;  /* that refused the next: "tasks", "pool", "payload" or "connection" */
    size_t body_size;   /* of the one refused */
    size_t class_size;  /* of the blocks that were used up first; 0: none */
    size_t class_tasks; /* how many tasks it took until then */
};

void capacity_fill(struct config *config, const struct capacity_load *load,
                   struct capacity_end *end);

/* A class of a pool as a daemon has it, and as it should be. */
struct capacity_class {
    size_t block_size, blocks;
    size_t high_water; /* the most that were ever used */
    uint64_t refused;  /* how often there was none */
    size_t wanted;     /* blocks it should have */
};

/*
 * Lays a pool out anew for what was used of it, with `margin` (0.25: a quarter) to spare; twice as many
 * of what was used up. `config` has the limits of the daemon, and is judged by them as a whole; its
 * pool becomes the advice. False if there is none that pmadd would start with.
 */
bool capacity_advise(struct config *config, enum config_pool_id id, struct capacity_class *classes,
                     size_t count, double margin, char *why);

/* The same for pool `tasks`, from the sizes of bodies there were and the most tasks at once, `demand`: its
 * classes are those that fit them best. */
bool capacity_advise_sizes(struct config *config, const struct capacity_load *load,
                           const struct capacity_demand *demand, char *why);

/* Bytes that a pool with these blocks takes, but for what rounding adds. */
size_t capacity_pool_size(const struct capacity_class *classes, size_t count);

#endif
