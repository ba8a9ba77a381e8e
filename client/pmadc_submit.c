#include <stdlib.h>
#include <string.h>

#include "pmadc_internal.h"

static const struct gm_slice nothing = {NULL, 0};

/* ---- asking ---- */

enum pmadc_status pmadc_ask(struct pmadc *client, enum gm_type type, const struct gm_slice *args,
                            struct gm_slice body, struct pmadc_pending *question, int64_t deadline,
                            struct pmadc_frame *frame)
{
    enum pmadc_status status;

    if (question == NULL)
        return PMADC_MEMORY;
    status = pmadc_send(client, type, args, body, deadline);
    if (status != PMADC_OK) {
        TAILQ_REMOVE(&client->questions, question, entry);
        free(question);
        return status;
    }
    status = pmadc_next(client, PMADC_ANSWER, question, deadline, NULL, frame);
    if (status == PMADC_TIMEOUT || status == PMADC_MEMORY)
        question->abandoned = true;
    return status;
}

/* Asks that exceptions be passed on as such, once a connection. Nobody waits for the answer: a
 * daemon that does not know the option answers with an error, and sends WORK_FAIL instead. */
static enum pmadc_status ask_for_exceptions(struct pmadc *client, int64_t deadline)
{
    struct gm_slice option = gm_text("exceptions");
    struct pmadc_pending *question;
    enum pmadc_status status;

    if (client->option_sent)
        return PMADC_OK;
    status = pmadc_send(client, GM_OPTION_REQ, &option, nothing, deadline);
    if (status != PMADC_OK)
        return status;
    client->option_sent = true;
    question = pmadc_question(client, GM_OPTION_RES, false);
    if (question == NULL)
        return pmadc_die(client, PMADC_MEMORY, "out of memory for a request");
    question->abandoned = true;
    return PMADC_OK;
}

static enum pmadc_status check_task(struct pmadc *client, const struct pmadc_task *task)
{
    size_t name = task->function != NULL ? strlen(task->function) : 0;

    if (name == 0 || name > PMADC_NAME_MAX)
        return pmadc_fail(client, PMADC_INVALID, "a function's name has 1 to %d bytes, not %zu",
                          PMADC_NAME_MAX, name);
    if (task->unique != NULL && strlen(task->unique) > GM_UNIQUE_MAX)
        return pmadc_fail(client, PMADC_INVALID, "a unique id has at most %d bytes, not %zu",
                          GM_UNIQUE_MAX, strlen(task->unique));
    if ((int)task->priority < PMADC_NORMAL || task->priority > PMADC_LOW)
        return pmadc_fail(client, PMADC_INVALID, "there is no priority %d", (int)task->priority);
    if (task->data == NULL && task->size > 0)
        return pmadc_fail(client, PMADC_INVALID, "a payload of %zu bytes that is NULL", task->size);
    return PMADC_OK;
}

/* Submits, and returns the accepted question. */
static enum pmadc_status submit(struct pmadc *client, const struct pmadc_task *task,
                                bool foreground, int64_t deadline, struct pmadc_frame *answer)
{
    static const enum gm_type types[][2] = {
        [PMADC_NORMAL] = {GM_SUBMIT_JOB_BG, GM_SUBMIT_JOB},
        [PMADC_HIGH] = {GM_SUBMIT_JOB_HIGH_BG, GM_SUBMIT_JOB_HIGH},
        [PMADC_LOW] = {GM_SUBMIT_JOB_LOW_BG, GM_SUBMIT_JOB_LOW},
    };
    struct gm_slice body = {task->data, task->size};
    struct gm_slice args[2];
    enum pmadc_status status = pmadc_begin(client);

    if (status == PMADC_OK)
        status = check_task(client, task);
    if (status == PMADC_OK && foreground)
        status = ask_for_exceptions(client, deadline);
    if (status != PMADC_OK)
        return status;
    args[0] = gm_text(task->function);
    args[1] = gm_text(task->unique != NULL ? task->unique : "");
    return pmadc_ask(client, types[task->priority][foreground], args, body,
                     pmadc_question(client, GM_JOB_CREATED, foreground), deadline, answer);
}

