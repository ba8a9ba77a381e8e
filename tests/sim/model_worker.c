/*
 * Workers: who sleeps and who is woken, what is next for whom, and what the time brings.
 *
 * Who is woken is known in advance only where every message is; a ledger only counts.
 */
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

static bool has_noop_coming(const struct actor *actor)
{
    const struct expected *at = actor->expected;

    while (at != NULL && at->type != GM_NOOP)
        at = at->next;
    return at != NULL;
}

/* At most one NOOP waits to be read. */
static void wake(struct model *model, struct actor *actor)
{
    actor->sleep = ACTOR_WOKEN;
    actor->woken_at = ++model->ticks;
    actor->woken_us = model->now.mono_us;
    if (!has_noop_coming(actor))
        (void)expect(actor, GM_NOOP, NULL);
}

static size_t woken_for(const struct model *model, unsigned function)
{
    size_t woken = 0;

    for (struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        woken += actor->sleep == ACTOR_WOKEN && ability_of(actor, function) != NULL;
    return woken;
}

/* Who can do it and has slept longest, or NULL. */
static struct actor *longest_asleep(const struct model *model, unsigned function)
{
    struct actor *longest = NULL;
    uint64_t since = 0;

    for (struct actor *actor = model->actors; actor != NULL; actor = actor->next) {
        const struct ability *ability = ability_of(actor, function);

        if (ability == NULL || actor->sleep != ACTOR_ASLEEP ||
            (longest != NULL && ability->asleep_since > since))
            continue;
        longest = actor;
        since = ability->asleep_since;
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
static void rouse(struct model *model, unsigned function)
{
    size_t each = model->setup.worker_wakeup;
    size_t wanted;
    struct actor *sleeper;

    if (model->strictness != MODEL_EXACT)
        return;
    wanted = queued_for(model, function) * each;
    if (each == 0 && queued_for(model, function) > 0)
        wanted = SIZE_MAX;
    while (woken_for(model, function) < wanted &&
           (sleeper = longest_asleep(model, function)) != NULL)
        wake(model, sleeper);
}

void model_wakes_up(struct model *model, struct actor *actor)
{
    bool counted = actor->sleep == ACTOR_WOKEN;

    actor->sleep = ACTOR_AWAKE;
    for (size_t i = 0; counted && i < actor->able_count; i++)
        rouse(model, actor->able[i].function);
}

void model_falls_asleep(struct model *model, struct actor *actor)
{
    if (model->strictness == MODEL_LEDGER) {
        actor->naps++;
        actor->sleep = ACTOR_ASLEEP;
        return;
    }
    if (actor->sleep != ACTOR_ASLEEP) {
        model_wakes_up(model, actor);
        actor->sleep = ACTOR_ASLEEP;
        for (size_t i = 0; i < actor->able_count; i++)
            actor->able[i].asleep_since = ++model->ticks;
    }
    if (next_for(model, actor) != NULL)
        wake(model, actor);
}

void model_can_do(struct model *model, struct actor *actor, unsigned function, uint64_t limit_us)
{
    struct ability *ability = ability_of(actor, function);

    if (ability != NULL) {
        ability->limit_us = limit_us;
        return;
    }
    model->functions[function].listed = true;
    actor->able[actor->able_count++] = (struct ability){
        .function = function, .limit_us = limit_us, .asleep_since = ++model->ticks};
    rouse(model, function);
}

void model_cannot_do(struct model *model, struct actor *actor, unsigned function)
{
    if (ability_of(actor, function) == NULL)
        return;
    (void)ability_take(actor, function);
    rouse(model, function);
}

/* ---- queues ---- */

struct job *next_for(const struct model *model, const struct actor *actor)
{
    for (unsigned priority = 0; priority < PRIORITIES; priority++)
        for (size_t i = 0; i < actor->able_count; i++) {
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
    rouse(model, job->function);
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
                                      model->setup.every_function.timeout_us);

    job_become(model, job, JOB_HELD);
    job->taken = ++model->takings;
    job_give(job, actor);
    job->limit_us = limit_us > 0 ? model->now.mono_us + limit_us : UINT64_MAX;
    if (job->limit_us < model->limit_min_us)
        model->limit_min_us = job->limit_us;
    if (ability != NULL && model->setup.round_robin) {
        struct ability used = ability_take(actor, job->function);

        actor->able[actor->able_count++] = used;
    }
}

/* ---- a worker is lost ---- */

/* It has cost as many workers as it may: its clients hear why, then that it has failed. */
static void give_up(struct model *model, struct job *job)
{
    for (struct listener *at = job->listeners; at != NULL; at = at->next) {
        struct expected *warning = expect_text(at->actor, GM_WORK_WARNING, job, "|");

        warning->prefix = true;
    }
    tell_end(model, job, GM_WORK_FAIL, NULL);
}

void job_lose_worker(struct model *model, struct job *job)
{
    size_t most = model->setup.every_function.retries;
    bool exact = model->strictness == MODEL_EXACT;

    job_give(job, NULL);
    job->lost++;
    bytes_free(&job->progress);
    if (job->state == JOB_CANCELLED) {
        job_become(model, job, JOB_ENDED);
    } else if (exact && most > 0 && job->lost >= most) {
        give_up(model, job);
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
        if (actor->sleep == ACTOR_WOKEN && actor->woken_us + PATIENCE_US <= model->now.mono_us &&
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
    while ((job = overtime(model)) != NULL)
        job_lose_worker(model, job);
    while ((job = due(model)) != NULL)
        job_queue(model, job, false);
}
