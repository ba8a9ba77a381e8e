/*
 * Where tasks that wait meet workers that wait.
 *
 * A worker waits who sleeps, and one who has credit. There is one order for both: who has waited longest
 * is next, and is woken or given the task; who was given one waits behind the others. Who gets room for
 * one more is served after those who waited. While a request is done it is only noted whom it will be
 * about, model_match() does the rest.
 *
 * Who is next is known in advance only where every message is; a ledger only counts.
 */
#include "gm_packet.h"
#include "model_state.h"

/* ---- waiting ---- */

bool has_credit(const struct actor *actor)
{
    return !actor->gone && actor->hand_count + actor->overdue < actor->credit;
}

void actor_forget_woken(struct model *model, struct actor *actor)
{
    if (!actor->counts_woken)
        return;
    actor->counts_woken = false;
    model_stir(model, actor->woken_for);
}

/* He sleeps like this and waits or does not, from now on: behind the others. */
static void stand(struct model *model, struct actor *actor, enum actor_sleep sleep, bool waits)
{
    actor->sleep = sleep;
    actor->waits = waits;
    if (waits || sleep != ACTOR_WOKEN)
        actor_forget_woken(model, actor);
    for (size_t i = 0; i < actor->able_count; i++)
        actor->able[i].waits_since = ++model->ticks;
}

/* Who waits, and goes on waiting, keeps his place. */
void actor_sleeps(struct model *model, struct actor *actor, enum actor_sleep sleep)
{
    bool waits = sleep == ACTOR_ASLEEP || (actor->waits && has_credit(actor));

    if (actor->waits && waits)
        actor->sleep = sleep;
    else if (actor->sleep != sleep)
        stand(model, actor, sleep, waits);
}

static bool has_noop_coming(const struct actor *actor)
{
    const struct expected *at = actor->expected;

    while (at != NULL && at->type != GM_NOOP)
        at = at->next;
    return at != NULL;
}

/* At most one NOOP waits to be read. */
void actor_wake(struct model *model, struct actor *actor, unsigned function)
{
    actor_sleeps(model, actor, ACTOR_WOKEN);
    actor->counts_woken = true;
    actor->woken_for = function;
    actor->woken_at = ++model->ticks;
    actor->woken_us = model->now.mono_us;
    if (!has_noop_coming(actor))
        (void)expect(actor, GM_NOOP, NULL);
}

/* ---- credit ---- */

void model_credit_changed(struct model *model, struct actor *actor)
{
    bool has = has_credit(actor);

    if (model->strictness == MODEL_LEDGER)
        return;
    for (size_t i = 0; i < actor->able_count; i++)
        model_touch(model, actor->able[i].function);
    if (actor->waits && !has && actor->sleep != ACTOR_ASLEEP)
        stand(model, actor, actor->sleep, false);
    if (!actor->waits && has && !actor->freed) {
        actor->freed = true;
        TAILQ_INSERT_TAIL(&model->freed, actor, in_freed);
    }
}

void model_set_credit(struct model *model, struct actor *actor, size_t credit)
{
    actor->credit = credit;
    actor->pushed = actor->pushed || credit > 0;
    if (credit > actor->credit_high)
        actor->credit_high = credit;
    model_credit_changed(model, actor);
}

void model_gone(struct model *model, struct actor *actor)
{
    if (actor->gone)
        return;
    actor->gone = true;
    model_credit_changed(model, actor);
}

void actor_unfree(struct model *model, struct actor *actor)
{
    if (actor->freed)
        TAILQ_REMOVE(&model->freed, actor, in_freed);
    actor->freed = false;
}

/* ---- matching ---- */

void model_stir(struct model *model, unsigned function)
{
    model_touch(model, function);
    for (size_t i = 0; i < model->stirred_count; i++)
        if (model->stirred[i] == function)
            return;
    model->stirred[model->stirred_count++] = function;
}

static size_t woken_for(const struct model *model, unsigned function)
{
    size_t woken = 0;

    for (struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        woken += actor->counts_woken && actor->woken_for == function;
    return woken;
}

/* Who can do it and has waited longest, or NULL. */
static struct actor *longest_waiting(const struct model *model, unsigned function)
{
    struct actor *longest = NULL;
    uint64_t since = 0;

    for (struct actor *actor = model->actors; actor != NULL; actor = actor->next) {
        const struct ability *ability = ability_of(actor, function);

        if (ability == NULL || !actor->waits || (longest != NULL && ability->waits_since > since))
            continue;
        longest = actor;
        since = ability->waits_since;
    }
    return longest;
}

static size_t queued_for(const struct model *model, unsigned function)
{
    size_t queued = 0;

    for (int i = 0; i < PRIORITIES; i++)
        queued += model->tally[function][i][JOB_QUEUED];
    return queued;
}

/* As many are to be awake for a function as tasks of it wait, times `worker_wakeup`. */
static size_t wanted(const struct model *model, unsigned function)
{
    size_t each = model->setup.worker_wakeup;
    size_t queued = model->functions[function].paused ? 0 : queued_for(model, function);

    return each == 0 && queued > 0 ? SIZE_MAX : queued * each;
}

static struct job *first_of(const struct model *model, unsigned function)
{
    struct job *job = NULL;

    for (unsigned priority = 0; job == NULL && priority < PRIORITIES; priority++)
        job = TAILQ_FIRST(&model->queues[function][priority]);
    return job;
}

/* In the form that GRAB_JOB_ALL would have got. */
static void push(struct model *model, struct actor *actor, struct job *job)
{
    uint32_t assign = assignment_type(GM_GRAB_JOB_ALL, job);

    job_assign(model, actor, job);
    expect(actor, assign, job)->rest = assignment_of(job, assign);
}

static void rouse(struct model *model, unsigned function)
{
    struct actor *actor;

    while (woken_for(model, function) < wanted(model, function) &&
           (actor = longest_waiting(model, function)) != NULL) {
        if (!has_credit(actor)) {
            actor_wake(model, actor, function);
            continue;
        }
        push(model, actor, first_of(model, function));
        if (actor->waits)
            stand(model, actor, actor->sleep, true);
    }
}

/* One task each, in turns; for whom there is none waits from now on. */
static void serve_freed(struct model *model)
{
    struct actor *actor;

    while ((actor = TAILQ_FIRST(&model->freed)) != NULL) {
        struct job *job = has_credit(actor) ? next_for(model, actor) : NULL;

        actor_unfree(model, actor);
        if (job != NULL) {
            actor->freed = true;
            TAILQ_INSERT_TAIL(&model->freed, actor, in_freed);
            push(model, actor, job);
        } else if (!actor->waits && has_credit(actor)) {
            stand(model, actor, actor->sleep, true);
        }
    }
}

void model_match(struct model *model)
{
    if (model->strictness == MODEL_LEDGER) {
        model->stirred_count = 0;
        return;
    }
    while (model->stirred_count > 0) {
        unsigned function = model->stirred[0];

        model->stirred_count--;
        for (size_t i = 0; i < model->stirred_count; i++)
            model->stirred[i] = model->stirred[i + 1];
        rouse(model, function);
    }
    serve_freed(model);
}
