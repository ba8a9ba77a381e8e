#include "kind.h"

#include <string.h>

enum { WAITERS_AMPLE = 24, OUTBOX_AMPLE = 1 << 24, OUTBOX_STARVED = 20000 };

static struct rig_setup setup_ample(const struct kind *kind)
{
    struct rig_setup setup = rig_setup_ample();

    setup.limits.connections = kind->actors_max + 1;
    setup.limits.tasks = 1000;
    setup.limits.waiters_per_task = WAITERS_AMPLE;
    setup.limits.outbox_max = 65536;
    setup.limits.slow_peer_grace_us = 5000000;
    setup.limits.frame_timeout_us = 30000000;
    setup.limits.idle_timeout_us = 30000000;
    return setup;
}

/* Thousands of tasks at once, none of them large. */
static struct rig_setup setup_crowded(const struct kind *kind)
{
    struct rig_setup setup = setup_ample(kind);

    setup.limits.tasks = 10000;
    setup.limits.payload_max = 2000;
    setup.limits.outbox_max = 1 << 20;
    setup.limits.waiters_per_task = 2000;
    setup.limits.submissions_per_connection = 20000;
    setup.tasks = (struct pmad_layout){
        .pool_size = 16 << 20, .class_count = 3, .classes = {{256, 40}, {1024, 30}, {4096, 30}}};
    return setup;
}

/* The pool `wire` can hold one result of payload_max and one read, and hardly more. */
static struct rig_setup setup_starved(const struct kind *kind)
{
    struct rig_setup setup = setup_ample(kind);

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

const struct kind kinds[KINDS] = {
    {"ample", setup_ample, 0, 12, 150, 8, MODEL_EXACT, false},
    {"starved", setup_starved, 1, 12, 12, 8, MODEL_LEDGER, false},
    {"crowded", setup_crowded, 2, 40, 6000, 200, MODEL_EXACT, false},
    {"scarce", setup_starved, 3, 12, 12, 8, MODEL_LEDGER, true},
};

const struct kind *kind_named(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* Where workers have credit and all is to be known in advance, no outbox gets so full that a worker has
 * none for the moment. */
void kind_roll(const struct kind *kind, struct rig_setup *setup, struct rulebook *book,
               struct dice *dice, struct habits habits)
{
    static const size_t wakeups[] = {1, 1, 1, 2, 0};
    static const size_t reserves[] = {0, 0, 1, 3};
    static const size_t waiters[] = {2, 6, 24, 24};

    setup->worker_wakeup = wakeups[dice_roll(dice, sizeof wakeups / sizeof *wakeups)];
    setup->round_robin = dice_chance(dice, 50);
    setup->exceptions = dice_chance(dice, 15);
    setup->limits.connections_reserved = reserves[dice_roll(dice, 4)];
    if (setup->limits.waiters_per_task == WAITERS_AMPLE)
        setup->limits.waiters_per_task = waiters[dice_roll(dice, 4)];
    if (habits.pushes && kind->strictness == MODEL_EXACT)
        setup->limits.outbox_max = OUTBOX_AMPLE;
    else if (habits.pushes && dice_chance(dice, 30))
        setup->limits.outbox_max = OUTBOX_STARVED;
    rulebook_roll(book, setup, dice, habits.limits_time);
}
