/*
 * What is heard where memory is short. Answers come in their order, but one may be a refusal; which
 * job a submission has joined is known when its JOB_CREATED is heard. What was told of a job is kept
 * in a list: each submission that waits for it has to hear all of it, from some place on, to the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

/* ---- refusals ---- */

/* Is it the refusal of EXTENSIONS, section 2, that names its limit, or the plain one? */
static bool is_refusal(const struct heard_frame *frame)
{
    static const char *const names[] = {"tasks",    "pool",       "payload",
                                        "draining", "connection", "queue"};
    static const char start[] = "QUEUE_ERROR|Job queue is full";
    static const char limit[] = ": limit=";
    char text[512] = "";
    const char *name = text + sizeof start - 1 + sizeof limit - 1;

    if (frame->type != GM_ERROR || frame->size >= sizeof text)
        return false;
    for (size_t i = 0; i < frame->size; i++)
        text[i] = (char)(frame->bytes[i] != 0 ? frame->bytes[i] : '|');
    text[frame->size] = 0;
    if (strcmp(text, start) == 0)
        return true;
    if (strncmp(text, start, sizeof start - 1) != 0 ||
        strncmp(text + sizeof start - 1, limit, sizeof limit - 1) != 0 ||
        strstr(text, " function=") == NULL || strstr(text, " used=") == NULL ||
        strstr(text, " of=") == NULL || strstr(text, " retry_ms=") == NULL)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i]);

        if (strncmp(name, names[i], size) == 0 && name[size] == ' ')
            return true;
    }
    return false;
}

/* ---- assignments that nobody could foresee ---- */

/* Is this the form of an assignment for who has asked by `grab` (0: or has not asked)? */
static bool is_form_for(const struct job *job, uint32_t grab, uint32_t type)
{
    bool has_reducer = assignment_type(GM_GRAB_JOB_ALL, job) == GM_JOB_ASSIGN_ALL;

    if (type == GM_JOB_ASSIGN_ALL)
        return has_reducer && grab != GM_GRAB_JOB_UNIQ;
    return !has_reducer || grab != GM_GRAB_JOB_ALL;
}

/* Is that what such an assignment of the job says? */
static bool is_assignment_of(const struct job *job, uint32_t grab, const struct heard_frame *frame)
{
    size_t skip = handle_length(frame);
    struct bytes rest;
    bool same;

    if (frame->size < skip + job->size || !is_form_for(job, grab, frame->type))
        return false;
    rest = assignment_of(job, frame->type);
    same = frame->size - skip == rest.size && memcmp(frame->bytes + skip, rest.at, rest.size) == 0;
    bytes_free(&rest);
    return same;
}

/* The submission that was like this and has no handle of its own, or NULL. Where the handle is known,
 * it may be one that is taken for a submission which has joined. */
static struct job *job_submitted(const struct model *model, uint32_t grab, bool named,
                                 const struct heard_frame *frame)
{
    for (struct job *job = model->jobs; job != NULL; job = job->next) {
        bool may_be = job->state == JOB_SENT || job->state == JOB_DROPPED ||
                      (named && job->state == JOB_JOINED);

        if (may_be && job->handle[0] == 0 && is_assignment_of(job, grab, frame))
            return job;
    }
    return NULL;
}

/* The first to be heard of a job was a submission that had joined it, and was taken for the job. Now
 * the job itself shows; its own submission is heard, now or later, as one that joins. */
static void adopt(struct model *model, struct job *job, const struct job *itself)
{
    enum job_state state = job->state;

    job_become(model, job, JOB_SENT);
    job->serial = itself->serial;
    job->fill = itself->fill;
    job->size = itself->size;
    job->reducer = itself->reducer;
    job->due_s = itself->due_s;
    job->priority = itself->priority;
    job->background = job->background || itself->background;
    job_become(model, job, state);
}