enum pmadc_status pmadc_submit(struct pmadc *client, const struct pmadc_task *task, int timeout_ms,
                               char handle[64])
{
    struct pmadc_frame answer;
    enum pmadc_status status = submit(client, task, true, pmadc_deadline(timeout_ms), &answer);

    if (status == PMADC_OK)
        memcpy(handle, answer.pending->handle, PMADC_HANDLE_SIZE);
    return status;
}

enum pmadc_status pmadc_submit_background(struct pmadc *client, const struct pmadc_task *task,
                                          int timeout_ms, char handle[64])
{
    struct pmadc_frame answer;
    enum pmadc_status status = submit(client, task, false, pmadc_deadline(timeout_ms), &answer);

    if (status != PMADC_OK)
        return status;
    free(answer.pending);
    (void)pmadc_copy_text(handle, PMADC_HANDLE_SIZE, answer.head.args[0]);
    return PMADC_OK;
}

/* ---- waiting ---- */

static void tell_bytes(void (*event)(void *arg, const void *data, size_t size), void *arg,
                       struct gm_slice bytes)
{
    if (event != NULL)
        event(arg, bytes.bytes, bytes.size);
}

/* Tells the caller what a frame that is not a task's last one says. */
static void tell(const struct pmadc_events *events, const struct pmadc_frame *frame)
{
    const struct gm_slice *args = frame->head.args;

    if (events == NULL)
        return;
    if (frame->head.type == GM_WORK_DATA)
        tell_bytes(events->data, events->arg, frame->body);
    else if (frame->head.type == GM_WORK_WARNING)
        tell_bytes(events->warning, events->arg, frame->body);
    else if (frame->head.type == GM_WORK_STATUS && events->status != NULL)
        events->status(events->arg, pmadc_number(args[1]), pmadc_number(args[2]));
}

/* The task is over. */
static enum pmadc_status finish(struct pmadc *client, const struct pmadc_frame *frame,
                                struct pmadc_result *result)
{
    memcpy(result->handle, frame->pending->handle, sizeof result->handle);
    result->data = frame->body.bytes;
    result->size = frame->body.size;
    pmadc_forget(client, frame->pending);
    if (frame->head.type == GM_WORK_COMPLETE)
        return PMADC_OK;
    if (frame->head.type == GM_WORK_EXCEPTION)
        return pmadc_fail(
            client, PMADC_FAILED, "the worker threw an exception: %.*s",
            (int)(frame->body.size < PMADC_ERROR_SIZE ? frame->body.size : PMADC_ERROR_SIZE),
            (const char *)frame->body.bytes);
    return pmadc_fail(client, PMADC_FAILED, "the worker failed");
}

/* Waits for the end of one task, or of any. */
static enum pmadc_status await_end(struct pmadc *client, struct pmadc_pending *only,
                                   const struct pmadc_events *events, int64_t deadline,
                                   struct pmadc_result *result)
{
    for (;;) {
        struct pmadc_frame frame;
        enum pmadc_status status =
            pmadc_next(client, PMADC_NEWS, only, deadline, &client->result, &frame);

        if (status != PMADC_OK)
            return status;
        if (pmadc_is_last(frame.head.type))
            return finish(client, &frame, result);
        memcpy(result->handle, frame.pending->handle, sizeof result->handle);
        tell(events, &frame);
    }
}

enum pmadc_status pmadc_run(struct pmadc *client, const struct pmadc_task *task,
                            const struct pmadc_events *events, int timeout_ms,
                            struct pmadc_result *result)
{
    int64_t deadline = pmadc_deadline(timeout_ms);
    struct pmadc_frame answer;
    struct pmadc_pending *running;
    enum pmadc_status status = submit(client, task, true, deadline, &answer);

    *result = (struct pmadc_result){.data = NULL};
    if (status != PMADC_OK)
        return status;
    running = answer.pending;
    memcpy(result->handle, running->handle, sizeof result->handle);
    status = await_end(client, running, events, deadline, result);
    if (status != PMADC_OK && status != PMADC_FAILED)
        running->abandoned = true;
    return status;
}

