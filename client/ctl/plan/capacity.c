#include "capacity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "budget.h"
#include "needs.h"
#include "stock.h"
#include "text.h"

enum {
    CONNECTIONS_BESIDE = 32, /* for who looks and administers, beside workers and clients */
    GROWTHS_MAX = 200,       /* before a rule is taken for one that cannot be met */
    BLOCK_HEAD = 16          /* bytes of a block that are not body, rounded up */
};

/* A pool that is too small is made so many times as large at a time, at least and at most. */
static const double step_min = 1.05;
static const double step_max = 2;

/* Chance makes more of a number than its mean: four standard deviations of a Poisson process, which it
 * exceeds once in 30,000 times. */
static double with_chance(double mean)
{
    return mean + 4 * sqrt(mean);
}

bool capacity_demand(const struct capacity_load *load, struct capacity_demand *demand)
{
    double tasks = 0;

    *demand = (struct capacity_demand){
        .busy = load->rate * load->run_s,
        .rate_max = (double)load->workers / load->run_s,
    };
    if (load->rate >= demand->rate_max)
        return false;
    demand->peak = load->rate * load->outage_s + demand->busy;
    demand->recovery_s = demand->peak / (demand->rate_max - load->rate);
    for (size_t i = 0; i < load->kind_count; i++) {
        double of_kind = ceil(with_chance(demand->peak * load->kinds[i].share)) + 1;

        tasks += of_kind;
        demand->of_kind[i] = of_kind < 1e15 ? (size_t)of_kind : (size_t)1e15;
    }
    demand->tasks = tasks < 1e15 ? (size_t)tasks : (size_t)1e15;
    return true;
}

/* ---- a configuration and whether it holds ---- */

/* True if every rule of the daemon holds; else those that do not are in `why`. */
static bool is_held(struct budget *budget, struct config *config, char *why)
{
    struct text text = text_in(why, CAPACITY_TEXT);

    if (budget_plan(budget, config))
        return true;
    budget_refusals(budget, &text);
    return false;
}

/* The first rule about that section that does not hold, NULL if there is none. */
static const struct budget_rule *broken_rule(const struct budget *budget, const char *section)
{
    for (size_t i = 0; i < budget->rule_count; i++) {
        const struct budget_rule *rule = &budget->rules[i];

        if (rule->needed > rule->there && strcmp(rule->section, section) == 0)
            return rule;
    }
    return NULL;
}

/* A pool that is made larger step by step. */
struct growth {
    double factor; /* how many times as large it is by now */
    size_t there;  /* what the rule that did not hold had the last time */
};

/* The next step: about what the rule lacks, or a small one where it is NULL. False if the last step did
 * not help that rule: it is about something else, as the memory of this machine. */
static bool grow(struct growth *growth, const struct budget_rule *rule)
{
    double step = rule != NULL ? (double)rule->needed / ((double)rule->there + 1) : step_min;

    if (rule != NULL && rule->there > 0 && rule->there == growth->there)
        return false;
    growth->there = rule != NULL ? rule->there : 0;
    growth->factor *= step < step_min ? step_min : step > step_max ? step_max : step;
    return true;
}

static void explain(const struct config_errors *errors, char *why)
{
    (void)snprintf(why, CAPACITY_TEXT, "%s", errors->text);
}

bool capacity_read(const char *file, struct config *config, char *why)
{
    static struct budget budget;
    struct config_errors errors = {.count = 0};

    config_default(config);
    (void)config_read_file(config, file, &errors);
    if (config_finish(config, &errors) && errors.count == 0)
        return is_held(&budget, config, why);
    explain(&errors, why);
    return false;
}

bool capacity_process(struct config *config, struct capacity_process *process, char *why)
{
    static struct budget budget;

    if (!is_held(&budget, config, why))
        return false;
    *process = (struct capacity_process){.pools = budget.resident,
                                         .program = BUDGET_PROGRAM_SIZE,
                                         .descriptors = budget.descriptors};
    return true;
}

/* ---- filling it ---- */

/* The kind that is furthest behind its share when one more is to come. */
static size_t next_kind(const struct capacity_load *load, const size_t *taken, size_t tasks)
{
    double most = -1;
    size_t next = 0;

    for (size_t i = 0; i < load->kind_count; i++) {
        double behind = load->kinds[i].share * (double)(tasks + 1) - (double)taken[i];

        if (behind > most) {
            most = behind;
            next = i;
        }
    }
    return next;
}

