/* Limits: what is in the way of a submission, and what a refusal may say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

/* ---- what is known in advance ---- */

static const struct hurdle no_hurdle = {NULL, 0, 0};

struct hurdle hurdle_to_all(const struct model *model, const struct actor *actor,
                            const struct job *job)
{
    const struct router_limits *limits = &model->setup.limits;

    if (model->draining)
        return (struct hurdle){"draining", 0, 0};
    if (actor->reserved)
        return (struct hurdle){"connections", count_actors(model),
                               limits->connections - limits->connections_reserved};
    if (job->size > limits->payload_max)
        return (struct hurdle){"payload", job->size, limits->payload_max};
    return no_hurdle;
}

/* Bytes of submissions to a function, but for this one, whose payloads are on their way. */
static size_t arriving_bytes(const struct model *model, const struct job *but)
{
    size_t bytes = 0;

    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        for (const struct request *at = actor->requests; at != NULL && at->begun; at = at->next)
            if (model_is_submission(at->type) && !at->refused && at->job != but &&
                at->job->function == but->function)
                bytes += at->job->size;
    return bytes;
}

static size_t count_listeners(const struct job *job)
{
    size_t count = 0;

    for (const struct listener *at = job->listeners; at != NULL; at = at->next)
        count++;
    return count;
}

struct hurdle hurdle_of_function(const struct model *model, const struct job *job,
                                 const struct job *twin, bool joins)
{
    size_t most = model->functions[job->function].most[job->priority];
    size_t most_bytes = model->rules[job->function].max_bytes;
    size_t most_waiters = model->setup.limits.waiters_per_task;
    size_t tasks = jobs_of_function(model, job->function);

    if (model->functions[job->function].draining)
        return (struct hurdle){"draining", 0, 0};
    if (!joins && most > 0 && tasks >= most)
        return (struct hurdle){"queue", tasks, most};
    if (!joins && most_bytes > 0) {
        size_t bytes = model->bytes[job->function] + arriving_bytes(model, job);

        if (bytes + job->size > most_bytes)
            return (struct hurdle){"bytes", bytes, most_bytes};
    }
    if (job->waits && twin != NULL && count_listeners(twin) >= most_waiters)
        return (struct hurdle){"waiters", most_waiters, most_waiters};
    return no_hurdle;
}

/* ---- what can be told from outside ---- */

/* Of those that wait for it, the ones whose submissions have joined it. */
static size_t count_joined(const struct job *job)
{
    size_t count = 0;

    for (const struct listener *at = job->listeners; at != NULL; at = at->next)
        count += at->joins;
    return count;
}

/* May the core have it yet? In an exact model what has ended is looked for among what is to be heard. */
static bool may_be_here(const struct job *job)
{
    switch (job->state) {
    case JOB_SENT:
        return job->begun;
    case JOB_DELAYED:
    case JOB_QUEUED:
    case JOB_HELD:
    case JOB_CANCELLED:
        return true;
    case JOB_DROPPED:
    case JOB_ENDED:
        return !job->forgotten &&
               (job->loose || job->state == JOB_DROPPED || job->listeners != NULL);
    case JOB_REFUSED:
    case JOB_JOINED:
    case JOB_STATES:
        break;
    }
    return false;
}

struct crowd crowd_of(const struct model *model, unsigned function)
{
    struct crowd crowd = {0, 0};

    for (const struct job *job = model->jobs; job != NULL; job = job->next)
        if (job->function == function && may_be_here(job)) {
            crowd.tasks++;
            crowd.bytes += job->size;
        }
    return crowd;
}

size_t count_unheard(const struct model *model)
{
    size_t count = 0;

    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next) {
        count += actor->remote->stuck ? actor->credit_high : 0;
        for (const struct expected *at = actor->expected; at != NULL; at = at->next)
            count += is_assignment(at->type);
    }
    return count;
}

/* The last of a task that somebody is going to hear. */
static size_t count_ends(const struct model *model, unsigned function)
{
    size_t count = 0;

    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        for (const struct expected *at = actor->expected; at != NULL; at = at->next)
            count += at->job != NULL && at->job->function == function && is_last(at->type);
    return count;
}

/*
 * A task that fits takes its room as long as it is there, and so does each submission that has joined
 * one. A task that waited for clients who have left is no more, unless a worker has it who has not
 * heard so.
 */
size_t model_reserved_at_most(const struct model *model, unsigned function)
{
    size_t most = model->rules[function].reserve_size;
    size_t lost = 0, count = count_ends(model, function), unheard = count_unheard(model);

    for (const struct job *job = model->jobs; job != NULL; job = job->next) {
        if (job->function != function)
            continue;
        count += count_joined(job);
        if (job->size > most || !may_be_here(job))
            continue;
        if (job->state == JOB_DROPPED && !job->background)
            lost++;
        else
            count++;
    }
    return count + (lost < unheard ? lost : unheard);
}

