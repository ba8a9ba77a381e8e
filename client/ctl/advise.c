/* pmadctl advise: better classes and shares, from what a running daemon has used of its pools. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advise_sizes.h"
#include "capacity.h"
#include "ctl_ini.h"
#include "ctl_list.h"
#include "ctl_text.h"

enum { MARGIN_MAX = 1000, NAME_SIZE = 128 };

struct advise {
    uint64_t margin; /* percent */
    bool json;
};

static const struct argp_option options[] = {
    {.name = "margin",
     .key = 'm',
     .arg = "PERCENT",
     .doc = "blocks to spare above the most that were ever used; 25 by default"},
    CTL_JSON_OPTION,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct advise *advise = state->input;

    switch (key) {
    case 'm':
        if (!ctl_count(arg, 0, MARGIN_MAX, &advise->margin))
            argp_error(state, "--margin is a percentage from 0 to %d, not %s", MARGIN_MAX, arg);
        return 0;
    case 'j':
        advise->json = true;
        return 0;
    default:
        return ctl_no_options(key, arg, state);
    }
}

/* ---- what the daemon says ---- */

static bool is_limit(const char *key)
{
    for (const struct config_key_info *known = config_keys(); known->section != NULL; known++)
        if (strcmp(known->section, "limits") == 0 && strcmp(known->key, key) == 0)
            return true;
    return false;
}

/* The limits of the daemon, `limit_KEY` or `limit_KEY_us`, become those of the configuration. */
static bool take_limits(const struct ctl_table *figures, struct config *config, char *why)
{
    static const char mark[] = "limit_";
    struct config_errors errors = {.count = 0};

    config_default(config);
    for (size_t i = 0; i < figures->row_count; i++) {
        const char *name = figures->rows[i].cells[0];
        const char *value = figures->rows[i].cells[1];
        size_t size = strlen(name);
        bool is_time = size > 3 && strcmp(name + size - 3, "_us") == 0;
        char key[NAME_SIZE];
        char text[NAME_SIZE];

        if (strncmp(name, mark, sizeof mark - 1) != 0)
            continue;
        (void)snprintf(key, sizeof key, "%.*s", (int)(size - (sizeof mark - 1) - (is_time ? 3 : 0)),
                       name + sizeof mark - 1);
        (void)snprintf(text, sizeof text, "%s%s", value,
                       is_time && strcmp(value, "0") != 0 ? "us" : "");
        if (is_limit(key)) /* others are the system's */
            (void)config_set_key(config, "limits", key, text, key, &errors);
    }
    if (errors.count == 0 && config_finish(config, &errors))
        return true;
    (void)snprintf(why, CAPACITY_TEXT, "%s", errors.text);
    return false;
}

static unsigned long long figure_of(const struct ctl_table *figures, const char *name)
{
    for (size_t i = 0; i < figures->row_count; i++)
        if (strcmp(figures->rows[i].cells[0], name) == 0)
            return strtoull(figures->rows[i].cells[1], NULL, 10);
    return 0;
}

/* ---- the advice ---- */

struct pool {
    enum config_pool_id id;
    size_t count;
    struct capacity_class classes[PMAD_CLASSES_MAX];
    size_t size_now;
    size_t bodies; /* laid out by their sizes, for so many tasks at once; 0: by its classes */
};

/* The rows of one pool that are classes: one has no number, it counts what is above all classes. */
static void pool_read(struct pool *pool, const struct ctl_table *table)
{
    for (size_t i = 0; i < table->row_count && pool->count < PMAD_CLASSES_MAX; i++) {
        char *const *cells = table->rows[i].cells;
        uint64_t size;

        if (strcmp(cells[0], config_pool_names[pool->id]) != 0 ||
            !ctl_count(cells[1], 1, PMAD_BLOCK_MAX, &size))
            continue;
        pool->classes[pool->count++] = (struct capacity_class){
            .block_size = (size_t)size,
            .blocks = (size_t)strtoull(cells[2], NULL, 10),
            .high_water = (size_t)strtoull(cells[4], NULL, 10),
            .refused = strtoull(cells[5], NULL, 10),
        };
    }
    pool->size_now = capacity_pool_size(pool->classes, pool->count);
}

static double fullness(const struct capacity_class *class)
{
    return class->blocks > 0 ? (double)class->high_water / (double)class->blocks : 0;
}

