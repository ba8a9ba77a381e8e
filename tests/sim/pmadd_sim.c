/*
 * pmadd-sim: a router, its peers and the world between them, made from one number.
 *
 *     pmadd-sim --seed N [--steps N] [--verbose]
 *
 * Rolls how the router is set and what happens (who connects, submits, grabs, finishes, cancels, stops
 * reading, leaves; frames cut anywhere; time that passes, a clock that is set), drives the core with it
 * and holds all that is heard against the model. Runs twice: with ample pools, where every message is
 * known in advance, and with starved ones. The same seed gives the same run; its digest is printed, so
 * that this can be tested too.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"

enum { STEPS = 20000, CHECK_EVERY = 20, POOLS_EVERY = 1000, TIDY_EVERY = 100, FINALE_MAX = 200000 };

/* ---- when something is wrong ---- */

static const struct world *on_stage;

static void put(const char *text)
{
    /* Nothing can be done about a failure to say what failed. */
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        _exit(1);
}

static void print_tail(void)
{
    if (on_stage == NULL)
        return;
    put("the last events:\n");
    for (size_t i = 0; i < LOG_LINES; i++)
        put(on_stage->log[(on_stage->log_next + i) % LOG_LINES]);
}

static void fail(const char *finding)
{
    (void)fflush(stdout);
    put("pmadd-sim: ");
    put(finding);
    put("\n");
    print_tail();
    _exit(1);
}

/* A trap in the core: MUST, or a sanitizer. */
static void on_trap(int signal_number)
{
    (void)signal_number;
    put("pmadd-sim: the core has stopped itself\n");
    print_tail();
    _exit(1);
}

/* ---- a run ---- */

/* How the router is set: by the seed. With starved pools only some have limits of time: where a task
 * may fail at any moment the ledger says less. */
static void roll_settings(struct rig_setup *setup, struct dice *dice, bool limits_time)
{
    static const size_t wakeups[] = {1, 1, 1, 2, 0};
    static const uint64_t timeouts_us[] = {0, 0, 2000000, 9000000};
    static const size_t retries[] = {0, 0, 1, 3};

    setup->worker_wakeup = wakeups[dice_roll(dice, sizeof wakeups / sizeof *wakeups)];
    setup->round_robin = dice_chance(dice, 50);
    setup->exceptions = dice_chance(dice, 15);
    setup->every_function.max_queue = dice_chance(dice, 20) ? 1 + dice_roll(dice, 40) : 0;
    if (!limits_time)
        return;
    setup->every_function.timeout_us = timeouts_us[dice_roll(dice, 4)];
    setup->every_function.retries = retries[dice_roll(dice, 4)];
}

static struct rig_setup setup_ample(void)
{
    struct rig_setup setup = rig_setup_ample();

    setup.limits.connections = ACTORS_MAX + 1;
    setup.limits.tasks = 1000;
    setup.limits.outbox_max = 65536;
    setup.limits.slow_peer_grace_us = 5000000;
    setup.limits.frame_timeout_us = 30000000;
    setup.limits.idle_timeout_us = 30000000;
    return setup;
}

/* The pool `wire` can hold one result of payload_max and one read, and hardly more. */
static struct rig_setup setup_starved(void)
{
    struct rig_setup setup = setup_ample();

    setup.limits.tasks = 50;
    setup.limits.payload_max = 40000;
    setup.limits.outbox_max = 150000;
    setup.limits.submissions_per_connection = 12;
    setup.limits.waiters_per_task = 16;
    setup.tasks = (struct pmad_layout){
        .pool_size = 262144, .class_count = 3, .classes = {{320, 20}, {1024, 30}, {4096, 50}}};
    setup.wire = (struct pmad_layout){.pool_size = router_wire_floor(&setup.limits) + 24576,
                                      .class_count = 3,
                                      .classes = {{128, 10}, {2048, 40}, {8192, 50}}};
    return setup;
}

/* Accepted is what ended, was dropped, or is still here. */
static void expect_promise(const struct world *world)
{
    struct router_counts counts = rig_counts(&world->rig);

    if (counts.submitted != counts.completed + counts.failed + counts.cancelled + counts.abandoned +
                                counts.delayed + counts.queued + counts.assigned)
        fail("tasks accepted are not the sum of what became of them");
    if (counts.tasks != counts.arriving + counts.delayed + counts.queued + counts.assigned +
                            counts.cancelled_running + counts.told)
        fail("tasks are not the sum of their states");
}