void room_note(const struct model *model, struct job *job)
{
    const struct router_function_rule *rule = &model->rules[job->function];
    struct crowd crowd = crowd_of(model, job->function);

    if (!job->begun)
        job->guaranteed = rule->reserve > 0 && job->size <= rule->reserve_size &&
                          model_reserved_at_most(model, job->function) < rule->reserve;
    if (crowd.tasks > job->crowd.tasks)
        job->crowd.tasks = crowd.tasks;
    if (crowd.bytes > job->crowd.bytes)
        job->crowd.bytes = crowd.bytes;
}

/* ---- refusals ---- */

/* A refusal of EXTENSIONS, section 2, as it came. */
struct refusal {
    char limit[16], function[64];
    size_t used, of;
};

/* What stands behind a key, up to the next blank. */
static bool read_word(const char **at, const char *key, char *word, size_t size)
{
    size_t skip = strlen(key);
    size_t length;

    if (strncmp(*at, key, skip) != 0)
        return false;
    length = strcspn(*at + skip, " ");
    (void)snprintf(word, size, "%.*s", (int)length, *at + skip);
    *at += skip + length;
    return length < size;
}

static bool read_number(const char **at, const char *key, size_t *number)
{
    char word[24], *end;

    if (!read_word(at, key, word, sizeof word) || word[0] < '0' || word[0] > '9')
        return false;
    *number = strtoul(word, &end, 10);
    return *end == 0;
}

static bool refusal_read(struct refusal *refusal, const struct heard_frame *frame)
{
    char text[512] = "";
    const char *at = text;
    size_t retry_ms;

    if (frame->type != GM_ERROR || frame->size >= sizeof text)
        return false;
    for (size_t i = 0; i < frame->size; i++)
        text[i] = (char)(frame->bytes[i] != 0 ? frame->bytes[i] : '|');
    return read_word(&at, "QUEUE_ERROR|Job queue is full: limit=", refusal->limit,
                     sizeof refusal->limit) &&
           read_word(&at, " function=", refusal->function, sizeof refusal->function) &&
           read_number(&at, " used=", &refusal->used) && read_number(&at, " of=", &refusal->of) &&
           read_number(&at, " retry_ms=", &retry_ms);
}

bool is_refusal_of(const struct heard_frame *frame, unsigned function)
{
    struct refusal refusal;

    return refusal_read(&refusal, frame) &&
           strcmp(refusal.function, model_functions[function]) == 0;
}

static bool is_just_queue(const struct model *model, const struct job *job,
                          const struct refusal *refusal)
{
    return refusal->of > 0 && refusal->of < 64 &&
           (model->functions[job->function].mosts >> refusal->of & 1) != 0 &&
           refusal->used >= refusal->of && refusal->used <= job->crowd.tasks;
}

static bool is_just_bytes(const struct model *model, const struct job *job,
                          const struct refusal *refusal)
{
    size_t most = model->rules[job->function].max_bytes;

    return most > 0 && refusal->of == most && refusal->used + job->size > most &&
           refusal->used <= job->crowd.bytes;
}

static bool is_just_waiters(const struct model *model, const struct job *job,
                            const struct refusal *refusal)
{
    size_t most = model->setup.limits.waiters_per_task;

    return job->waits && refusal->of == most && refusal->used == most;
}

static bool is_just_connection(const struct model *model, const struct job *job,
                               const struct refusal *refusal)
{
    size_t most = model->setup.limits.submissions_per_connection;

    return job->waits && refusal->of == most && refusal->used >= most;
}

static bool is_just_tasks(const struct model *model, const struct job *job,
                          const struct refusal *refusal)
{
    return !job->guaranteed && refusal->of == model->setup.limits.tasks &&
           refusal->used >= refusal->of;
}

static bool is_just_pool(const struct model *model, const struct job *job,
                         const struct refusal *refusal)
{
    (void)model;
    return !job->guaranteed && refusal->used <= refusal->of;
}

static bool is_just_draining(const struct model *model, const struct job *job,
                             const struct refusal *refusal)
{
    return model->functions[job->function].was_draining && refusal->used == 0 && refusal->of == 0;
}

bool is_just_refusal(const struct model *model, const struct job *job,
                     const struct heard_frame *frame)
{
    static const struct {
        const char *limit;
        bool (*is_just)(const struct model *, const struct job *, const struct refusal *);
    } rows[] = {{"queue", is_just_queue},      {"bytes", is_just_bytes},
                {"waiters", is_just_waiters},  {"connection", is_just_connection},
                {"tasks", is_just_tasks},      {"pool", is_just_pool},
                {"draining", is_just_draining}};
    struct refusal refusal;

    if (!refusal_read(&refusal, frame) ||
        strcmp(refusal.function, model_functions[job->function]) != 0)
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(refusal.limit, rows[i].limit) == 0)
            return rows[i].is_just(model, job, &refusal);
    return false;
}
