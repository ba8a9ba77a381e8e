/* What somebody heard, held against what he was to hear. */
#include <stdio.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

static const uint8_t handle_prefix[] = "H:box:";

/* Says who heard what, what was to come, and that it is wrong. */
static void disagree(const struct actor *actor, const struct heard_frame *frame,
                     const char *finding)
{
    static char sentence[512];
    char heard[200];
    size_t shown = frame->size < sizeof heard ? frame->size : sizeof heard;
    const struct expected *expected = actor->expected;
    const char *due = "nothing";

    if (expected != NULL)
        due = expected->type == 0 ? "a line" : gm_packet_name(expected->type);
    for (size_t i = 0; i < shown; i++)
        heard[i] = (char)(frame->bytes[i] != 0 ? frame->bytes[i] : '|');
    (void)snprintf(sentence, sizeof sentence,
                   "%s (peer %d heard %s, %zu bytes: %.*s; due was %s%s%s)", finding,
                   actor->remote->number, frame->is_line ? "a line" : gm_packet_name(frame->type),
                   frame->size, (int)shown, heard, due,
                   expected != NULL && expected->job != NULL ? " of " : "",
                   expected != NULL && expected->job != NULL ? expected->job->handle : "");
    model_failed(sentence);
}

/* ---- handles ---- */

/* The bytes of a handle at the front of a frame: to its NUL, or all. */
static size_t handle_size(const struct heard_frame *frame)
{
    const uint8_t *nul = frame->size > 0 ? memchr(frame->bytes, 0, frame->size) : NULL;

    return nul != NULL ? (size_t)(nul - frame->bytes) : frame->size;
}

static bool handle_is(const struct job *job, const uint8_t *handle, size_t size)
{
    return job->handle[0] != 0 && strlen(job->handle) == size &&
           memcmp(job->handle, handle, size) == 0;
}

static struct job *job_of(const struct model *model, const uint8_t *handle, size_t size)
{
    for (struct job *job = model->jobs; job != NULL; job = job->next)
        if (handle_is(job, handle, size))
            return job;
    return NULL;
}

/* The first who hears a handle tells whose it is; it must be a new one, of the right form. */
static void handle_learn(struct model *model, struct job *job, const uint8_t *handle, size_t size)
{
    if (job->handle[0] != 0)
        return;
    if (size >= sizeof job->handle || size < sizeof handle_prefix ||
        memcmp(handle, handle_prefix, sizeof handle_prefix - 1) != 0)
        model_failed("a handle has not the form H:<node>:<n>");
    if (job_of(model, handle, size) != NULL)
        model_failed("two tasks have the same handle");
    memcpy(job->handle, handle, size);
    job->handle[size] = 0;
}

/* ---- one message against one expectation ---- */

static bool begins_with(const uint8_t *bytes, size_t size, const struct expected *expected)
{
    const struct bytes *rest = &expected->rest;

    if (size < rest->size || (size > rest->size && !expected->prefix))
        return false;
    return rest->size == 0 || memcmp(bytes, rest->at, rest->size) == 0;
}

static bool fits(const struct expected *expected, const struct heard_frame *frame)
{
    size_t skip = 0;

    if (expected->type != (frame->is_line ? 0 : frame->type))
        return false;
    if (expected->job != NULL) {
        skip = handle_size(frame);
        if (expected->job->handle[0] != 0 && !handle_is(expected->job, frame->bytes, skip))
            return false;
    }
    return begins_with(frame->bytes + skip, frame->size - skip, expected);
}

static bool is_event(const struct heard_frame *frame)
{
    switch (frame->is_line ? 0 : frame->type) {
    case GM_WORK_STATUS:
    case GM_WORK_DATA:
    case GM_WORK_WARNING:
    case GM_WORK_COMPLETE:
    case GM_WORK_FAIL:
    case GM_WORK_EXCEPTION:
        return true;
    default:
        return false;
    }
}

static bool is_event_of(const struct expected *expected, const struct job *job)
{
    struct heard_frame like = {.is_line = expected->type == 0, .type = expected->type};

    return expected->job == job && is_event(&like);
}

