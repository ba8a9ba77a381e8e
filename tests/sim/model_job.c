/* Jobs: their states, whose hand they are in, and how they are found. */
#include <stdlib.h>
#include <string.h>

#include "model_state.h"

/* ---- finding ---- */

size_t bucket_of(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return (size_t)(hash >> 32) % BUCKETS;
}

/* Twins have the same unique id or, where it stands for the payload, payloads of the same size. */
static size_t twin_bucket(const struct job *job)
{
    if (strcmp(job->unique, "-") == 0)
        return bucket_of(&job->size, sizeof job->size);
    return bucket_of(job->unique, strlen(job->unique));
}

/* The first bytes are `fill` itself, and all others follow from it: model_fill(). */
static bool same_payload(const struct job *job, const struct job *other)
{
    unsigned differ = job->fill ^ other->fill;

    if (job->size < sizeof differ)
        differ &= (1U << (8 * job->size)) - 1;
    return job->size == other->size && job->size > 0 && differ == 0;
}

bool is_twin(const struct job *job, const struct job *other)
{
    if (job == other || job->function != other->function || job->unique[0] == 0 ||
        strcmp(job->unique, other->unique) != 0)
        return false;
    return strcmp(job->unique, "-") != 0 || same_payload(job, other);
}

struct job *twin_of(const struct model *model, const struct job *job)
{
    struct job *twin;

    LIST_FOREACH (twin, &model->by_unique[twin_bucket(job)], by_unique)
        if (is_twin(job, twin))
            return twin;
    return NULL;
}

/* ---- states ---- */

bool is_joinable(const struct job *job)
{
    return job->state == JOB_DELAYED || job->state == JOB_QUEUED || job->state == JOB_HELD;
}

static bool is_tallied(const struct job *job)
{
    return is_joinable(job) || job->state == JOB_CANCELLED;
}

static void leave_state(struct model *model, struct job *job)
{
    model->states[job->state]--;
    if (is_tallied(job)) {
        model->tally[job->function][job->priority][job->state]--;
        model->bytes[job->function] -= job->size;
    }
    if (is_joinable(job))
        LIST_REMOVE(job, by_unique);
    if (job->state == JOB_QUEUED)
        TAILQ_REMOVE(&model->queues[job->function][job->priority], job, in_queue);
}

static void enter_state(struct model *model, struct job *job)
{
    model->states[job->state]++;
    if (is_tallied(job)) {
        model->tally[job->function][job->priority][job->state]++;
        model->bytes[job->function] += job->size;
    }
    if (is_joinable(job))
        LIST_INSERT_HEAD(&model->by_unique[twin_bucket(job)], job, by_unique);
    if (job->state == JOB_QUEUED)
        TAILQ_INSERT_TAIL(&model->queues[job->function][job->priority], job, in_queue);
}

void job_become(struct model *model, struct job *job, enum job_state state)
{
    model_touch(model, job->function);
    leave_state(model, job);
    job->state = state;
    enter_state(model, job);
}

void job_give(struct job *job, struct actor *holder)
{
    struct job *before;

    if (job->holder != NULL) {
        TAILQ_REMOVE(&job->holder->hand, job, in_hand);
        job->holder->hand_count--;
    }
    job->holder = holder;
    if (holder == NULL)
        return;
    holder->hand_count++;
    before = TAILQ_LAST(&holder->hand, job_list);
    while (before != NULL && before->taken > job->taken)
        before = TAILQ_PREV(before, job_list, in_hand);
    if (before != NULL)
        TAILQ_INSERT_AFTER(&holder->hand, before, job, in_hand);
    else
        TAILQ_INSERT_HEAD(&holder->hand, job, in_hand);
}

/* ---- from beginning to end ---- */

struct job *model_job(struct model *model, struct actor *sender, bool background)
{
    struct job *job = heap_take(sizeof *job);

    job->serial = job->fill = ++model->serials;
    job->waits = !background;
    job->background = background;
    job->sender = sender;
    job->next = model->jobs;
    model->jobs = job;
    model->states[JOB_SENT]++;
    return job;
}