/* What the core counts is what the model counts. */
static void expect_counts(const struct world *world)
{
    struct router_counts counts = rig_counts(&world->rig);
    const struct model *model = &world->model;
    const struct {
        uint64_t has, should_have;
        const char *finding;
    } rows[] = {
        {counts.delayed, model_count(model, JOB_DELAYED), "delayed tasks"},
        {counts.queued, model_count(model, JOB_QUEUED), "queued tasks"},
        {counts.assigned, model_count(model, JOB_HELD), "assigned tasks"},
        {counts.cancelled_running, model_count(model, JOB_CANCELLED), "cancelled running tasks"},
        {counts.submitted, model->counts.submitted, "accepted tasks"},
        {counts.coalesced, model->counts.coalesced, "submissions that joined"},
        {counts.completed, model->counts.completed, "completed tasks"},
        {counts.failed, model->counts.failed, "failed tasks"},
        {counts.cancelled, model->counts.cancelled, "cancelled tasks"},
        {counts.abandoned, model->counts.abandoned, "abandoned tasks"},
        {counts.retried, model->counts.retried, "retried tasks"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char finding[128];

        if (rows[i].has == rows[i].should_have)
            continue;
        (void)snprintf(finding, sizeof finding, "the core has %" PRIu64 " %s, the model %" PRIu64,
                       rows[i].has, rows[i].finding, rows[i].should_have);
        fail(finding);
    }
}

/* Everybody reads, everybody finishes what he holds; whoever can do everything does the rest, when the
 * time has come. */
static void finale(struct world *world)
{
    struct actor *finisher = world_join(world, RIGHT_ALL);

    everybody_reads(world);
    can_do_everything(world, finisher);
    for (size_t turn = 0; rig_counts(&world->rig).tasks > 0; turn++) {
        if (turn == FINALE_MAX)
            fail("tasks are left that never end");
        everybody_finishes(world);
        if (rig_counts(&world->rig).delayed > 0)
            world->rig.now.wall_us += RIG_WALL_US / 100;
        grab_one(world, finisher);
    }
    model_over(&world->model);
}

static uint64_t run(const char *name, const struct rig_setup *setup,
                    enum model_strictness strictness, uint64_t seed, unsigned long steps,
                    bool verbose)
{
    struct world *world = heap_take(sizeof *world);
    bool has_finale = seed % 4 != 0;
    bool limits_time = strictness == MODEL_EXACT || seed % 3 == 0;
    struct dice dice = {.state = seed + strictness};
    struct rig_setup rolled = *setup;
    uint64_t digest;

    roll_settings(&rolled, &dice, limits_time);
    on_stage = world;
    world_init(world, &rolled, strictness, seed, verbose);
    world->far_seconds = !has_finale;
    world->model.limits_time = limits_time;
    can_do_everything(world, world_join(world, RIGHT_ALL));
    for (world->step = 1; world->step <= steps; world->step++) {
        event_happens(world, steps);
        expect_promise(world);
        if (strictness == MODEL_EXACT)
            expect_counts(world);
        if (world->step % TIDY_EVERY == 0)
            model_tidy(&world->model);
        if (world->step % CHECK_EVERY == 0)
            rig_check(&world->rig);
        if (world->step % POOLS_EVERY == 0)
            pools_check(&world->rig.pools);
    }
    if (has_finale)
        finale(world);
    rig_check(&world->rig);
    expect_promise(world);
    digest = world->model.digest;
    world_report(world, name);
    world_finish(world);
    on_stage = NULL;
    free(world);
    return digest;
}

static unsigned long number_or_exit(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (*text == 0 || *end != 0) {
        (void)fprintf(stderr, "pmadd-sim: not a number: %s\n", text);
        exit(2);
    }
    return number;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'},
                                            {"steps", required_argument, NULL, 'n'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    struct rig_setup ample = setup_ample(), starved = setup_starved();
    unsigned long seed = 1, steps = STEPS;
    unsigned long long digests[2];
    bool verbose = false;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's')
            seed = number_or_exit(optarg);
        else if (option == 'n')
            steps = number_or_exit(optarg);
        else if (option == 'v')
            verbose = true;
        else
            return 2;
    }
    driver_failed = fail;
    model_failed = fail;
    (void)signal(SIGILL, on_trap);
    (void)signal(SIGTRAP, on_trap);
    printf("seed %lu\n", seed);
    (void)fflush(stdout);
    digests[0] = run("ample", &ample, MODEL_EXACT, seed, steps, verbose);
    digests[1] = run("starved", &starved, MODEL_LEDGER, seed, steps, verbose);
    printf("digest %016llx %016llx\n", digests[0], digests[1]);
    return EXIT_SUCCESS;
}