/* The one of these expectations that is next: all of them or, with `job`, only the events of a job. A
 * newer WORK_STATUS takes the place of one that nobody has begun to read. */
static struct expected *event_found(struct actor *actor, const struct job *job,
                                    const struct heard_frame *frame)
{
    struct expected *at = actor->expected;
    bool replaced = false;

    while (at != NULL) {
        struct expected *next = at->next;
        bool counts = job == NULL || is_event_of(at, job);

        if (counts && fits(at, frame))
            return at;
        if (counts && at->superseded && frame->type == GM_WORK_STATUS &&
            handle_is(at->job, frame->bytes, handle_size(frame))) {
            expected_drop(actor, at);
            replaced = true;
        } else if (counts && !replaced) {
            return NULL;
        }
        at = next;
    }
    return NULL;
}

/* ---- the ledger's way: answers in their order, the frames of each job in theirs ---- */

static struct expected *first_answer(const struct actor *actor)
{
    for (struct expected *at = actor->expected; at != NULL; at = at->next)
        if (at->job == NULL || !is_event_of(at, at->job))
            return at;
    return NULL;
}

/* Is it the refusal of EXTENSIONS, section 2, that names its limit? */
static bool is_refusal(const struct heard_frame *frame)
{
    static const char *const names[] = {"tasks", "pool", "payload", "draining", "connection"};
    static const char start[] = "QUEUE_ERROR|Job queue is full: limit=";
    char text[512] = "";
    const char *limit = text + sizeof start - 1;

    if (frame->is_line || frame->type != GM_ERROR || frame->size >= sizeof text)
        return false;
    for (size_t i = 0; i < frame->size; i++)
        text[i] = (char)(frame->bytes[i] != 0 ? frame->bytes[i] : '|');
    text[frame->size] = 0;
    if (strncmp(text, start, sizeof start - 1) != 0 || strstr(text, " function=") == NULL ||
        strstr(text, " used=") == NULL || strstr(text, " of=") == NULL ||
        strstr(text, " retry_ms=") == NULL)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i]);

        if (strncmp(limit, names[i], size) == 0 && limit[size] == ' ')
            return true;
    }
    return false;
}

/* What an assignment of the job holds behind the handle. */
static struct bytes assignment_of(const struct job *job)
{
    const char *function = model_functions[job->function];
    struct bytes rest = {0};
    char unique[16];

    (void)snprintf(unique, sizeof unique, "s%u", job->serial);
    bytes_add(&rest, "", 1);
    bytes_add(&rest, function, strlen(function) + 1);
    bytes_add(&rest, unique, strlen(unique) + 1);
    model_fill(&rest, job->serial, job->size);
    return rest;
}

/* The job of an assignment that nobody could foresee: all of it must be as it was submitted. */
static struct job *assigned_job(const struct model *model, const struct heard_frame *frame)
{
    size_t skip = handle_size(frame);

    for (struct job *job = model->jobs; job != NULL; job = job->next) {
        struct bytes rest = assignment_of(job);
        bool same =
            frame->size - skip == rest.size && memcmp(frame->bytes + skip, rest.at, rest.size) == 0;

        bytes_free(&rest);
        if (same)
            return job;
    }
    return NULL;
}

static void assigned(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    struct job *job = assigned_job(model, frame);

    if (job == NULL) {
        disagree(actor, frame, "a worker got a task nobody submitted");
        return;
    }
    if (job->state != JOB_SENT && job->state != JOB_QUEUED && job->state != JOB_DROPPED)
        disagree(actor, frame, "a task was assigned that is held, ended or refused");
    handle_learn(model, job, frame->bytes, handle_size(frame));
    job->state = JOB_HELD;
    job->holder = actor;
    job->taken = ++model->takings;
}

