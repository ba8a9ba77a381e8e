/* What somebody heard, held against what he was to hear. */
#include <stdio.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

static const uint8_t handle_prefix[] = "H:box:";

static const char *name_of(uint32_t type)
{
    return type == 0 ? "a line" : gm_packet_name(type);
}

void disagree(const struct actor *actor, const struct heard_frame *frame, const char *finding)
{
    static char sentence[768];
    char heard[200], due[200] = "nothing";
    size_t shown = frame->size < sizeof heard ? frame->size : sizeof heard;
    const struct expected *expected = actor->expected;
    size_t due_size = 0;

    for (size_t i = 0; i < shown; i++)
        heard[i] = (char)(frame->bytes[i] != 0 ? frame->bytes[i] : '|');
    if (expected != NULL) {
        due_size = expected->rest.size < 120 ? expected->rest.size : 120;
        (void)snprintf(due, sizeof due, "%s %s ", name_of(expected->type),
                       expected->job != NULL ? expected->job->handle : "");
    }
    (void)snprintf(sentence, sizeof sentence, "%s (peer %d heard %s, %zu bytes: %.*s; due was %s",
                   finding, actor->remote->number, name_of(frame->type), frame->size, (int)shown,
                   heard, due);
    for (size_t i = 0, end = strlen(sentence); i < due_size; i++, sentence[end + i] = 0)
        sentence[end + i] = (char)(expected->rest.at[i] != 0 ? expected->rest.at[i] : '|');
    model_failed(strcat(sentence, ")"));
}

/* ---- handles ---- */

size_t handle_length(const struct heard_frame *frame)
{
    uint8_t behind = frame->is_line ? '\t' : 0;
    const uint8_t *end = frame->size > 0 ? memchr(frame->bytes, behind, frame->size) : NULL;

    return end != NULL ? (size_t)(end - frame->bytes) : frame->size;
}

static bool has_handle(const struct job *job, const uint8_t *handle, size_t size)
{
    return job->handle[0] != 0 && strlen(job->handle) == size &&
           memcmp(job->handle, handle, size) == 0;
}

bool handle_is(const struct job *job, const struct heard_frame *frame)
{
    return has_handle(job, frame->bytes, handle_length(frame));
}

struct job *job_of(const struct model *model, const uint8_t *handle, size_t size)
{
    struct job *job;

    LIST_FOREACH (job, &model->by_handle[bucket_of(handle, size)], by_handle)
        if (has_handle(job, handle, size))
            return job;
    return NULL;
}

void handle_learn(struct model *model, struct job *job, const struct heard_frame *frame)
{
    size_t size = handle_length(frame);

    if (job->handle[0] != 0)
        return;
    if (size >= sizeof job->handle || size < sizeof handle_prefix ||
        memcmp(frame->bytes, handle_prefix, sizeof handle_prefix - 1) != 0)
        model_failed("a handle has not the form H:<node>:<n>");
    if (job_of(model, frame->bytes, size) != NULL)
        model_failed("two tasks have the same handle");
    memcpy(job->handle, frame->bytes, size);
    job->handle[size] = 0;
    LIST_INSERT_HEAD(&model->by_handle[bucket_of(frame->bytes, size)], job, by_handle);
}

/* ---- one message against one expectation ---- */

static bool begins_with(const uint8_t *bytes, size_t size, const struct expected *expected)
{
    const struct bytes *rest = &expected->rest;

    if (size < rest->size || (size > rest->size && !expected->prefix))
        return false;
    return rest->size == 0 || memcmp(bytes, rest->at, rest->size) == 0;
}

bool fits(const struct expected *expected, const struct heard_frame *frame)
{
    size_t skip = 0;

    if (expected->type != frame->type)
        return false;
    if (expected->job != NULL) {
        skip = handle_length(frame);
        if (expected->job->handle[0] != 0 && !handle_is(expected->job, frame))
            return false;
    }
    return begins_with(frame->bytes + skip, frame->size - skip, expected);
}

