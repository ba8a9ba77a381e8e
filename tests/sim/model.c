#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

const char *const model_functions[FUNCTIONS] = {"wc",        "img:resize", "mail/send",
                                                "a.b-c_d~e", "f",          "sha256sum"};

void (*model_failed)(const char *finding) = NULL;

void model_fill(struct bytes *into, unsigned serial, size_t size)
{
    uint8_t *at = bytes_extend(into, size);

    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)((size_t)serial * 31 + i * 7 + (i >> 8));
}

size_t model_count(const struct model *model, enum job_state state)
{
    size_t count = 0;

    for (const struct job *job = model->jobs; job != NULL; job = job->next)
        count += job->state == state;
    return count;
}

/* ---- coming and going ---- */

struct actor *model_join(struct model *model, struct remote *remote)
{
    struct actor *actor = heap_take(sizeof *actor);

    actor->remote = remote;
    actor->next = model->actors;
    model->actors = actor;
    return actor;
}

void request_free(struct request *request)
{
    bytes_free(&request->data);
    free(request);
}

static void expected_free(struct expected *expected)
{
    bytes_free(&expected->rest);
    free(expected);
}

static void actor_free(struct actor *actor)
{
    while (actor->requests != NULL) {
        struct request *request = actor->requests;

        actor->requests = request->next;
        request_free(request);
    }
    while (actor->expected != NULL) {
        struct expected *expected = actor->expected;

        actor->expected = expected->next;
        expected_free(expected);
    }
    bytes_free(&actor->unsent);
    free(actor);
}

/* The client of a job has gone: what waits for nobody is never run, what runs goes on. */
static void owner_left(struct job *job)
{
    job->owner = NULL;
    if (job->state == JOB_SENT || job->state == JOB_QUEUED)
        job->state = JOB_DROPPED;
}

/* The holder has gone: the job is next in its queue, or over if nobody waits for it. */
static void holder_left(struct model *model, struct job *job)
{
    bool wanted = job->background || job->owner != NULL;

    job->holder = NULL;
    job->state = wanted ? JOB_QUEUED : JOB_DROPPED;
    job->place = -++model->places;
    bytes_free(&job->progress);
}

/* The job this actor took last and still holds, or NULL. */
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
        if (job->owner == actor)
            owner_left(job);
    while ((job = held_last(model, actor)) != NULL)
        holder_left(model, job);
    while (*at != actor)
        at = &(*at)->next;
    *at = actor->next;
    actor_free(actor);
}

struct job *model_job(struct model *model, struct actor *owner, bool background)
{
    struct job *job = heap_take(sizeof *job);

    job->serial = ++model->serials;
    job->background = background;
    job->owner = background ? NULL : owner;
    job->next = model->jobs;
    model->jobs = job;
    return job;
}

void model_free(struct model *model)
{
    while (model->actors != NULL)
        model_left(model, model->actors);
    while (model->jobs != NULL) {
        struct job *job = model->jobs;

        model->jobs = job->next;
        bytes_free(&job->progress);
        free(job);
    }
}

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
    return false;
}

void model_tidy(struct model *model)
{
    struct job **at = &model->jobs;

    while (*at != NULL) {
        struct job *job = *at;
        bool over = job->state == JOB_ENDED || job->state == JOB_REFUSED ||
                    (job->state == JOB_DROPPED && model->strictness == MODEL_EXACT);

        if (!over || is_referred_to(model, job)) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        bytes_free(&job->progress);
        free(job);
    }
}

/* ---- what is expected ---- */

struct expected *expect(struct actor *actor, uint32_t type, struct job *job)
{
    struct expected *expected = heap_take(sizeof *expected);
    struct expected **at = &actor->expected;

    expected->type = type;
    expected->job = job;
    while (*at != NULL)
        at = &(*at)->next;
    *at = expected;
    return expected;
}

void expect_text(struct actor *actor, uint32_t type, struct job *job, const char *rest)
{
    struct expected *expected = expect(actor, type, job);

    for (; *rest != 0; rest++)
        bytes_add(&expected->rest, *rest == '|' ? "" : rest, 1);
}

void expect_error(struct actor *actor, const char *code)
{
    expect_text(actor, GM_ERROR, NULL, code);
    for (struct expected *at = actor->expected; at != NULL; at = at->next)
        at->prefix = at->prefix || at->next == NULL;
}

void expected_drop(struct actor *actor, struct expected *expected)
{
    struct expected **at = &actor->expected;

    while (*at != expected)
        at = &(*at)->next;
    *at = expected->next;
    expected_free(expected);
}

/* ---- queues ---- */

static bool is_ahead(const struct job *job, const struct job *other)
{
    return other == NULL || job->place < other->place;
}

/* The next job of one queue. */
static struct job *queue_head(const struct model *model, unsigned function, unsigned priority)
{
    struct job *head = NULL;

    for (struct job *job = model->jobs; job != NULL; job = job->next)
        if (job->state == JOB_QUEUED && job->function == function && job->priority == priority &&
            is_ahead(job, head))
            head = job;
    return head;
}

struct job *next_for(const struct model *model, const struct actor *actor)
{
    for (unsigned priority = 0; priority < PRIORITIES; priority++)
        for (size_t i = 0; i < actor->able_count; i++) {
            struct job *job = queue_head(model, actor->able[i], priority);

            if (job != NULL)
                return job;
        }
    return NULL;
}

bool is_able(const struct actor *actor, unsigned function)
{
    for (size_t i = 0; i < actor->able_count; i++)
        if (actor->able[i] == function)
            return true;
    return false;
}

/* ---- quiet ---- */

static size_t queued_for(const struct model *model, unsigned function)
{
    size_t queued = 0;

    for (const struct job *job = model->jobs; job != NULL; job = job->next)
        queued += job->state == JOB_QUEUED && job->function == function;
    return queued;
}

/* No task waits beside a sleeper: as many have been woken for a function as tasks wait, unless all
 * that sleep have. Whose messages wait to be read may have been woken. */
static void expect_nobody_oversleeps(const struct model *model, unsigned function)
{
    size_t asleep = 0, woken = 0;

    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next) {
        if (actor->sleep == ACTOR_AWAKE || !is_able(actor, function))
            continue;
        if (actor->sleep == ACTOR_ASLEEP && !actor->slow)
            asleep++;
        else
            woken++;
    }
    if (asleep > 0 && queued_for(model, function) > woken)
        model_failed("a task waits beside a worker that sleeps");
}

void model_quiet(const struct model *model)
{
    if (model->strictness != MODEL_EXACT)
        return;
    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next) {
        if (actor->slow)
            continue;
        if (actor->expected != NULL)
            model_failed("a message that is due did not come");
        if (actor->noop_due && actor->sleep == ACTOR_ASLEEP)
            model_failed("a worker fell asleep beside a task and was not woken");
    }
    for (unsigned function = 0; function < FUNCTIONS; function++)
        expect_nobody_oversleeps(model, function);
}