static bool has_refused(const struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        if (pool->classes[i].refused > 0)
            return true;
    return false;
}

static const struct capacity_class *fullest(const struct pool *pool)
{
    const struct capacity_class *most = &pool->classes[0];

    for (size_t i = 1; i < pool->count; i++)
        if (fullness(&pool->classes[i]) > fullness(most))
            most = &pool->classes[i];
    return most;
}

static void print_classes(const struct pool *pool)
{
    (void)printf("; class      blocks  most used   refused  ->  blocks\n");
    for (size_t i = 0; i < pool->count; i++)
        (void)printf("; %-8zu %8zu %10zu %9llu  -> %7zu\n", pool->classes[i].block_size,
                     pool->classes[i].blocks, pool->classes[i].high_water,
                     (unsigned long long)pool->classes[i].refused, pool->classes[i].wanted);
}

static void print_ini(const struct pool *pool, const struct config *config)
{
    const struct capacity_class *most = fullest(pool);
    size_t then = config->pools[pool->id].layout.pool_size;
    char from[CTL_SIZE_TEXT];
    char to[CTL_SIZE_TEXT];
    char between[CTL_SIZE_TEXT];

    (void)printf("; The class that will run out first is that of %zu bytes: %zu of its %zu blocks\n"
                 "; were used at once, and %llu times there was none.\n",
                 most->block_size, most->high_water, most->blocks,
                 (unsigned long long)most->refused);
    if (pool->bodies > 0)
        (void)printf("; Classes for the sizes that bodies had, and room for %zu tasks at once:\n",
                     pool->bodies);
    else
        print_classes(pool);
    (void)printf("; About %s become %s: %s %s.\n", ctl_human_size(from, pool->size_now),
                 ctl_human_size(to, then), then <= pool->size_now ? "saves" : "takes",
                 ctl_human_size(between, then <= pool->size_now ? pool->size_now - then
                                                                : then - pool->size_now));
    ctl_ini_pool(config, pool->id);
    (void)putchar('\n');
}

static const struct ctl_listing advice = {
    .line = "advise",
    .column_count = 7,
    .columns = {{"POOL", "pool", CTL_TEXT},
                {"CLASS", "class", CTL_SIZE},
                {"BLOCKS", "blocks", CTL_COUNT},
                {"HIGH-WATER", "high_water", CTL_COUNT},
                {"REFUSED", "refused", CTL_COUNT},
                {"ADVISED", "advised_blocks", CTL_COUNT},
                {"SHARE", "advised_share", CTL_COUNT}},
};

/* What the pool has of a class of that size now. */
static struct capacity_class class_now(const struct pool *pool, size_t block_size)
{
    for (size_t i = 0; i < pool->count; i++)
        if (pool->classes[i].block_size == block_size)
            return pool->classes[i];
    return (struct capacity_class){.block_size = block_size};
}

static void put_rows(FILE *out, const struct pool *pool, const struct config *config)
{
    const struct pmad_layout *layout = &config->pools[pool->id].layout;
    struct pmad_fit fit;

    (void)pmad_layout_fit(layout, &fit);
    for (size_t i = 0; i < layout->class_count; i++) {
        struct capacity_class now = class_now(pool, layout->classes[i].block_size);

        (void)fprintf(out, "%s\t%zu\t%zu\t%zu\t%llu\t%zu\t%u\n", config_pool_names[pool->id],
                      now.block_size, now.blocks, now.high_water, (unsigned long long)now.refused,
                      fit.classes[i].blocks, layout->classes[i].share);
    }
}

static enum ctl_exit say_why(const char *why)
{
    ctl_say("there is nothing to advise that this daemon would start with: %.*s",
            (int)strcspn(why, "\n"), why);
    return CTL_FAILED;
}

/* What there is to go by. */
struct seen {
    struct ctl_table pools, figures;
    struct snapshot told;
};

/* Where no class was used up, so that all was seen that was wanted: classes for the sizes that bodies
 * had, if they take less. */