static void note_used_up(const struct stock *stock, struct capacity_end *end)
{
    for (size_t i = 0; i < stock->class_count && end->class_size == 0; i++) {
        if (stock->blocks[i] == 0) {
            end->class_size = stock->size[i];
            end->class_tasks = end->tasks;
        }
    }
}

void capacity_fill(struct config *config, const struct capacity_load *load,
                   struct capacity_end *end)
{
    static struct budget budget;
    const struct config_limits *limits = &config->limits;
    size_t taken[CAPACITY_KINDS_MAX] = {0};
    size_t waited = load->clients * limits->submissions_per_connection;

    (void)budget_plan(&budget, config);
    *end = (struct capacity_end){.limit = NULL};
    while (end->limit == NULL) {
        size_t kind = next_kind(load, taken, end->tasks);

        end->body_size = load->kinds[kind].body_size;
        if (end->body_size > limits->payload_max)
            end->limit = "payload";
        else if (end->tasks + budget.reserved >= limits->tasks)
            end->limit = "tasks";
        else if (!load->background && end->tasks >= waited)
            end->limit = "connection";
        else if (!stock_take_task(&budget.beside, load->unique_size, end->body_size,
                                  !load->background))
            end->limit = "pool";
        if (end->limit != NULL)
            break;
        taken[kind]++;
        end->tasks++;
        note_used_up(&budget.beside, end);
    }
}

/* ---- from a load ---- */

/* What tasks of one kind need: one block where that can be, else an envelope and a chain. */
static void need_kind(struct needs *needs, const struct capacity_load *load, size_t body_size,
                      size_t tasks)
{
    size_t whole = router_envelope_size(load->unique_size, body_size);
    size_t most = PMAD_BLOCK_MAX - BLOCK_HEAD;

    if (!load->background)
        needs_add(needs, router_waiter_size(), tasks);
    if (whole <= (size_t)PMAD_BLOCK_MAX) {
        needs_add(needs, whole, tasks);
        return;
    }
    needs_add(needs, router_envelope_size(load->unique_size, 0), tasks);
    needs_add(needs, PMAD_BLOCK_MAX, tasks * (body_size / most));
    if (body_size % most > 0)
        needs_add(needs, body_size % most + BLOCK_HEAD, tasks);
}

/* Lays the pool `tasks` out for the demand, `growth` times as large. */
static bool lay_out_tasks(struct config *config, const struct capacity_load *load,
                          const struct capacity_demand *demand, double growth)
{
    struct needs needs = {.count = 0};

    for (size_t i = 0; i < load->kind_count; i++)
        need_kind(&needs, load, load->kinds[i].body_size,
                  (size_t)ceil((double)demand->of_kind[i] * growth));
    config->pools[POOL_TASKS].declared = true;
    return needs_layout(&needs, &config->pools[POOL_TASKS].layout);
}

static void set_limit(struct config *config, const char *key, size_t value,
                      struct config_errors *errors)
{
    char text[32];
    char name[64];

    (void)snprintf(text, sizeof text, "%zu", value);
    (void)snprintf(name, sizeof name, "[limits] %s", key);
    (void)config_set_key(config, "limits", key, text, name, errors);
}

/* Raises the limits that the load would meet. */
static bool set_limits(struct config *config, const struct capacity_load *load,
                       const struct capacity_demand *demand, char *why)
{
    struct config_errors errors = {.count = 0};
    size_t connections = load->workers + load->clients + CONNECTIONS_BESIDE;
    size_t each = (demand->tasks + load->clients - 1) / load->clients;
    size_t body_max = 0;

    for (size_t i = 0; i < load->kind_count; i++)
        if (load->kinds[i].body_size > body_max)
            body_max = load->kinds[i].body_size;
    config_default(config);
    set_limit(config, "tasks", demand->tasks, &errors);
    if (connections > config->limits.connections)
        set_limit(config, "connections", connections, &errors);
    if (body_max > config->limits.payload_max)
        set_limit(config, "payload_max", body_max, &errors);
    if (errors.count == 0 && !load->background && each > config->limits.submissions_per_connection)
        set_limit(config, "submissions_per_connection", each, &errors);
    if (errors.count > 0 || !config_finish(config, &errors)) {
        explain(&errors, why);
        return false;
    }
    return true;
}

