/* pmadctl plan: from a load to a configuration, and from a configuration to what it sustains. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capacity.h"
#include "ctl_ini.h"
#include "ctl_list.h"
#include "ctl_text.h"

enum { WORKERS_MAX = 100000, UNIQUE_MAX = 63, BODY_MAX = 1024 * 1024 * 1024, VALUE_SIZE = 32 };

static const double rate_max = 1e9;
static const double run_time_min = 1e-6;

struct plan {
    struct capacity_load load;
    bool has_rate, has_run_time, has_outage;
    const char *config; /* a file to judge, instead of making one */
    bool json;
};

/* ---- options ---- */

enum { KEY_CONFIG = 0x100, KEY_CLIENTS, KEY_UNIQUE };

static const struct argp_option options[] = {
    {.name = "rate", .key = 'r', .arg = "TASKS", .doc = "tasks submitted a second"},
    {.name = "sizes",
     .key = 'z',
     .arg = "SIZE[:PERCENT],...",
     .doc = "bodies of up to so many bytes, and what part of all they are; 1K by default"},
    {.name = "run-time", .key = 'd', .arg = "DURATION", .doc = "how long a task keeps a worker"},
    {.name = "workers", .key = 'w', .arg = "N", .doc = "workers that do one task at a time"},
    {.name = "outage",
     .key = 'o',
     .arg = "DURATION",
     .doc = "the longest time without any worker that is to be ridden out"},
    {.name = "clients",
     .key = KEY_CLIENTS,
     .arg = "N",
     .doc = "connections that submit; 1 by default"},
    {.name = "unique", .key = KEY_UNIQUE, .arg = "BYTES", .doc = "of a unique id; 0 by default"},
    {.name = "background", .key = 'b', .doc = "nobody waits for the results"},
    {.name = "config",
     .key = KEY_CONFIG,
     .arg = "FILE",
     .doc = "say what this configuration sustains, and what runs out first"},
    CTL_JSON_OPTION,
    {0},
};

/* "200:80,4K:15,60K:5", or one size for all. */
static void parse_sizes(struct capacity_load *load, const char *arg, struct argp_state *state)
{
    char *text = strdup(arg);
    char *rest = text;
    double sum = 0;

    load->kind_count = 0;
    for (char *part; (part = strsep(&rest, ",")) != NULL;) {
        char *percent = strchr(part, ':');
        struct capacity_kind kind = {.share = 1};
        uint64_t number = 100;

        if (percent != NULL)
            *percent++ = '\0';
        if (!ctl_size(part, BODY_MAX, &kind.body_size))
            argp_error(state, "--sizes: `%s' is no size up to 1G, as 200, 4K or 1M", part);
        if (percent != NULL ? !ctl_count(percent, 1, 100, &number) : strchr(arg, ',') != NULL)
            argp_error(state, "--sizes: say behind %s which percentage of all tasks, 1 to 100",
                       part);
        if (load->kind_count == CAPACITY_KINDS_MAX)
            argp_error(state, "--sizes: there are more than %d", CAPACITY_KINDS_MAX);
        kind.share = (double)number / 100;
        sum += (double)number;
        load->kinds[load->kind_count++] = kind;
    }
    if (sum != 100)
        argp_error(state, "--sizes: the percentages sum to %.0f and not to 100", sum);
    free(text);
}

static size_t parse_count(const char *arg, uint64_t min, uint64_t max, const char *name,
                          const struct argp_state *state)
{
    uint64_t count = 0;

    if (!ctl_count(arg, min, max, &count))
        argp_error(state, "--%s is a number from %llu to %llu, not %s", name,
                   (unsigned long long)min, (unsigned long long)max, arg);
    return (size_t)count;
}

static double parse_duration(const char *arg, const char *name, double least,
                             const struct argp_state *state)
{
    double seconds = 0;

    if (!ctl_seconds(arg, &seconds) || seconds < least)
        argp_error(state, "--%s: %s is no such duration; say 50us, 20ms, 10s, 5m or 2h", name, arg);
    return seconds;
}

static double parse_rate(const char *arg, const struct argp_state *state)
{
    char *end;
    double rate = strtod(arg, &end);

    if (end == arg || *end != '\0' || !(rate > 0) || rate > rate_max)
        argp_error(state, "--rate is a number of tasks a second above 0, not %s", arg);
    return rate;
}

