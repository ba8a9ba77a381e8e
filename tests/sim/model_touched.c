/*
 * No task waits while a worker that can do it is free: said directly, of what was touched, whatever the
 * model thinks who is to be woken when.
 *
 * A ledger knows less. What counts there as a waiting task is in its queue for sure, and what counts as
 * a free worker has heard everything there is for it, and sleeps or has credit nevertheless. Who has a
 * task may lack the memory for another: that is for the core to say.
 */
#include "gm_packet.h"
#include "model_state.h"

/* It is accepted, due, and in nobody's hand, as far as can be heard. */
static bool waits(const struct model *model, const struct job *job)
{
    return model->strictness == MODEL_EXACT ||
           (!job->loose && job->due_s == 0 && job->handle[0] != 0);
}

static size_t count_waiting(const struct model *model, unsigned function)
{
    const struct job *job;
    size_t count = 0;

    for (unsigned i = 0; i < PRIORITIES; i++)
        TAILQ_FOREACH (job, &model->queues[function][i], in_queue)
            count += waits(model, job);
    return count;
}

/* Who may have been told something that he has not heard. */
static bool is_behind(const struct model *model, const struct actor *actor)
{
    return model->strictness == MODEL_LEDGER && actor->remote->stuck;
}

/* He has credit for one more for sure. Where tasks are taken back for their time limits nobody can tell. */
static bool is_free(const struct model *model, const struct actor *actor)
{
    if (model->strictness == MODEL_EXACT)
        return has_credit(actor);
    return !model->limits_time && !actor->doomed && actor->hand_count < actor->credit;
}

/* He has a task, and there is no memory for another. Where tasks are taken back for their time limits nobody
 * can tell whether he has one. */
static bool is_short(const struct model *model, const struct actor *actor)
{
    bool is = actor->remote->seat->peer.is_short;
    bool has_none = actor->hand_count == 0 && !model->limits_time && !is_behind(model, actor);

    if (is && (has_none || model->strictness == MODEL_EXACT))
        model_failed("a worker gets no task though there is room for one");
    return is;
}

/* A ledger does not know for which function. */
static bool is_woken(const struct model *model, const struct actor *actor, unsigned function)
{
    if (model->strictness == MODEL_EXACT)
        return actor->counts_woken && actor->woken_for == function;
    return actor->sleep == ACTOR_WOKEN;
}

static void check(const struct model *model, unsigned function)
{
    size_t unheard = model->strictness == MODEL_LEDGER ? count_unheard(model) : 0;
    size_t waiting = count_waiting(model, function);
    size_t woken = 0, asleep = 0, free = 0;

    for (struct actor *actor = model->actors; actor != NULL; actor = actor->next) {
        if (ability_of(actor, function) == NULL || is_short(model, actor))
            continue;
        if (!is_behind(model, actor) && is_free(model, actor))
            free++;
        else if (is_woken(model, actor, function) ||
                 (is_behind(model, actor) && actor->sleep == ACTOR_ASLEEP))
            woken++;
        else if (actor->sleep == ACTOR_ASLEEP)
            asleep++;
    }
    if (model->functions[function].paused ||
        (model->strictness == MODEL_LEDGER && model->functions[function].was_paused))
        return;
    if (waiting <= woken + unheard)
        return;
    if (asleep > 0)
        model_failed("a task waits while a worker that can do it sleeps");
    if (free > 0)
        model_failed("a task waits while a worker that can do it has credit");
}

void model_check_touched(struct model *model, bool everything)
{
    for (unsigned function = 0; function < FUNCTIONS; function++) {
        if (model->touched[function] || everything)
            check(model, function);
        model->touched[function] = false;
    }
}
