/* Who is there, and the jobs. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

const char *const model_functions[FUNCTIONS] = {"wc",        "img:resize", "mail/send",
                                                "a.b-c_d~e", "f",          "sha256sum"};

void (*model_failed)(const char *finding) = NULL;

/* The first bytes are `fill` itself, so that no two payloads of some bytes are equal by chance. */
void model_fill(struct bytes *into, unsigned fill, size_t size)
{
    uint8_t *at = bytes_extend(into, size);

    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(i < 4 ? fill >> (8 * i) : (size_t)fill * 31 + i * 7 + (i >> 8));
}

size_t model_count(const struct model *model, enum job_state state)
{
    size_t count = 0;

    for (const struct job *job = model->jobs; job != NULL; job = job->next)
        count += job->state == state;
    return count;
}

struct function_seen model_function_unseen(const struct model *model)
{
    struct function_seen seen = {.listed = false};

    for (unsigned i = 0; i < PRIORITIES; i++)
        seen.most[i] = model->setup.every_function.max_queue;
    return seen;
}

void model_init(struct model *model, const struct rig_setup *setup,
                enum model_strictness strictness)
{
    *model = (struct model){
        .strictness = strictness, .setup = *setup, .digest = UINT64_C(0xcbf29ce484222325)};
    for (unsigned function = 0; function < FUNCTIONS; function++)
        model->functions[function] = model_function_unseen(model);
}

/* ---- listeners ---- */

struct listener *listener_add(struct model *model, struct job *job, struct actor *actor)
{
    struct listener *listener = heap_take(sizeof *listener);
    struct listener **at = &job->listeners;

    *listener = (struct listener){.actor = actor, .since = ++model->ticks, .at = &job->told};
    while (*at != NULL)
        at = &(*at)->next;
    *at = listener;
    return listener;
}

void listeners_leave(struct job *job, const struct actor *actor)
{
    struct listener **at = &job->listeners;

    while (*at != NULL) {
        struct listener *listener = *at;

        if (actor != NULL && listener->actor != actor) {
            at = &listener->next;
            continue;
        }
        *at = listener->next;
        free(listener);
    }
}

void listeners_free(struct job *job)
{
    listeners_leave(job, NULL);
}

/* ---- coming and going ---- */

struct actor *model_join(struct model *model, struct remote *remote, unsigned rights)
{
    struct actor *actor = heap_take(sizeof *actor);

    actor->remote = remote;
    actor->rights = rights;
    actor->exceptions = model->setup.exceptions;
    actor->next = model->actors;
    model->actors = actor;
    return actor;
}

void request_free(struct request *request)
{
    bytes_free(&request->data);
    free(request);
}

static void actor_free(struct actor *actor)
{
    while (actor->requests != NULL) {
        struct request *request = actor->requests;

        actor->requests = request->next;
        request_free(request);
    }
    expected_free_all(actor);
    bytes_free(&actor->unsent);
    free(actor);
}

/* A client of a job may have gone: what waits for nobody is never run, what runs goes on. */
static void client_leaves(struct model *model, struct job *job, const struct actor *actor)
{
    if (job->state == JOB_SENT && job->sender == actor)
        job->state = JOB_DROPPED;
    if (job->sender == actor)
        job->sender = NULL;
    if (job->listeners == NULL)
        return;
    listeners_leave(job, actor);
    if (job->listeners == NULL && job->state == JOB_QUEUED && !job->background) {
        job->state = JOB_DROPPED;
        model->counts.abandoned++;
    }
}

/* The job this actor took last and still has in hand, or NULL. */
static struct job *held_last(const struct model *model, const struct actor *actor)
{
    struct job *last = NULL;

    for (struct job *job = model->jobs; job != NULL; job = job->next)
        if (job->holder == actor && (last == NULL || job->taken > last->taken))
            last = job;
    return last;
}

void model_left(struct model *model, struct actor *actor)
{
    struct actor **at = &model->actors;
    struct job *job;

    for (job = model->jobs; job != NULL; job = job->next)
        client_leaves(model, job, actor);
    model_wakes_up(model, actor);
    while (actor->able_count > 0)
        model_cannot_do(model, actor, actor->able[0].function);
    while ((job = held_last(model, actor)) != NULL)
        job_lose_worker(model, job);
    while (*at != actor)
        at = &(*at)->next;
    *at = actor->next;
    actor_free(actor);
}