static void job_free(struct model *model, struct job *job)
{
    job_become(model, job, JOB_SENT);
    job_give(job, NULL);
    model->states[JOB_SENT]--;
    listeners_free(job);
    while (job->told != NULL) {
        struct told *told = job->told;

        job->told = told->next;
        bytes_free(&told->rest);
        free(told);
    }
    bytes_free(&job->progress);
    if (job->handle[0] != 0)
        LIST_REMOVE(job, by_handle);
    free(job);
}

void model_free(struct model *model)
{
    while (model->actors != NULL)
        model_left(model, model->actors);
    while (model->jobs != NULL) {
        struct job *job = model->jobs;

        model->jobs = job->next;
        job_free(model, job);
    }
}

/* ---- tidying ---- */

static void mark(struct job *job)
{
    if (job != NULL)
        job->marked = true;
}

/* What somebody is going to say or to hear something about. */
static void mark_all(const struct model *model)
{
    for (struct job *job = model->jobs; job != NULL; job = job->next)
        job->marked = job->listeners != NULL || job->holder != NULL;
    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next) {
        for (const struct request *at = actor->requests; at != NULL; at = at->next)
            mark(at->job);
        for (const struct expected *at = actor->expected; at != NULL; at = at->next)
            mark(at->job);
        mark(actor->excused);
    }
}

/* Ledger: somebody may hear yet that his submission has joined this job. */
static bool may_have_joined(const struct model *model, const struct job *job)
{
    for (const struct job *at = model->jobs; at != NULL; at = at->next)
        if (at->state == JOB_SENT && is_twin(at, job))
            return true;
    return false;
}

/* Ledger: the job that this submission is said to have joined may turn out to be its own. */
static bool may_be_the_job(const struct model *model, const struct job *job)
{
    for (const struct job *at = model->jobs; at != NULL; at = at->next)
        if (at->state == JOB_QUEUED && is_twin(at, job))
            return true;
    return false;
}

static bool is_over(const struct model *model, const struct job *job)
{
    if (job->forgotten)
        return true;
    switch (job->state) {
    case JOB_ENDED:
        return model->strictness == MODEL_EXACT || (!job->loose && !may_have_joined(model, job));
    case JOB_DROPPED:
        return model->strictness == MODEL_EXACT;
    case JOB_JOINED:
        return model->strictness == MODEL_EXACT || !may_be_the_job(model, job);
    case JOB_REFUSED:
        return true;
    case JOB_SENT:
    case JOB_DELAYED:
    case JOB_QUEUED:
    case JOB_HELD:
    case JOB_CANCELLED:
    case JOB_STATES:
        break;
    }
    return false;
}

void model_tidy(struct model *model)
{
    struct job **at = &model->jobs;

    mark_all(model);
    while (*at != NULL) {
        struct job *job = *at;

        if (job->marked || !is_over(model, job)) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        job_free(model, job);
    }
}

void model_forget_ended(struct model *model)
{
    for (struct job *job = model->jobs; job != NULL; job = job->next)
        if (job->loose || job->state == JOB_DROPPED)
            job->forgotten = true;
    model_tidy(model);
}

/* ---- checking ---- */

static size_t length_of(const struct job_list *queue)
{
    const struct job *job;
    size_t length = 0;

    TAILQ_FOREACH (job, queue, in_queue)
        length++;
    return length;
}

static bool is_in_hand_of_holder(const struct job *job)
{
    const struct job *at;

    TAILQ_FOREACH (at, &job->holder->hand, in_hand)
        if (at == job)
            return true;
    return false;
}

void model_check(const struct model *model)
{
    size_t states[JOB_STATES] = {0};
    size_t tally[FUNCTIONS][PRIORITIES][JOB_STATES] = {0};

    for (const struct job *job = model->jobs; job != NULL; job = job->next) {
        states[job->state]++;
        if (is_tallied(job))
            tally[job->function][job->priority][job->state]++;
        if (job->holder != NULL && !is_in_hand_of_holder(job))
            model_failed("the model has lost sight of a task in a hand");
    }
    if (memcmp(states, model->states, sizeof states) != 0 ||
        memcmp(tally, model->tally, sizeof tally) != 0)
        model_failed("the model has miscounted its tasks");
    for (unsigned function = 0; function < FUNCTIONS; function++)
        for (unsigned i = 0; i < PRIORITIES; i++)
            if (length_of(&model->queues[function][i]) != tally[function][i][JOB_QUEUED])
                model_failed("the model has miscounted a queue");
}