/* The job of an assignment; all of it must be as it was submitted. NULL: nobody submitted it. */
static struct job *job_assigned(struct model *model, uint32_t grab, const struct heard_frame *frame)
{
    struct job *named = job_of(model, frame->bytes, handle_length(frame));
    struct job *submitted;

    if (named != NULL && is_assignment_of(named, grab, frame))
        return named;
    submitted = job_submitted(model, grab, named != NULL, frame);
    if (named == NULL || submitted == NULL)
        return named == NULL ? submitted : NULL;
    if (!is_twin(named, submitted))
        return NULL;
    adopt(model, named, submitted);
    return named;
}

static void assigned(struct model *model, struct actor *actor, uint32_t grab,
                     const struct heard_frame *frame)
{
    struct job *job = job_assigned(model, grab, frame);

    if (job == NULL) {
        disagree(actor, frame, "a worker got a task nobody submitted");
        return;
    }
    if (!job->loose && job->state != JOB_SENT && job->state != JOB_QUEUED &&
        job->state != JOB_DROPPED)
        disagree(actor, frame, "a task was assigned that is held, ended or refused");
    if (job->due_s > model->wall_max_s)
        disagree(actor, frame, "a task was assigned before its second");
    if (job->lost > 0 && job->lost == model->rules[job->function].retries)
        disagree(actor, frame, "a task was assigned that has cost as many workers as it may");
    handle_learn(model, job, frame);
    job_assign(model, actor, job);
}

/* ---- submissions ---- */

/* The submission is answered by the handle of a job that was there. */
static void joined(struct model *model, struct actor *actor, const struct heard_frame *frame,
                   struct job *job, struct job *twin)
{
    if (!is_twin(job, twin) || twin->state == JOB_REFUSED)
        disagree(actor, frame, "a submission has joined another task");
    job_become(model, job, JOB_JOINED);
    twin->background = twin->background || job->background;
    if (job->waits) {
        struct listener *listener = listener_add(model, twin, actor);

        listener->fresh = listener->joins = true;
    }
    if (twin->state == JOB_DROPPED)
        job_become(model, twin, JOB_QUEUED);
}

static void created(struct model *model, struct actor *actor, const struct heard_frame *frame,
                    struct job *job)
{
    struct job *named = job_of(model, frame->bytes, handle_length(frame));

    job->sender = NULL;
    if (named != NULL && named != job) {
        joined(model, actor, frame, job, named);
        return;
    }
    handle_learn(model, job, frame);
    if (job->state == JOB_SENT)
        job_become(model, job, JOB_QUEUED);
    if (job->waits)
        (void)listener_add(model, job, actor);
}

static void refused(struct model *model, struct job *job)
{
    job_become(model, job, JOB_REFUSED);
    job->sender = NULL;
}

/* ---- answers ---- */

/* Something came in the place of an open expectation, or the thing itself. Returns false if it must
 * not come. */
static bool came_open(struct model *model, struct actor *actor, const struct expected *expected,
                      const struct heard_frame *frame)
{
    static const char err[] = "ERR ";
    bool reduced = expected->type == GM_JOB_ASSIGN_ALL && frame->type == GM_JOB_ASSIGN_UNIQ;

    switch (expected->type) {
    case 0:
        return frame->is_line &&
               (fits(expected, frame) || (frame->size > 4 && memcmp(frame->bytes, err, 4) == 0));
    case GM_JOB_CREATED:
        if (is_just_refusal(model, expected->job, frame))
            refused(model, expected->job);
        else if (frame->type == GM_JOB_CREATED)
            created(model, actor, frame, expected->job);
        else
            return false;
        return true;
    case GM_ECHO_RES:
        return is_refusal(frame) || fits(expected, frame);
    default:
        if (frame->type != expected->type && !reduced)
            return frame->type == GM_NO_JOB && frame->size == 0;
        assigned(model, actor,
                 expected->type == GM_JOB_ASSIGN_ALL ? GM_GRAB_JOB_ALL : GM_GRAB_JOB_UNIQ, frame);
        return true;
    }
}