/* ---- jobs ---- */

struct job *model_job(struct model *model, struct actor *sender, bool background)
{
    struct job *job = heap_take(sizeof *job);

    job->serial = job->fill = ++model->serials;
    job->waits = !background;
    job->background = background;
    job->sender = sender;
    job->next = model->jobs;
    model->jobs = job;
    return job;
}

static void job_free(struct job *job)
{
    listeners_free(job);
    while (job->told != NULL) {
        struct told *told = job->told;

        job->told = told->next;
        bytes_free(&told->rest);
        free(told);
    }
    bytes_free(&job->progress);
    free(job);
}

void model_free(struct model *model)
{
    while (model->actors != NULL)
        model_left(model, model->actors);
    while (model->jobs != NULL) {
        struct job *job = model->jobs;

        model->jobs = job->next;
        job_free(job);
    }
}

bool is_joinable(const struct job *job)
{
    return job->state == JOB_DELAYED || job->state == JOB_QUEUED || job->state == JOB_HELD;
}

static bool same_payload(const struct job *job, const struct job *other)
{
    struct bytes mine = {0}, theirs = {0};
    bool same;

    if (job->size != other->size || job->size == 0)
        return false;
    model_fill(&mine, job->fill, job->size);
    model_fill(&theirs, other->fill, other->size);
    same = memcmp(mine.at, theirs.at, mine.size) == 0;
    bytes_free(&mine);
    bytes_free(&theirs);
    return same;
}

bool is_twin(const struct job *job, const struct job *other)
{
    if (job == other || job->function != other->function || job->unique[0] == 0 ||
        strcmp(job->unique, other->unique) != 0)
        return false;
    return strcmp(job->unique, "-") != 0 || same_payload(job, other);
}

static bool has_reducer(const struct job *job)
{
    return job->reducer != NULL && job->reducer[0] != 0;
}

uint32_t assignment_type(uint32_t grab, const struct job *job)
{
    if (grab == GM_GRAB_JOB)
        return GM_JOB_ASSIGN;
    return grab == GM_GRAB_JOB_ALL && has_reducer(job) ? GM_JOB_ASSIGN_ALL : GM_JOB_ASSIGN_UNIQ;
}

struct bytes assignment_of(const struct job *job, uint32_t type)
{
    const char *function = model_functions[job->function];
    struct bytes rest = {0};

    bytes_add(&rest, "", 1);
    bytes_add(&rest, function, strlen(function) + 1);
    if (type != GM_JOB_ASSIGN)
        bytes_add(&rest, job->unique, strlen(job->unique) + 1);
    if (type == GM_JOB_ASSIGN_ALL)
        bytes_add(&rest, job->reducer, strlen(job->reducer) + 1);
    model_fill(&rest, job->fill, job->size);
    return rest;
}

/* ---- tidying ---- */

static bool is_referred_to(const struct model *model, const struct job *job)
{
    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next) {
        for (const struct request *at = actor->requests; at != NULL; at = at->next)
            if (at->job == job)
                return true;
        for (const struct expected *at = actor->expected; at != NULL; at = at->next)
            if (at->job == job)
                return true;
        if (actor->excused == job)
            return true;
    }
    return job->listeners != NULL || job->holder != NULL;
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

    while (*at != NULL) {
        struct job *job = *at;

        if (!is_over(model, job) || is_referred_to(model, job)) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        job_free(job);
    }
}

/* ---- quiet ---- */

void model_quiet(const struct model *model)
{
    if (model->strictness != MODEL_EXACT)
        return;
    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        for (const struct expected *at = actor->expected; at != NULL && !actor->slow; at = at->next)
            if (!at->maybe)
                model_failed("a message that is due did not come");
}

void model_over(const struct model *model)
{
    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        for (const struct expected *at = actor->expected; at != NULL; at = at->next)
            if (!at->maybe)
                model_failed("somebody was not told what was due");
    for (const struct job *job = model->jobs; job != NULL; job = job->next) {
        if (job->listeners != NULL)
            model_failed("a client was not told the end of its task");
        if (!job->loose && (is_joinable(job) || job->state == JOB_CANCELLED))
            model_failed("the core has forgotten a task");
    }
}
