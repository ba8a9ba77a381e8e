/* Submissions: what is refused, what joins a job that is there, what becomes a job of its own. */
#include <stdio.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

bool model_is_submission(uint32_t type)
{
    switch (type) {
    case GM_SUBMIT_JOB:
    case GM_SUBMIT_JOB_HIGH:
    case GM_SUBMIT_JOB_LOW:
    case GM_SUBMIT_JOB_BG:
    case GM_SUBMIT_JOB_HIGH_BG:
    case GM_SUBMIT_JOB_LOW_BG:
    case GM_SUBMIT_JOB_EPOCH:
    case GM_SUBMIT_REDUCE_JOB:
    case GM_SUBMIT_REDUCE_JOB_BACKGROUND:
        return true;
    default:
        return false;
    }
}

size_t jobs_of_function(const struct model *model, unsigned function)
{
    size_t total = 0;

    for (int i = 0; i < PRIORITIES; i++) {
        const size_t *tally = model->tally[function][i];

        total += tally[JOB_DELAYED] + tally[JOB_QUEUED] + tally[JOB_HELD] + tally[JOB_CANCELLED];
    }
    return total;
}

/* As far as can be told before the payload has come. */
static bool may_join(const struct job *job, const struct job *twin)
{
    if (strcmp(job->unique, "-") == 0)
        return job->size > 0;
    return twin != NULL;
}

static void refuse(struct model *model, struct actor *actor, struct job *job, const char *error)
{
    (void)expect_error(actor, error);
    job_become(model, job, JOB_REFUSED);
    job->sender = NULL;
}

/* True if there is a hurdle: it is refused by name, and with the figures. */
static bool stumbles(struct model *model, struct actor *actor, struct job *job,
                     struct hurdle hurdle)
{
    char error[160];

    if (hurdle.limit == NULL)
        return false;
    (void)snprintf(error, sizeof error,
                   "QUEUE_ERROR|Job queue is full: limit=%s function=%s used=%zu of=%zu ",
                   hurdle.limit, model_functions[job->function], hurdle.used, hurdle.of);
    refuse(model, actor, job, error);
    model->counts.refused++;
    return true;
}

bool is_well_formed(const struct job *job)
{
    return strlen(job->unique) <= UNIQUE_MAX && !job->bad_due;
}

/* Where the id stands for the payload, its head does not lead to another task. */
static struct job *twin_of_head(const struct model *model, const struct job *job)
{
    return strcmp(job->unique, "-") != 0 ? twin_of(model, job) : NULL;
}

bool submission_begun(struct model *model, struct actor *actor, struct job *job)
{
    const struct job *twin = twin_of_head(model, job);

    if (!is_well_formed(job)) {
        bool too_long = strlen(job->unique) > UNIQUE_MAX;

        refuse(model, actor, job, too_long ? "ARGUMENT_TOO_LARGE|" : "INVALID_COMMAND|");
        return true;
    }
    if (stumbles(model, actor, job, hurdle_to_all(model, actor, job)))
        return true;
    model->functions[job->function].listed = true;
    if (model->strictness == MODEL_EXACT) {
        job->begun =
            !stumbles(model, actor, job, hurdle_of_function(model, job, twin, may_join(job, twin)));
        return !job->begun;
    }
    expect(actor, GM_JOB_CREATED, job)->open = true;
    room_note(model, job);
    job->begun = true;
    job->loose = model->limits_time;
    job->mortal = model->rules[job->function].retries > 0;
    return false;
}

static void join(struct model *model, struct actor *actor, struct job *job, struct job *twin)
{
    (void)expect(actor, GM_JOB_CREATED, twin);
    model->counts.coalesced++;
    job_become(model, job, JOB_JOINED);
    twin->background = twin->background || job->background;
    if (job->waits)
        listener_add(model, twin, actor)->joins = true;
}

static void admit(struct model *model, struct actor *actor, struct job *job)
{
    int64_t now_s = model->now.wall_us / 1000000;

    (void)expect(actor, GM_JOB_CREATED, job);
    model->counts.submitted++;
    job->admitted = ++model->admissions;
    if (job->waits)
        (void)listener_add(model, job, actor);
    if (job->due_s > (now_s > 0 ? (uint64_t)now_s : 0)) {
        job_become(model, job, JOB_DELAYED);
        if (job->due_s < model->due_min_s)
            model->due_min_s = job->due_s;
    } else {
        job_queue(model, job, false);
    }
}

void submission_judged(struct model *model, struct actor *actor, struct job *job)
{
    struct job *twin = twin_of(model, job);

    if (model->strictness == MODEL_LEDGER) {
        room_note(model, job);
        return;
    }
    job->sender = NULL;
    if (stumbles(model, actor, job, hurdle_of_function(model, job, twin, twin != NULL)))
        return;
    if (twin != NULL)
        join(model, actor, job, twin);
    else
        admit(model, actor, job);
}