/* A registration is refused for want of a block that is smaller than any of the other pools. */
static bool is_refused_ability(const struct model *model, const struct heard_frame *frame)
{
    static const char class[] = " class=";
    size_t size = 0;

    if (!is_refusal(frame))
        return false;
    for (size_t i = sizeof class; i < frame->size && size == 0; i++)
        if (memcmp(frame->bytes + i - (sizeof class - 1), class, sizeof class - 1) == 0)
            for (; i < frame->size; i++)
                size = 10 * size + frame->bytes[i] - '0';
    return size > 0 && size < model->setup.tasks.classes[0].block_size &&
           size < model->setup.wire.classes[0].block_size;
}

/* Is it what may come, and need not? */
static bool came_perhaps(struct model *model, struct actor *actor, const struct expected *expected,
                         const struct heard_frame *frame)
{
    if (expected->open)
        return frame->type == GM_NO_JOB && frame->size == 0;
    if (expected->type != GM_CAN_DO)
        return fits(expected, frame);
    if (!is_refused_ability(model, frame) || !is_refusal_of(frame, expected->function))
        return false;
    model_cannot_do(model, actor, expected->function);
    return true;
}

/* Has he been given it unasked, as far as can be told? Not if he has asked before he had credit. */
static bool is_pushed(const struct actor *actor, const struct heard_frame *frame)
{
    const struct expected *at = actor->expected;

    while (at != NULL && at->maybe)
        at = at->next;
    return is_assignment(frame->type) && actor->pushed && (at == NULL || !is_assignment(at->type));
}

/* Jobs in his hand that cannot have been taken from it. */
static size_t count_held(const struct actor *actor)
{
    const struct job *job;
    size_t count = 0;

    TAILQ_FOREACH (job, &actor->hand, in_hand)
        count += !job->loose;
    return count;
}

/* He has fewer jobs than credit, or has asked. */
static void heard_push(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    bool has_asked = actor->grabs > 0;

    if (count_held(actor) >= actor->credit_high) {
        if (!has_asked)
            disagree(actor, frame, "a worker got more tasks than it has credit for");
        actor->grabs--;
    }
    assigned(model, actor, has_asked ? 0 : GM_GRAB_JOB_ALL, frame);
}

static void heard_answer(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    struct expected *expected;
    bool fitting;

    while ((expected = actor->expected) != NULL && expected->maybe &&
           !came_perhaps(model, actor, expected, frame))
        expected_drop(actor, expected);
    if (expected == NULL) {
        disagree(actor, frame, "a message came that nobody expected");
        return;
    }
    if (expected->maybe)
        fitting = true;
    else if (expected->open)
        fitting = came_open(model, actor, expected, frame);
    else
        fitting = fits(expected, frame);
    if (!fitting)
        disagree(actor, frame, "a message is not what it should be");
    expected_came(actor, expected, frame);
}

/* ---- events ---- */

/* Is that what the listener hears when this is told? */
static bool is_told(const struct listener *listener, const struct told *told,
                    const struct heard_frame *frame)
{
    size_t skip = handle_length(frame);
    size_t size = frame->size - skip;

    if (told->type == GM_WORK_EXCEPTION && frame->type == GM_WORK_FAIL)
        return size == 0 && !listener->actor->remote->rig->setup.exceptions;
    if (told->type != frame->type)
        return false;
    if (told->type == GM_WORK_FAIL)
        return size == 0;
    if (told->rest.size == 0)
        return size == 1;
    return size == told->rest.size && memcmp(frame->bytes + skip, told->rest.at, size) == 0;
}