bool is_event(uint32_t type)
{
    switch (type) {
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

bool is_assignment(uint32_t type)
{
    return type == GM_JOB_ASSIGN || type == GM_JOB_ASSIGN_UNIQ || type == GM_JOB_ASSIGN_ALL;
}

bool is_last(uint32_t type)
{
    return type == GM_WORK_COMPLETE || type == GM_WORK_FAIL || type == GM_WORK_EXCEPTION;
}

/* ---- which expectation it is that a message answers ---- */

/* Takes a WORK_STATUS that a listener was to hear for one that was said later and took its place, with
 * all between; NULL: this is none of them. */
static struct expected *newer_status(struct actor *actor, struct expected *status,
                                     const struct heard_frame *frame)
{
    struct expected *newer = status->next;
    uint64_t listener = status->listener;

    while (newer != NULL && !(newer->listener == listener && fits(newer, frame)))
        newer = newer->next;
    for (struct expected *next; newer != NULL && status != newer; status = next) {
        next = status->next;
        if (status->listener == listener && status->type == GM_WORK_STATUS)
            expected_drop(actor, status);
    }
    return newer;
}

/* The one that is next; a newer WORK_STATUS takes the place of one that nobody has begun to read. */
static struct expected *event_found(struct actor *actor, const struct heard_frame *frame)
{
    struct expected *at;

    while ((at = actor->expected) != NULL && !fits(at, frame)) {
        if (at->superseded && frame->type == GM_WORK_STATUS && handle_is(at->job, frame))
            return newer_status(actor, at, frame);
        if (!at->maybe)
            return NULL;
        expected_drop(actor, at);
    }
    return at;
}

/* Rows come in any order; one of a job whose handle nobody has heard may have any. */
static struct expected *row_found(struct actor *actor, const struct heard_frame *frame)
{
    struct expected *unnamed = NULL;

    for (struct expected *at = actor->expected; at != NULL && at->any_order; at = at->next) {
        bool has_name = at->job == NULL || at->job->handle[0] != 0;

        if (!fits(at, frame))
            continue;
        if (has_name)
            return at;
        unnamed = at;
    }
    return unnamed;
}

static struct expected *answer_found(struct actor *actor, const struct heard_frame *frame)
{
    struct expected *at;

    while ((at = actor->expected) != NULL && at->maybe && !fits(at, frame))
        expected_drop(actor, at);
    return at != NULL && at->any_order ? row_found(actor, frame) : at;
}

/* Of what may come once or twice the first has come: the second need not. */
void expected_came(struct actor *actor, struct expected *expected, const struct heard_frame *frame)
{
    struct expected *sure = expected;

    while (sure != NULL && sure->maybe)
        sure = sure->next;
    if (expected->maybe && sure != NULL && fits(sure, frame))
        sure->maybe = true;
    expected_drop(actor, expected);
}

static void heard_exactly(struct model *model, struct actor *actor, const struct heard_frame *frame)
{
    struct expected *expected =
        is_event(frame->type) ? event_found(actor, frame) : answer_found(actor, frame);

    if (expected == NULL) {
        disagree(actor, frame, "a message came that nobody expected");
        return;
    }
    if (!fits(expected, frame))
        disagree(actor, frame, "a message is not what it should be");
    if (expected->job != NULL && !frame->is_line)
        handle_learn(model, expected->job, frame);
    if (expected->job != NULL && is_assignment(frame->type) && expected->job->holder == actor)
        expected->job->is_known = true;
    expected_came(actor, expected, frame);
}

/* ---- both ways ---- */

static void digest_add(struct model *model, const uint8_t *bytes, size_t size)
{
    for (uint64_t word; size > 0; size -= size < sizeof word ? size : sizeof word) {
        word = size;
        memcpy(&word, bytes, size < sizeof word ? size : sizeof word);
        bytes += sizeof word;
        model->digest = (model->digest ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        model->digest ^= model->digest >> 32;
    }
}

/* A line of a listing that is not compared. */
static bool is_of_listing(struct actor *actor, const struct heard_frame *frame)
{
    struct expected *expected = actor->expected;

    while (expected != NULL && (expected->type != 0 || expected->maybe))
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
    if (model->strictness == MODEL_LEDGER)
        heard_for_ledger(model, actor, frame);
    else
        heard_exactly(model, actor, frame);
}
