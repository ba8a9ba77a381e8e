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

struct function_seen model_function_unseen(const struct model *model, unsigned function)
{
    size_t most = model->rules[function].max_queue;
    struct function_seen seen = {.listed = model->rules[function].reserve > 0,
                                 .mosts = UINT64_C(1) << most};

    for (unsigned i = 0; i < PRIORITIES; i++)
        seen.most[i] = most;
    return seen;
}

void model_init(struct model *model, const struct rig_setup *setup, const struct rulebook *book,
                enum model_strictness strictness)
{
    *model = (struct model){
        .strictness = strictness, .setup = *setup, .digest = UINT64_C(0xcbf29ce484222325)};
    TAILQ_INIT(&model->freed);
    for (unsigned function = 0; function < FUNCTIONS; function++) {
        const char *name = model_functions[function];

        model->rules[function] = *rulebook_rule(book, setup, name);
        for (size_t i = 0; i < book->pattern_count; i++)
            model->matches[function] |= text_matches(book->texts[i], name) ? 1U << i : 0;
        model->functions[function] = model_function_unseen(model, function);
        for (unsigned priority = 0; priority < PRIORITIES; priority++)
            TAILQ_INIT(&model->queues[function][priority]);
    }
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
    struct actor **bucket = &model->by_number[(unsigned)remote->number % ACTOR_BUCKETS];
    struct actor *actor = heap_take(sizeof *actor);

    actor->remote = remote;
    actor->rights = rights;
    actor->reserved = only_reserve_is_left(model);
    actor->exceptions = model->setup.exceptions;
    actor->requests_end = &actor->requests;
    actor->expected_end = &actor->expected;
    TAILQ_INIT(&actor->hand);
    actor->next = model->actors;
    model->actors = actor;
    actor->next_same = *bucket;
    *bucket = actor;
    return actor;
}

struct actor *model_actor(const struct model *model, int number)
{
    struct actor *actor = model->by_number[(unsigned)number % ACTOR_BUCKETS];

    while (actor != NULL && actor->remote->number != number)
        actor = actor->next_same;
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
        job_become(model, job, JOB_DROPPED);
    if (job->sender == actor)
        job->sender = NULL;
    if (job->listeners == NULL)
        return;
    listeners_leave(job, actor);
    if (job->listeners == NULL && job->state == JOB_QUEUED && !job->background) {
        job_become(model, job, JOB_DROPPED);
        model->counts.abandoned++;
    }
}

void model_left(struct model *model, struct actor *actor)
{
    struct actor **at = &model->actors;
    struct actor **same = &model->by_number[(unsigned)actor->remote->number % ACTOR_BUCKETS];
    struct job *job;

    for (const struct request *request = actor->requests; request != NULL; request = request->next)
        if (request->job != NULL && request->job->state == JOB_SENT && !request->begun)
            job_become(model, request->job, JOB_REFUSED);
    for (job = model->jobs; job != NULL; job = job->next)
        client_leaves(model, job, actor);
    model_set_credit(model, actor, 0);
    actor_unfree(model, actor);
    model_wakes_up(model, actor);
    while (actor->able_count > 0)
        model_cannot_do(model, actor, actor->able[0].function);
    while ((job = TAILQ_LAST(&actor->hand, job_list)) != NULL)
        job_lose_worker(model, job, "left");
    while (*at != actor)
        at = &(*at)->next;
    *at = actor->next;
    while (*same != actor)
        same = &(*same)->next_same;
    *same = actor->next_same;
    actor_free(actor);
    model_match(model);
}

/* ---- assignments ---- */

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

/* ---- quiet ---- */

/* He has heard all there is for him: what he has asked has been answered. */
static void catch_up(struct actor *actor)
{
    struct expected *at = actor->expected;

    actor->credit_high = actor->credit;
    actor->grabs = 0;
    while (at != NULL) {
        struct expected *next = at->next;

        if (at->open && at->maybe)
            expected_drop(actor, at);
        at = next;
    }
}

void model_quiet(struct model *model)
{
    for (struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        if (!actor->remote->stuck)
            catch_up(actor);
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