static size_t whole_mib(double bytes)
{
    const double mib = 1024 * 1024;

    return (size_t)(ceil(bytes / mib) * mib);
}

/* True if the daemon would start with it and take all tasks that are to be expected. */
static bool will_do(struct budget *budget, struct config *config, const struct capacity_load *load,
                    const struct capacity_demand *demand, char *why)
{
    struct capacity_end end;

    if (!is_held(budget, config, why))
        return false;
    capacity_fill(config, load, &end);
    return end.tasks >= demand->tasks;
}

bool capacity_plan(const struct capacity_load *load, const struct capacity_demand *demand,
                   struct config *config, char *why)
{
    static struct budget budget;
    static char later[CAPACITY_TEXT];
    struct growth tasks = {.factor = 1};
    struct growth wire = {.factor = 1};
    size_t wire_size;

    if (!set_limits(config, load, demand, why))
        return false;
    wire_size = config->pools[POOL_WIRE].layout.pool_size;
    for (int i = 0; i < GROWTHS_MAX; i++) {
        const struct budget_rule *of_wire;
        bool grown;

        if (!lay_out_tasks(config, load, demand, tasks.factor))
            return false;
        if (will_do(&budget, config, load, demand, i == 0 ? why : later))
            return true;
        of_wire = broken_rule(&budget, "pool wire");
        grown = of_wire != NULL ? grow(&wire, of_wire)
                                : grow(&tasks, broken_rule(&budget, "pool tasks"));
        if (!grown)
            return false;
        config->pools[POOL_WIRE].declared = wire.factor > 1;
        config->pools[POOL_WIRE].layout.pool_size = whole_mib((double)wire_size * wire.factor);
    }
    return false;
}

/* ---- from what a daemon has seen ---- */

size_t capacity_pool_size(const struct capacity_class *classes, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        struct pmad_layout layout = {.pool_size = (size_t)64 * 1024 * 1024,
                                     .class_count = 1,
                                     .classes = {{classes[i].block_size, 100}}};
        struct pmad_fit fit;

        if (pmad_layout_fit(&layout, &fit) == PMAD_OK)
            bytes += fit.classes[0].bytes / fit.classes[0].blocks * classes[i].blocks;
    }
    return bytes;
}

/* A class that was used up would have been used more; how much more, nobody has counted. */
static size_t wanted_of(const struct capacity_class *class, double margin)
{
    double wanted = class->refused > 0 || class->high_water >= class->blocks
                        ? 2 * (double)class->blocks
                        : ceil((double)class->high_water * (1 + margin));

    return wanted < 1 ? 1 : (size_t)wanted;
}

bool capacity_advise(struct config *config, enum config_pool_id id, struct capacity_class *classes,
                     size_t count, double margin, char *why)
{
    static struct budget budget;
    const char *section = id == POOL_WIRE ? "pool wire" : "pool tasks";
    struct growth growth = {.factor = 1};

    config->pools[id].declared = true;
    for (size_t i = 0; i < count; i++)
        classes[i].wanted = wanted_of(&classes[i], margin);
    for (int i = 0; i < GROWTHS_MAX; i++) {
        struct needs needs = {.count = 0};
        const struct budget_rule *broken;

        for (size_t j = 0; j < count; j++)
            needs_add(&needs, classes[j].block_size,
                      (size_t)ceil((double)classes[j].wanted * growth.factor));
        if (!needs_layout(&needs, &config->pools[id].layout))
            return false;
        (void)is_held(&budget, config, why);
        broken = broken_rule(&budget, section);
        if (broken == NULL) {
            for (size_t j = 0; j < count; j++)
                classes[j].wanted = budget.fits[id].classes[j].blocks;
            return true;
        }
        if (!grow(&growth, broken))
            return false;
    }
    return false;
}

bool capacity_advise_sizes(struct config *config, const struct capacity_load *load,
                           const struct capacity_demand *demand, char *why)
{
    static struct budget budget;
    static char later[CAPACITY_TEXT];
    struct growth growth = {.factor = 1};

    for (int i = 0; i < GROWTHS_MAX; i++) {
        if (!lay_out_tasks(config, load, demand, growth.factor))
            return false;
        if (will_do(&budget, config, load, demand, i == 0 ? why : later))
            return true;
        if (!grow(&growth, broken_rule(&budget, "pool tasks")))
            return false;
    }
    return false;
}
