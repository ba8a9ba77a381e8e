#include "kind.h"

#include <string.h>

static struct rig_setup setup_ample(const struct kind *kind)
{
    struct rig_setup setup = rig_setup_ample();

    setup.limits.connections = kind->actors_max + 1;
    setup.limits.tasks = 1000;
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

/* With starved pools only some have limits of time: where a task may fail at any moment the ledger
 * says less. */
void kind_roll(struct rig_setup *setup, struct dice *dice, bool limits_time)
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