/* Something else came in the place of an open expectation. Returns false if it must not. */
static bool came_instead(struct model *model, struct actor *actor, struct expected *expected,
                         const struct heard_frame *frame)
{
    if (!expected->open || frame->is_line)
        return false;
    if (expected->type == GM_JOB_CREATED && is_refusal(frame)) {
        expected->job->state = JOB_REFUSED;
        expected->job->owner = NULL;
        return true;
    }
    if (expected->type == GM_ECHO_RES)
        return is_refusal(frame);
    if (expected->type == GM_JOB_CREATED)
        return false;
    if (frame->type == expected->type)
        assigned(model, actor, frame);
    return frame->type == expected->type || (frame->type == GM_NO_JOB && frame->size == 0);
}

/* ---- both ways ---- */

/* What hearing it changes. */
static void take_in(struct model *model, const struct actor *actor, struct expected *expected,
                    const struct heard_frame *frame)
{
    struct job *job = expected->job;

    if (job == NULL)
        return;
    handle_learn(model, job, frame->bytes, handle_size(frame));
    if (expected->type == GM_JOB_CREATED) {
        job->created_heard = true;
        if (job->state == JOB_SENT)
            job->state = JOB_QUEUED;
    } else if (is_event(frame) && !job->created_heard) {
        disagree(actor, frame, "a client heard of a task before its JOB_CREATED");
    }
}

static void heard_for_ledger(struct model *model, struct actor *actor,
                             const struct heard_frame *frame)
{
    struct expected *expected;
    const struct job *job;

    if (is_event(frame)) {
        job = job_of(model, frame->bytes, handle_size(frame));
        expected = job != NULL ? event_found(actor, job, frame) : NULL;
    } else {
        expected = first_answer(actor);
    }
    if (expected == NULL) {
        disagree(actor, frame, "a message came that nobody expected");
        return;
    }
    if (expected->open && came_instead(model, actor, expected, frame)) {
        expected_drop(actor, expected);
        return;
    }
    if (!fits(expected, frame))
        disagree(actor, frame, "a message is not what it should be");
    take_in(model, actor, expected, frame);
    expected_drop(actor, expected);
}

static void heard_exactly(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    struct expected *expected = actor->expected;

    if (is_event(frame))
        expected = event_found(actor, NULL, frame);
    if (expected == NULL) {
        disagree(actor, frame, "a message came that nobody expected");
        return;
    }
    if (!fits(expected, frame))
        disagree(actor, frame, "a message is not what it should be");
    take_in(model, actor, expected, frame);
    expected_drop(actor, expected);
}

/* One NOOP at most for each PRE_SLEEP, and none after it has asked. (A ledger does not know what was
 * said before it asked and is heard after.) */
static void heard_noop(const struct model *model, struct actor *actor,
                       const struct heard_frame *frame)
{
    if (actor->naps == 0 || (model->strictness == MODEL_EXACT && actor->sleep != ACTOR_ASLEEP))
        disagree(actor, frame, "a worker that does not sleep was woken");
    actor->naps--;
    if (actor->sleep == ACTOR_ASLEEP)
        actor->sleep = ACTOR_WOKEN;
    actor->noop_due = false;
}

static void digest_add(struct model *model, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        model->digest = (model->digest ^ bytes[i]) * UINT64_C(0x100000001b3);
}

/* A line of a listing that is not compared. */
static bool is_of_listing(struct actor *actor, const struct heard_frame *frame)
{
    struct expected *expected = actor->expected;

    while (expected != NULL && expected->type != 0)
        expected = expected->next;
    if (!frame->is_line || expected == NULL || !expected->listing)
        return false;
    if (frame->size == 1 && frame->bytes[0] == '.')
        expected_drop(actor, expected);
    return true;
}

void model_heard(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    uint8_t what[] = {(uint8_t)actor->remote->number, (uint8_t)frame->type};

    digest_add(model, what, sizeof what);
    digest_add(model, frame->bytes, frame->size);
    if (is_of_listing(actor, frame))
        return;
    if (!frame->is_line && frame->type == GM_NOOP && frame->size == 0)
        heard_noop(model, actor, frame);
    else if (model->strictness == MODEL_LEDGER)
        heard_for_ledger(model, actor, frame);
    else
        heard_exactly(model, actor, frame);
}