/* A configuration is made for a whole load, and judged by what is known of one. */
static void judge(const struct plan *plan, const struct argp_state *state)
{
    const char *missing = !plan->has_rate           ? "rate"
                          : !plan->has_run_time     ? "run-time"
                          : plan->load.workers == 0 ? "workers"
                          : !plan->has_outage       ? "outage"
                                                    : NULL;
    bool any = plan->has_rate || plan->has_run_time || plan->load.workers > 0;

    if (plan->config == NULL && missing != NULL)
        argp_error(state,
                   "--%s is missing: a plan takes --rate, --run-time, --workers and --outage",
                   missing);
    if (plan->config == NULL && plan->json)
        argp_error(state, "--json is for what --config lists; a plan is an INI file");
    if (plan->config != NULL && plan->has_outage && !any)
        argp_error(state, "--outage says nothing without --rate, --run-time and --workers");
    if (plan->config != NULL && any && missing != NULL && strcmp(missing, "outage") != 0)
        argp_error(state, "--%s is missing: --rate, --run-time and --workers go together", missing);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct plan *plan = state->input;
    struct capacity_load *load = &plan->load;

    switch (key) {
    case 'r':
        load->rate = parse_rate(arg, state);
        plan->has_rate = true;
        return 0;
    case 'z':
        parse_sizes(load, arg, state);
        return 0;
    case 'd':
        load->run_s = parse_duration(arg, "run-time", run_time_min, state);
        plan->has_run_time = true;
        return 0;
    case 'w':
        load->workers = parse_count(arg, 1, WORKERS_MAX, "workers", state);
        return 0;
    case 'o':
        load->outage_s = parse_duration(arg, "outage", 0, state);
        plan->has_outage = true;
        return 0;
    case KEY_CLIENTS:
        load->clients = parse_count(arg, 1, WORKERS_MAX, "clients", state);
        return 0;
    case KEY_UNIQUE:
        load->unique_size = parse_count(arg, 0, UNIQUE_MAX, "unique", state);
        return 0;
    case 'b':
        load->background = true;
        return 0;
    case KEY_CONFIG:
        plan->config = arg;
        return 0;
    case 'j':
        plan->json = true;
        return 0;
    case ARGP_KEY_END:
        judge(plan, state);
        return 0;
    default:
        return ctl_no_options(key, arg, state);
    }
}

/* ---- what cannot be ---- */

static enum ctl_exit say_overload(const struct capacity_load *load,
                                  const struct capacity_demand *demand)
{
    ctl_say(
        "impossible: --rate=%g with --run-time=%gs keeps %.6g workers busy, and --workers=%zu do "
        "%.6g tasks a second at most; take %.0f workers or more, or what waits grows for ever",
        load->rate, load->run_s, demand->busy, load->workers, demand->rate_max,
        floor(demand->busy) + 1);
    return CTL_USAGE;
}

/* Each line of `why` is a rule that does not hold. */
static enum ctl_exit say_refusal(const char *what, char *why)
{
    char *rest = why;

    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (line[0] != '\0')
            ctl_say("%s: %s", what, line);
    return CTL_USAGE;
}

/* ---- from a load to a configuration ---- */

static void print_load(const struct capacity_load *load, const struct capacity_demand *demand)
{
    char size[CTL_SIZE_TEXT];

    (void)printf("; For %g tasks a second, each %gs of work for one of %zu workers:\n", load->rate,
                 load->run_s, load->workers);
    for (size_t i = 0; i < load->kind_count; i++)
        (void)printf(";   %3.0f%% with a body of up to %s\n", load->kinds[i].share * 100,
                     ctl_human_size(size, load->kinds[i].body_size));
    (void)printf("; %.1f workers are busy (%.0f%%). After %gs without any, about %.0f tasks wait,\n"
                 "; all of which are done %.0fs later. Room is for %zu %s tasks.\n",
                 demand->busy, 100 * demand->busy / (double)load->workers, load->outage_s,
                 demand->peak, demand->recovery_s, demand->tasks,
                 load->background ? "background" : "foreground");
}

static enum ctl_exit make(const struct plan *plan)
{
    static struct config config;
    static char why[CAPACITY_TEXT];
    struct capacity_demand demand;

    if (!capacity_demand(&plan->load, &demand))
        return say_overload(&plan->load, &demand);
    if (!capacity_plan(&plan->load, &demand, &config, why)) {
        ctl_say("impossible: --outage=%gs at --rate=%g leaves %zu tasks waiting, and:",
                plan->load.outage_s, plan->load.rate, demand.tasks);
        return say_refusal("impossible", why);
    }
    print_load(&plan->load, &demand);
    (void)printf("\n[limits]\n");
    ctl_ini_limits(&config);
    (void)putchar('\n');
    ctl_ini_pool(&config, POOL_TASKS);
    if (config.pools[POOL_WIRE].declared) {
        (void)putchar('\n');
        ctl_ini_pool(&config, POOL_WIRE);
    }
    return ctl_flush(CTL_COMPLETE);
}