static void lay_out_by_sizes(struct pool *pool, const struct seen *seen,
                             const struct advise *advise, struct config *config)
{
    static struct config other;
    static char why[CAPACITY_TEXT];
    struct capacity_load load = {.clients = config->limits.connections};
    struct capacity_demand demand;
    double most =
        (double)figure_of(&seen->figures, "tasks_most") * (double)(100 + advise->margin) / 100;

    if (most > (double)config->limits.tasks)
        most = (double)config->limits.tasks;
    if (pool->id != POOL_TASKS || has_refused(pool) ||
        !advise_sizes(&seen->told.tables[SNAPSHOT_HISTOGRAMS], (size_t)most,
                      config->limits.payload_max, &load, &demand))
        return;
    other = *config;
    if (!capacity_advise_sizes(&other, &load, &demand, why) ||
        other.pools[POOL_TASKS].layout.pool_size >= config->pools[POOL_TASKS].layout.pool_size)
        return;
    config->pools[POOL_TASKS] = other.pools[POOL_TASKS];
    pool->bodies = demand.tasks;
}

static enum ctl_exit show_advice(const struct seen *seen, const struct advise *advise,
                                 struct config *config)
{
    static char why[CAPACITY_TEXT];
    static struct pool of[] = {{.id = POOL_TASKS}, {.id = POOL_WIRE}};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    enum ctl_exit done = CTL_COMPLETE;

    if (out == NULL) {
        ctl_say("out of memory");
        return CTL_FAILED;
    }
    for (size_t i = 0; i < sizeof of / sizeof *of && done == CTL_COMPLETE; i++) {
        pool_read(&of[i], &seen->pools);
        if (!capacity_advise(config, of[i].id, of[i].classes, of[i].count,
                             (double)advise->margin / 100, why)) {
            done = say_why(why);
            break;
        }
        lay_out_by_sizes(&of[i], seen, advise, config);
        if (advise->json)
            put_rows(out, &of[i], config);
        else
            print_ini(&of[i], config);
    }
    (void)fclose(out);
    if (done == CTL_COMPLETE)
        done = advise->json ? ctl_list_show(&advice, text, true) : ctl_flush(done);
    free(text);
    return done;
}

static enum ctl_exit look(const struct ctl *ctl, struct pmadc *client, struct seen *seen)
{
    enum { ANSWER_MS = 10000 };
    enum ctl_exit done = ctl_list_ask(ctl, client, &ctl_list_pools, &seen->pools);
    enum pmadc_status status;

    if (done == CTL_COMPLETE)
        done = ctl_list_ask(ctl, client, &ctl_list_figures, &seen->figures);
    if (done != CTL_COMPLETE)
        return done;
    status =
        snapshot_take(&seen->told, client, SNAPSHOT_HISTOGRAMS + 1, ctl_timeout(ctl, ANSWER_MS));
    return status == PMADC_OK ? CTL_COMPLETE : ctl_explain(ctl, client, status);
}

static enum ctl_exit give_advice(const struct ctl *ctl, struct pmadc *client,
                                 const struct advise *advise)
{
    static struct config config;
    static char why[CAPACITY_TEXT];
    struct seen seen = {.pools = {.row_count = 0}};
    enum ctl_exit done = look(ctl, client, &seen);

    if (done == CTL_COMPLETE && figure_of(&seen.figures, "submitted") == 0) {
        ctl_say("this daemon has had no task yet, so there is nothing to go by");
        done = CTL_FAILED;
    }
    if (done == CTL_COMPLETE && !take_limits(&seen.figures, &config, why))
        done = say_why(why);
    if (done == CTL_COMPLETE)
        done = show_advice(&seen, advise, &config);
    ctl_table_free(&seen.pools);
    ctl_table_free(&seen.figures);
    snapshot_free(&seen.told);
    return done;
}

int ctl_advise(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc =
            "Looks at how much of the pools `tasks' and `wire' a running daemon has ever used, and "
            "prints better ones as an INI file: room for what was used, a margin, and twice as "
            "many blocks where there were none left. Where all was found that was wanted, the "
            "classes "
            "of `tasks' are made for the sizes that bodies had, if that takes less. It says which "
            "class "
            "will run out first and what is saved.\vExample:\n  pmadctl advise --margin=50 > "
            "pools.conf",
    };
    struct advise advise = {.margin = 25};
    struct pmadc *client;
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, &advise);
    done = ctl_connect(ctl, &client);
    if (done == CTL_COMPLETE)
        done = give_advice(ctl, client, &advise);
    pmadc_close(client);
    return done;
}