/* What was told next, or further on where that may be: NULL, this is none of it. */
static struct told *told_found(const struct job *job, const struct listener *listener,
                               const struct heard_frame *frame)
{
    for (struct told *at = *listener->at; at != NULL; at = at->next) {
        bool replaced = at->type == GM_WORK_STATUS && frame->type == GM_WORK_STATUS;

        if (is_told(listener, at, frame))
            return at;
        if (!listener->fresh && !job->loose && !replaced)
            return NULL;
    }
    return NULL;
}

static void listener_free(struct job *job, struct listener *listener)
{
    struct listener **at = &job->listeners;

    while (*at != listener)
        at = &(*at)->next;
    *at = listener->next;
    free(listener);
}

/* One of these submissions of the actor heard it, those that have heard something first. */
static bool was_told(struct job *job, const struct actor *actor, const struct heard_frame *frame,
                     bool fresh)
{
    for (struct listener *at = job->listeners; at != NULL; at = at->next) {
        struct told *told;

        if (at->actor != actor || at->fresh != fresh || at->warned)
            continue;
        told = told_found(job, at, frame);
        if (told == NULL)
            continue;
        at->at = &told->next;
        at->fresh = false;
        if (is_last(frame->type))
            listener_free(job, at);
        return true;
    }
    return false;
}

/* The submission of this actor that has been warned, or one that has not; NULL: there is none. */
static struct listener *listener_of(struct job *job, const struct actor *actor, bool warned)
{
    struct listener *at = job->listeners;

    while (at != NULL && (at->actor != actor || at->warned != warned))
        at = at->next;
    return at;
}

/* Says it of as many workers as the task may cost? */
static bool is_last_warning(const struct model *model, const struct job *job,
                            const struct heard_frame *frame)
{
    size_t retries = model->rules[job->function].retries;
    size_t skip = handle_length(frame);
    char why[80];
    int size =
        snprintf(why, sizeof why, "|given up: it has cost %zu workers; the last one ", retries);

    why[0] = 0; /* what stands for a NUL */
    return retries > 0 && frame->size > skip + (size_t)size &&
           memcmp(frame->bytes + skip, why, (size_t)size) == 0;
}

/* A task may be given up at any time where it can fail of itself, with a warning or, if there is no memory
 * for one, without. Behind the warning comes nothing but the end. */
static bool was_given_up(const struct model *model, struct job *job, const struct actor *actor,
                         const struct heard_frame *frame)
{
    struct listener *fresh = listener_of(job, actor, false);
    struct listener *warned = listener_of(job, actor, true);

    if (!job->loose || !job->mortal)
        return false;
    if (frame->type == GM_WORK_WARNING && fresh != NULL && is_last_warning(model, job, frame)) {
        fresh->warned = true;
        return true;
    }
    if (frame->type != GM_WORK_FAIL || frame->size != handle_length(frame) ||
        (warned == NULL && fresh == NULL))
        return false;
    listener_free(job, warned != NULL ? warned : fresh);
    return true;
}

static void heard_event(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    struct job *job = job_of(model, frame->bytes, handle_length(frame));

    if (job == NULL || !(was_told(job, actor, frame, false) || was_told(job, actor, frame, true) ||
                         was_given_up(model, job, actor, frame)))
        disagree(actor, frame, "a client heard what was not told, or twice, or too early");
}

/* One NOOP at most for each PRE_SLEEP. A ledger does not know what was said before it asked and is
 * heard after. */
static void heard_noop(struct actor *actor, const struct heard_frame *frame)
{
    if (actor->naps == 0)
        disagree(actor, frame, "a worker that does not sleep was woken");
    actor->naps--;
    if (actor->sleep == ACTOR_ASLEEP)
        actor->sleep = ACTOR_WOKEN;
}

void heard_for_ledger(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    if (frame->type == GM_NOOP && frame->size == 0)
        heard_noop(actor, frame);
    else if (is_event(frame->type))
        heard_event(model, actor, frame);
    else if (is_pushed(actor, frame))
        heard_push(model, actor, frame);
    else
        heard_answer(model, actor, frame);
}
