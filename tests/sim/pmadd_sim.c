/*
 * pmadd-sim: a router, its peers and the world between them, made from one number.
 *
 *     pmadd-sim --seed N [--steps N] [--verbose]
 *
 * Rolls events (who connects, submits, grabs, finishes, stops reading, leaves; frames cut anywhere;
 * time that passes), drives the core with them and holds all that is heard against the model. Runs
 * twice: with ample pools, where every message is known in advance, and with starved ones. The same
 * seed gives the same run; its digest is printed, so that this can be tested too.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */

#include <getopt.h>
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

    if (counts.submitted !=
        counts.completed + counts.failed + counts.abandoned + counts.queued + counts.assigned)
        fail("tasks accepted are not the sum of what became of them");
    if (counts.tasks != counts.arriving + counts.queued + counts.assigned + counts.told)
        fail("tasks are not the sum of their states");
    if (world->model.strictness == MODEL_LEDGER)
        return;
    if (counts.queued != model_count(&world->model, JOB_QUEUED))
        fail("the core has not as many queued tasks as the model");
    if (counts.assigned != model_count(&world->model, JOB_HELD))
        fail("the core has not as many assigned tasks as the model");
}

/* Everybody reads, everybody finishes what he holds; whoever can do everything does the rest. */
static void finale(struct world *world)
{
    struct actor *finisher = world_join(world);

    everybody_reads(world);
    can_do_everything(world, finisher);
    for (size_t turn = 0; rig_counts(&world->rig).tasks > 0; turn++) {
        if (turn == FINALE_MAX)
            fail("tasks are left that never end");
        everybody_finishes(world);
        grab_one(world, finisher);
    }
    for (const struct actor *actor = world->model.actors; actor != NULL; actor = actor->next)
        if (actor->expected != NULL)
            fail("somebody was not told what was due");
    if (model_count(&world->model, JOB_QUEUED) + model_count(&world->model, JOB_HELD) > 0)
        fail("the core has forgotten a task");
}

static uint64_t run(const char *name, const struct rig_setup *setup,
                    enum model_strictness strictness, uint64_t seed, unsigned long steps,
                    bool verbose)
{
    struct world *world = heap_take(sizeof *world);
    uint64_t digest;

    on_stage = world;
    world_init(world, setup, strictness, seed, verbose);
    /* All functions are named now, so that listings have one order whoever comes first later. */
    can_do_everything(world, world_join(world));
    for (world->step = 1; world->step <= steps; world->step++) {
        event_happens(world, steps);
        expect_promise(world);
        if (world->step % TIDY_EVERY == 0)
            model_tidy(&world->model);
        if (world->step % CHECK_EVERY == 0)
            rig_check(&world->rig);
        if (world->step % POOLS_EVERY == 0)
            pools_check(&world->rig.pools);
    }
    if (seed % 4 != 0)
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