static bool has_tasks(const struct pmadc *client)
{
    const struct pmadc_pending *task;

    TAILQ_FOREACH (task, &client->tasks, entry) {
        if (!task->abandoned)
            return true;
    }
    return false;
}

enum pmadc_status pmadc_wait(struct pmadc *client, const struct pmadc_events *events,
                             int timeout_ms, struct pmadc_result *result)
{
    enum pmadc_status status = pmadc_begin(client);

    *result = (struct pmadc_result){.data = NULL};
    if (status != PMADC_OK)
        return status;
    if (!has_tasks(client))
        return pmadc_fail(client, PMADC_INVALID, "no task of this connection is unfinished");
    return await_end(client, NULL, events, pmadc_deadline(timeout_ms), result);
}

/* ---- small questions ---- */

/* Asks by handle or by unique id. The answer begins with what was asked for. */
static enum pmadc_status ask_progress(struct pmadc *client, enum gm_type type, enum gm_type reply,
                                      const char *text, int timeout_ms,
                                      struct pmadc_progress *progress)
{
    struct gm_slice name = gm_text(text);
    const struct gm_slice *args;
    struct pmadc_frame answer;
    enum pmadc_status status =
        pmadc_ask(client, type, &name, nothing, pmadc_question(client, reply, false),
                  pmadc_deadline(timeout_ms), &answer);

    if (status != PMADC_OK)
        return status;
    free(answer.pending);
    args = answer.head.args;
    *progress = (struct pmadc_progress){
        .known = pmadc_number(args[1]) != 0,
        .running = pmadc_number(args[2]) != 0,
        .numerator = pmadc_number(args[3]),
        .denominator = pmadc_number(args[4]),
        .clients = reply == GM_STATUS_RES_UNIQUE ? pmadc_number(args[5]) : 0,
    };
    return PMADC_OK;
}

enum pmadc_status pmadc_task_status(struct pmadc *client, const char *handle, int timeout_ms,
                                    struct pmadc_progress *progress)
{
    size_t size = strlen(handle);
    enum pmadc_status status = pmadc_begin(client);

    if (status != PMADC_OK)
        return status;
    if (size == 0 || size > GM_HANDLE_MAX)
        return pmadc_fail(client, PMADC_INVALID, "a handle has 1 to %d bytes, not %zu",
                          GM_HANDLE_MAX, size);
    return ask_progress(client, GM_GET_STATUS, GM_STATUS_RES, handle, timeout_ms, progress);
}

enum pmadc_status pmadc_unique_status(struct pmadc *client, const char *unique, int timeout_ms,
                                      struct pmadc_progress *progress)
{
    size_t size = strlen(unique);
    enum pmadc_status status = pmadc_begin(client);

    if (status != PMADC_OK)
        return status;
    if (size == 0 || size > GM_UNIQUE_MAX)
        return pmadc_fail(client, PMADC_INVALID, "a unique id has 1 to %d bytes here, not %zu",
                          GM_UNIQUE_MAX, size);
    return ask_progress(client, GM_GET_STATUS_UNIQUE, GM_STATUS_RES_UNIQUE, unique, timeout_ms,
                        progress);
}

enum pmadc_status pmadc_ping(struct pmadc *client, int timeout_ms)
{
    struct gm_slice body = {(const uint8_t *)&client->pings, sizeof client->pings};
    struct pmadc_frame answer;
    enum pmadc_status status = pmadc_begin(client);

    if (status != PMADC_OK)
        return status;
    client->pings++;
    status = pmadc_ask(client, GM_ECHO_REQ, NULL, body, pmadc_question(client, GM_ECHO_RES, false),
                       pmadc_deadline(timeout_ms), &answer);
    if (status != PMADC_OK)
        return status;
    free(answer.pending);
    if (!gm_slice_equal(answer.body, body))
        return pmadc_die(client, PMADC_PROTOCOL, "the daemon sent an echo of something else");
    return PMADC_OK;
}
