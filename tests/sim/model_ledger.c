/*
 * What is heard where memory is short. Answers come in their order, but one may be a refusal; which
 * job a submission has joined is known when its JOB_CREATED is heard. What was told of a job is kept
 * in a list: each submission that waits for it has to hear all of it, from some place on, to the end.
 */
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

/* Is that what an assignment of the job says to who has asked by `grab`? */
static bool is_assignment_of(const struct job *job, uint32_t grab, const struct heard_frame *frame)
{
    size_t skip = handle_size(frame);
    struct bytes rest;
    bool same;

    if (frame->size < skip + job->size ||
        (frame->type == GM_JOB_ASSIGN_ALL) != (assignment_type(grab, job) == GM_JOB_ASSIGN_ALL))
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
    struct job *named = job_of(model, frame->bytes, handle_size(frame));
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
    if (job->waits)
        listener_add(model, twin, actor)->fresh = true;
    if (twin->state == JOB_DROPPED)
        job_become(model, twin, JOB_QUEUED);
}

static void created(struct model *model, struct actor *actor, const struct heard_frame *frame,
                    struct job *job)
{
    struct job *named = job_of(model, frame->bytes, handle_size(frame));

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
        if (is_refusal(frame))
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
static bool came_perhaps(const struct model *model, const struct expected *expected,
                         const struct heard_frame *frame)
{
    return expected->type == GM_CAN_DO ? is_refused_ability(model, frame) : fits(expected, frame);
}

static void heard_answer(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    struct expected *expected;
    bool fitting;

    while ((expected = actor->expected) != NULL && expected->maybe &&
           !came_perhaps(model, expected, frame))
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

static bool is_last(uint32_t type)
{
    return type == GM_WORK_COMPLETE || type == GM_WORK_FAIL || type == GM_WORK_EXCEPTION;
}

/* Is that what the listener hears when this is told? */
static bool is_told(const struct listener *listener, const struct told *told,
                    const struct heard_frame *frame)
{
    size_t skip = handle_size(frame);
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

        if (at->actor != actor || at->fresh != fresh)
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

/* A loose job may be given up at any time, with a warning or without. */
static bool was_given_up(struct job *job, const struct actor *actor,
                         const struct heard_frame *frame)
{
    struct listener *at = job->listeners;

    while (at != NULL && at->actor != actor)
        at = at->next;
    if (!job->loose || at == NULL)
        return false;
    if (frame->type == GM_WORK_FAIL && frame->size == handle_size(frame)) {
        listener_free(job, at);
        return true;
    }
    return frame->type == GM_WORK_WARNING;
}

static void heard_event(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    struct job *job = job_of(model, frame->bytes, handle_size(frame));

    if (job == NULL || !(was_told(job, actor, frame, false) || was_told(job, actor, frame, true) ||
                         was_given_up(job, actor, frame)))
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
    else
        heard_answer(model, actor, frame);
}