/* ---- from a configuration to what it sustains ---- */

static const struct ctl_listing answers = {
    .line = "plan",
    .column_count = 4,
    .columns = {{"WHAT", "what", CTL_TEXT},
                {"VALUE", "value", CTL_TEXT},
                {"UNIT", "unit", CTL_TEXT},
                {"WHY", "why", CTL_TEXT}},
};

static const char *why_refused(const struct capacity_end *end)
{
    static const struct {
        const char *limit, *why;
    } reasons[] = {
        {"tasks", "[limits] tasks"},
        {"payload", "[limits] payload_max"},
        {"connection", "[limits] submissions_per_connection, times --clients"},
        {"pool", "[pool tasks] has no combination of blocks left"},
    };
    const char *why = "";

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(end->limit, reasons[i].limit) == 0)
            why = reasons[i].why;
    return why;
}

static void put_memory(FILE *out, const struct capacity_end *end)
{
    (void)fprintf(out, "tasks_at_once\t%zu\ttasks\tmore are refused: %s\n", end->tasks,
                  why_refused(end));
    (void)fprintf(out, "refused_by\t%s\t\tlimit= of the refusal\n", end->limit);
    if (end->class_size > 0)
        (void)fprintf(out,
                      "first_class_used_up\t%zu\tbytes\tof [pool tasks], after %zu tasks; larger "
                      "blocks stand in\n",
                      end->class_size, end->class_tasks);
}

/* How long it can go on without a worker; returns false if that is not long enough. */
static bool put_load(FILE *out, const struct plan *plan, const struct capacity_end *end,
                     const struct capacity_demand *demand)
{
    const struct capacity_load *load = &plan->load;
    double outage_s = ((double)end->tasks - demand->busy) / load->rate;
    bool enough = outage_s >= load->outage_s && end->tasks >= demand->tasks;

    if (outage_s < 0)
        outage_s = 0;
    (void)fprintf(out, "busy_workers\t%.1f\tworkers\tof %zu\n", demand->busy, load->workers);
    (void)fprintf(out, "most_rate\t%.6g\ttasks/s\twhat the workers can do\n", demand->rate_max);
    (void)fprintf(out, "longest_outage\t%.1f\ts\tuntil %s refuses\n", outage_s, end->limit);
    if (!plan->has_outage)
        return true;
    (void)fprintf(out, "tasks_wanted\t%zu\ttasks\tfor an outage of %gs, and what chance adds\n",
                  demand->tasks, load->outage_s);
    (void)fprintf(out, "verdict\t%s\t\t%s\n", enough ? "ok" : "FAILED",
                  enough ? "the outage is ridden out" : "tasks would be refused");
    return enough;
}

static enum ctl_exit examine(const struct plan *plan)
{
    static struct config config;
    static char why[CAPACITY_TEXT];
    struct capacity_demand demand;
    struct capacity_end end;
    bool enough = true;
    char *text = NULL;
    size_t size = 0;
    FILE *out;
    enum ctl_exit done;

    if (plan->has_rate && !capacity_demand(&plan->load, &demand))
        return say_overload(&plan->load, &demand);
    if (!capacity_read(plan->config, &config, why))
        return say_refusal("pmadd would not start", why);
    out = open_memstream(&text, &size);
    if (out == NULL) {
        ctl_say("out of memory");
        return CTL_FAILED;
    }
    capacity_fill(&config, &plan->load, &end);
    put_memory(out, &end);
    if (plan->has_rate)
        enough = put_load(out, plan, &end, &demand);
    (void)fclose(out);
    done = ctl_list_show(&answers, text, plan->json);
    free(text);
    return done == CTL_COMPLETE && !enough ? CTL_FAILED : done;
}

int ctl_plan(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc =
            "Works out [limits] and [pool tasks] for a load, with room for what waits while no "
            "worker is there, as an INI file that pmadd starts with. With --config says what a "
            "configuration sustains: how many such tasks at once, which class of blocks is used up "
            "first, what refuses in the end, and for how long a rate can go on without a worker; "
            "fails where --outage is longer. No daemon is asked.\vExamples:\n"
            "  pmadctl plan --rate=200 --sizes=200:80,4K:15,60K:5 --run-time=20ms \\\n"
            "      --workers=8 --outage=5m > pmadd.conf\n"
            "  pmadctl plan --config=/etc/pmadd/pmadd.conf --sizes=4K",
    };
    struct plan plan = {
        .load = {.clients = 1, .kind_count = 1, .kinds = {{.body_size = 1024, .share = 1}}}};
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, &plan);
    done = plan.config != NULL ? examine(&plan) : make(&plan);
    return done;
}
