/* Workers: what they can do, what is next for them, what becomes of it when they are lost, and what the
 * time brings. */
#include <stdio.h>

#include "gm_packet.h"
#include "model_state.h"

/* Who was woken and does not ask within this time counts no more. */
#define PATIENCE_US UINT64_C(1000000)

/* ---- what he can do ---- */

struct ability *ability_of(struct actor *actor, unsigned function)
{
    for (size_t i = 0; i < actor->able_count; i++)
        if (actor->able[i].function == function)
            return &actor->able[i];
    return NULL;
}

/* Takes an ability out of its place in the order, and returns it. */
static struct ability ability_take(struct actor *actor, unsigned function)
{
    struct ability taken = *ability_of(actor, function);
    size_t kept = 0;

    for (size_t i = 0; i < actor->able_count; i++)
        if (actor->able[i].function != function)
            actor->able[kept++] = actor->able[i];
    actor->able_count = kept;
    return taken;
}

/* ---- sleep ---- */

void model_touch(struct model *model, unsigned function)
{
    model->touched[function] = true;
}

/* All that he can do. */
static void touch_abilities(struct model *model, const struct actor *actor)
{
    for (size_t i = 0; i < actor->able_count; i++)
        model_touch(model, actor->able[i].function);
}

void model_wakes_up(struct model *model, struct actor *actor)
{
    touch_abilities(model, actor);
    actor_sleeps(model, actor, ACTOR_AWAKE);
}

void model_falls_asleep(struct model *model, struct actor *actor)
{
    const struct job *job;

    touch_abilities(model, actor);
    if (model->strictness == MODEL_LEDGER) {
        actor->naps++;
        actor->sleep = ACTOR_ASLEEP;
        return;
    }
    if (actor->sleep == ACTOR_WOKEN)
        model_wakes_up(model, actor);
    actor_sleeps(model, actor, ACTOR_ASLEEP);
    job = next_for(model, actor);
    if (!has_credit(actor) && job != NULL)
        actor_wake(model, actor, job->function);
}

void model_can_do(struct model *model, struct actor *actor, unsigned function, uint64_t limit_us)
{
    struct ability *ability = ability_of(actor, function);

    if (ability != NULL) {
        ability->limit_us = limit_us;
        return;
    }
    model->functions[function].listed = true;
    actor->able[actor->able_count++] =
        (struct ability){.function = function, .limit_us = limit_us, .waits_since = ++model->ticks};
    model_stir(model, function);
}

void model_cannot_do(struct model *model, struct actor *actor, unsigned function)
{
    if (ability_of(actor, function) == NULL)
        return;
    (void)ability_take(actor, function);
    if (actor->woken_for == function)
        actor_forget_woken(model, actor);
    model_stir(model, function);
}

/* ---- queues ---- */

struct job *next_for(const struct model *model, const struct actor *actor)
{
    for (unsigned priority = 0; priority < PRIORITIES; priority++)
        for (size_t i = 0; i < actor->able_count; i++) {
            if (model->functions[actor->able[i].function].paused)
                continue;
            struct job *job = TAILQ_FIRST(&model->queues[actor->able[i].function][priority]);

            if (job != NULL)
                return job;
        }
    return NULL;
}

void job_queue(struct model *model, struct job *job, bool first)
{
    struct job_list *queue = &model->queues[job->function][job->priority];

    job_become(model, job, JOB_QUEUED);
    if (first) {
        TAILQ_REMOVE(queue, job, in_queue);
        TAILQ_INSERT_HEAD(queue, job, in_queue);
    }
    model_stir(model, job->function);
}

