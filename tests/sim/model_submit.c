/* Submissions: what is refused, what joins a job that is there, what becomes a job of its own. */
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

static bool is_full(const struct model *model, const struct job *job)
{
    size_t most = model->functions[job->function].most[job->priority];

    return most > 0 && jobs_of_function(model, job->function) >= most;
}

/* As far as can be told before the payload has come. */
static bool may_join(const struct model *model, const struct job *job)
{
    if (strcmp(job->unique, "-") == 0)
        return job->size > 0;
    return twin_of(model, job) != NULL;
}

static void refuse(struct model *model, struct actor *actor, struct job *job, const char *error)
{
    (void)expect_error(actor, error);
    job_become(model, job, JOB_REFUSED);
    job->sender = NULL;
}

bool submission_begun(struct model *model, struct actor *actor, struct job *job)
{
    if (strlen(job->unique) > UNIQUE_MAX) {
        refuse(model, actor, job, "ARGUMENT_TOO_LARGE|");
    } else if (job->bad_due) {
        refuse(model, actor, job, "INVALID_COMMAND|");
    } else if (model->strictness == MODEL_LEDGER) {
        expect(actor, GM_JOB_CREATED, job)->open = true;
        job->loose = model->limits_time;
        return false;
    } else if (model->draining) {
        refuse(model, actor, job, "QUEUE_ERROR|Job queue is full: limit=draining ");
    } else if (job->size > model->setup.limits.payload_max) {
        refuse(model, actor, job, "QUEUE_ERROR|Job queue is full: limit=payload ");
    } else if (is_full(model, job) && !may_join(model, job)) {
        refuse(model, actor, job, "QUEUE_ERROR|Job queue is full: limit=queue ");
    } else {
        model->functions[job->function].listed = true;
        return false;
    }
    return true;
}

static void join(struct model *model, struct actor *actor, struct job *job, struct job *twin)
{
    (void)expect(actor, GM_JOB_CREATED, twin);
    model->counts.coalesced++;
    job_become(model, job, JOB_JOINED);
    twin->background = twin->background || job->background;
    if (job->waits)
        (void)listener_add(model, twin, actor);
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

    if (model->strictness == MODEL_LEDGER)
        return;
    job->sender = NULL;
    if (twin != NULL)
        join(model, actor, job, twin);
    else if (is_full(model, job))
        refuse(model, actor, job, "QUEUE_ERROR|Job queue is full");
    else
        admit(model, actor, job);
}
