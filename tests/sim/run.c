#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */

#include "run.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "checks.h"
#include "events.h"
#include "pace.h"

enum {
    WATCH_EVERY = 100,
    PATIENCE_S = 30,
    TURNS_MIN = 4, /* who was refused memory goes on when somebody gives some back */
    FINALE_MAX = 200000,
    DRAIN_SHARE = 20, /* one part in so many of a run comes when submissions are over */
};

#define NEVER ULONG_MAX /* in place of a step: there is no more */

const struct world *run_on_stage = NULL;

/* ---- the end of all work ---- */

/* Everybody reads, everybody finishes what he holds; whoever can do everything does the rest, when the
 * time has come. */
static void finish_all_work(struct world *world)
{
    struct actor *finisher;

    (void)router_scarcity(world->rig.router, 0, false);
    world->scarcity = false;
    everybody_reads(world);
    finisher = finisher_joins(world);
    for (size_t turn = 0; turn < TURNS_MIN || rig_counts(&world->rig).tasks > 0; turn++) {
        if (turn == FINALE_MAX)
            model_failed("tasks are left that never end");
        everybody_finishes(world);
        if (rig_counts(&world->rig).delayed > 0)
            world->rig.now.wall_us += RIG_WALL_US / 100;
        grab_one(world, finisher);
    }
    model_over(&world->model);
    finisher_leaves(world, finisher);
}

/* All that was accepted has ended; then the clock is set right, and a new day begins. */
static void morning(struct world *world)
{
    finish_all_work(world);
    world_note(world, NULL, "morning");
    model_forget_ended(&world->model);
    world->rig.now.wall_us = RIG_WALL_US + (int64_t)world->rig.now.mono_us;
    world_turn(world);
}

/* ---- steps ---- */

struct run {
    const struct plan *plan;
    struct world *world;
    uint64_t begun_us;
    struct rulebook book;
    unsigned long last; /* without a script: the step before */
    bool has_finale;
};

static uint64_t elapsed_us(const struct run *run)
{
    return run->world->rig.now.mono_us - run->begun_us;
}

/* Is so much of the run over, in parts of DRAIN_SHARE? */
static bool is_past(const struct run *run, unsigned part)
{
    const struct plan *plan = run->plan;

    if (plan->script.paced)
        return elapsed_us(run) / part >= plan->until_us / DRAIN_SHARE;
    return run->last >= plan->steps - plan->steps / DRAIN_SHARE * (DRAIN_SHARE - part);
}

static unsigned long next_step(struct run *run)
{
    const struct script *script = &run->plan->script;
    const struct progress *progress = run->plan->progress;

    if (script->steps != NULL)
        return progress->played < script->count ? script->steps[progress->played] : NEVER;
    if (progress->drain == 0 && is_past(run, DRAIN_SHARE - 1))
        return DRAIN;
    return is_past(run, DRAIN_SHARE) ? NEVER : ++run->last;
}

/* A step's dice are its own. */
static struct dice step_dice(const struct script *script, unsigned long step)
{
    struct dice dice = {.state = script->seed * UINT64_C(0x2545f4914f6cdd1d) + script->kind->salt};

    dice.state = dice_next(&dice) ^ step;
    dice.state = dice_next(&dice);
    return dice;
}

/* Some steps take a millisecond; if they take so many seconds of work, something goes round in circles. */
static void watch(void)
{
    struct itimerval patience = {.it_value = {.tv_sec = PATIENCE_S}};

    (void)setitimer(ITIMER_VIRTUAL, &patience, NULL);
}

static void play(struct run *run, unsigned long step)
{
    const struct script *script = &run->plan->script;
    struct world *world = run->world;
    struct progress *progress = run->plan->progress;

    if (progress->played++ % WATCH_EVERY == 0)
        watch();
    if (step == DRAIN) {
        progress->drain = progress->played;
        submissions_end(world);
        return;
    }
    world->step = step;
    world->dice = step_dice(script, step);
    if (script->paced && pace_step(world, script->seed))
        morning(world);
    event_happens(world);
    check_step(world, run->plan->check_all);
}

/* ---- from beginning to end ---- */

static struct outcome finish(struct run *run)
{
    struct world *world = run->world;
    struct outcome outcome;

    watch();
    world->dice = step_dice(&run->plan->script, NEVER);
    if (run->has_finale)
        finish_all_work(world);
    check_everything(world);
    outcome = (struct outcome){world->model.digest, world->events, elapsed_us(run)};
    world_report(world);
    world_finish(world);
    return outcome;
}

/* With starved pools only some limit time: where a task may fail at any moment the ledger says less. */
static struct habits roll_habits(const struct script *script, struct dice *dice)
{
    return (struct habits){.limits_time =
                               script->kind->strictness == MODEL_EXACT || script->seed % 3 == 0,
                           .pushes = dice_chance(dice, 60)};
}

struct outcome run_play(const struct plan *plan)
{
    const struct script *script = &plan->script;
    struct run run = {.plan = plan, .world = heap_take(sizeof *run.world)};
    struct dice dice = step_dice(script, DRAIN);
    struct rig_setup setup = script->kind->setup(script->kind);
    struct habits habits = roll_habits(script, &dice);
    struct outcome outcome;
    unsigned long step;

    run.has_finale = script->paced || script->seed % 4 != 0;
    kind_roll(script->kind, &setup, &run.book, &dice, habits);
    run_on_stage = run.world;
    *plan->progress = (struct progress){.played = 0};
    world_init(run.world, script->kind, &setup, &run.book, &dice);
    run.world->verbose = plan->verbose;
    run.world->find = script->find;
    run.world->pushes = habits.pushes;
    run.world->far_seconds = !run.has_finale;
    run.world->model.limits_time = habits.limits_time;
    run.world->model.scarce = script->kind->scarce;
    run.begun_us = run.world->rig.now.mono_us;
    can_do_everything(run.world, world_join(run.world, RIGHT_ALL, NULL));
    while ((step = next_step(&run)) != NEVER)
        play(&run, step);
    outcome = finish(&run);
    run_on_stage = NULL;
    free(run.world);
    return outcome;
}