/* The smaller of two limits; 0 is none. */
static uint64_t smaller_limit(uint64_t a, uint64_t b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

void job_assign(struct model *model, struct actor *actor, struct job *job)
{
    const struct ability *ability = ability_of(actor, job->function);
    uint64_t limit_us = smaller_limit(ability != NULL ? ability->limit_us : 0,
                                      model->rules[job->function].timeout_us);

    job_become(model, job, JOB_HELD);
    job->taken = ++model->takings;
    job->given_at = ++model->ticks;
    job->is_known = false;
    job_give(job, actor);
    job->limit_us = limit_us > 0 ? model->now.mono_us + limit_us : UINT64_MAX;
    if (job->limit_us < model->limit_min_us)
        model->limit_min_us = job->limit_us;
    if (ability != NULL && model->setup.round_robin) {
        struct ability used = ability_take(actor, job->function);

        actor->able[actor->able_count++] = used;
    }
    model_credit_changed(model, actor);
}

void job_let_go(struct model *model, struct job *job)
{
    struct actor *holder = job->holder;

    if (holder == NULL)
        return;
    job_give(job, NULL);
    model_credit_changed(model, holder);
}

/* ---- a worker is lost ---- */

/* It has cost as many workers as it may: its clients hear why, then that it has failed. */
static void give_up(struct model *model, struct job *job, const char *how)
{
    char why[96];

    (void)snprintf(why, sizeof why, "|given up: it has cost %zu workers; the last one %s",
                   job->lost, how);
    for (struct listener *at = job->listeners; at != NULL; at = at->next)
        (void)expect_text(at->actor, GM_WORK_WARNING, job, why);
    tell_end(model, job, GM_WORK_FAIL, NULL);
}

void job_lose_worker(struct model *model, struct job *job, const char *how)
{
    size_t most = model->rules[job->function].retries;
    bool exact = model->strictness == MODEL_EXACT;

    job_let_go(model, job);
    job->lost++;
    bytes_free(&job->progress);
    if (job->state == JOB_CANCELLED) {
        job_become(model, job, JOB_ENDED);
    } else if (exact && most > 0 && job->lost >= most) {
        give_up(model, job, how);
    } else if (!job->background && job->listeners == NULL) {
        job_become(model, job, JOB_DROPPED);
        model->counts.abandoned++;
    } else {
        model->counts.retried++;
        job_queue(model, job, true);
    }
}

/* ---- time ---- */

/* The actor that was woken first among those whose patience is over, or NULL. */
static struct actor *impatient(const struct model *model)
{
    struct actor *first = NULL;

    for (struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        if (actor->sleep == ACTOR_WOKEN && !actor->gone &&
            actor->woken_us + PATIENCE_US <= model->now.mono_us &&
            (first == NULL || actor->woken_at < first->woken_at))
            first = actor;
    return first;
}

/* The job in a hand whose time is over first, or NULL. */
static struct job *first_limit(const struct model *model)
{
    struct job *first = NULL;
    struct job *job;

    for (struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        TAILQ_FOREACH (job, &actor->hand, in_hand)
            if (first == NULL || job->limit_us < first->limit_us ||
                (job->limit_us == first->limit_us && job->taken < first->taken))
                first = job;
    return first;
}

/* The same if it is over now. */
static struct job *overtime(struct model *model)
{
    struct job *first;

    if (model->limit_min_us > model->now.mono_us)
        return NULL;
    first = first_limit(model);
    model->limit_min_us = first != NULL ? first->limit_us : UINT64_MAX;
    return model->limit_min_us <= model->now.mono_us ? first : NULL;
}

/* The delayed job whose second comes first, or NULL; equal ones in the order of submission. */
static struct job *first_due(const struct model *model)
{
    struct job *first = NULL;

    for (struct job *job = model->jobs; job != NULL; job = job->next)
        if (job->state == JOB_DELAYED &&
            (first == NULL || job->due_s < first->due_s ||
             (job->due_s == first->due_s && job->admitted < first->admitted)))
            first = job;
    return first;
}

/* The same if it is due now. */
static struct job *due(struct model *model)
{
    uint64_t now_s = model->now.wall_us > 0 ? (uint64_t)model->now.wall_us / 1000000 : 0;
    struct job *first;

    if (model->due_min_s > now_s)
        return NULL;
    first = first_due(model);
    model->due_min_s = first != NULL ? first->due_s : UINT64_MAX;
    return model->due_min_s <= now_s ? first : NULL;
}

void model_answered_late(struct model *model, struct actor *actor)
{
    if (actor->overdue == 0)
        return;
    actor->overdue--;
    model_credit_changed(model, actor);
}

void model_tick(struct model *model, struct router_now now)
{
    struct actor *actor;
    struct job *job;

    model->now = now;
    if (now.wall_us > 0 && (uint64_t)now.wall_us / 1000000 > model->wall_max_s)
        model->wall_max_s = (uint64_t)now.wall_us / 1000000;
    if (model->strictness == MODEL_LEDGER)
        return;
    while ((actor = impatient(model)) != NULL)
        model_wakes_up(model, actor);
    while ((job = overtime(model)) != NULL) {
        job->holder->overdue++;
        job_lose_worker(model, job, "took too long");
    }
    while ((job = due(model)) != NULL)
        job_queue(model, job, false);
    model_match(model);
}
