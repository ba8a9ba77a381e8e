#include <stdlib.h>
#include <string.h>

#include "pmadc_internal.h"

bool pmadc_copy_text(char *into, size_t room, struct gm_slice from)
{
    if (from.size >= room)
        return false;
    if (from.size > 0)
        memcpy(into, from.bytes, from.size);
    into[from.size] = '\0';
    return true;
}

uint64_t pmadc_number(struct gm_slice text)
{
    uint64_t number = 0;

    for (size_t i = 0; i < text.size && text.bytes[i] >= '0' && text.bytes[i] <= '9'; i++)
        number = number * 10 + (uint64_t)(text.bytes[i] - '0');
    return number;
}

/* Says which kind of call wants a frame; false for a packet that no server sends to us. */
static bool classify(enum gm_type type, enum pmadc_class *class)
{
    /* Only what a daemon may send to a client of this library: gm_packet.h has far more. */
    static const struct {
        enum gm_type type;
        enum pmadc_class class;
    } known[] = {
        {GM_NOOP, PMADC_WORKER},           {GM_NO_JOB, PMADC_WORKER},
        {GM_JOB_ASSIGN, PMADC_WORKER},     {GM_JOB_ASSIGN_UNIQ, PMADC_WORKER},
        {GM_JOB_ASSIGN_ALL, PMADC_WORKER}, {GM_WORK_STATUS, PMADC_NEWS},
        {GM_WORK_DATA, PMADC_NEWS},        {GM_WORK_WARNING, PMADC_NEWS},
        {GM_WORK_COMPLETE, PMADC_NEWS},    {GM_WORK_FAIL, PMADC_NEWS},
        {GM_WORK_EXCEPTION, PMADC_NEWS},   {GM_JOB_CREATED, PMADC_ANSWER},
        {GM_STATUS_RES, PMADC_ANSWER},     {GM_STATUS_RES_UNIQUE, PMADC_ANSWER},
        {GM_ECHO_RES, PMADC_ANSWER},       {GM_OPTION_RES, PMADC_ANSWER},
        {GM_ERROR, PMADC_ANSWER},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].type == type) {
            *class = known[i].class;
            return true;
        }
    }
    return false;
}

/* ---- questions ---- */

struct pmadc_pending *pmadc_question(struct pmadc *client, enum gm_type answer, bool foreground)
{
    struct pmadc_pending *question = calloc(1, sizeof *question);

    if (question == NULL) {
        (void)pmadc_fail(client, PMADC_MEMORY, "out of memory for a request");
        return NULL;
    }
    question->answer = answer;
    question->foreground = foreground;
    TAILQ_INSERT_TAIL(&client->questions, question, entry);
    return question;
}

/* The task of a handle that has heard least so far: submissions with one unique id share a handle,
 * and each gets its own copy of every frame. */
static struct pmadc_pending *task_of(struct pmadc *client, struct gm_slice handle)
{
    struct pmadc_pending *found = NULL;
    struct pmadc_pending *task;

    TAILQ_FOREACH (task, &client->tasks, entry) {
        if (!task->ended && gm_slice_equal(gm_text(task->handle), handle) &&
            (found == NULL || task->news < found->news))
            found = task;
    }
    return found;
}

/* The daemon accepted a foreground submission. It hears nothing of what its fellows under the same
 * handle have heard already. */
static void become_task(struct pmadc *client, struct pmadc_pending *task, struct gm_slice handle)
{
    struct pmadc_pending *fellow = task_of(client, handle);

    (void)pmadc_copy_text(task->handle, sizeof task->handle, handle);
    task->news = fellow != NULL ? fellow->news : 0;
    TAILQ_INSERT_TAIL(&client->tasks, task, entry);
}

void pmadc_forget(struct pmadc *client, struct pmadc_pending *task)
{
    TAILQ_REMOVE(&client->tasks, task, entry);
    free(task);
}

/* Takes the oldest question for answered. Its asker, if he still waits, gets it in `frame`. */
static enum pmadc_status settle(struct pmadc *client, struct pmadc_frame *frame)
{
    const struct gm_head *head = &frame->head;
    struct pmadc_pending *question = TAILQ_FIRST(&client->questions);
    bool abandoned = question != NULL && question->abandoned;

    frame->pending = NULL;
    /* An objection to something else that was said before; the answer is still to come. */
    if (head->type == GM_ERROR && question != NULL && question->about_credit &&
        !pmadc_refuses_credit(head->args[0])) {
        question->abandoned = true;
        return pmadc_refuse(client, head->args[0], head->args[1]);
    }
    if (question != NULL)
        TAILQ_REMOVE(&client->questions, question, entry);
    if (head->type == GM_ERROR) {
        free(question);
        return abandoned ? PMADC_OK : pmadc_refuse(client, head->args[0], head->args[1]);
    }
    if (question == NULL || question->answer != (enum gm_type)head->type) {
        free(question);
        return pmadc_die(client, PMADC_PROTOCOL, "the daemon sent an unexpected %s",
                         gm_packet_name(head->type));
    }
    if (head->type == GM_JOB_CREATED &&
        (head->args[0].size == 0 || head->args[0].size > GM_HANDLE_MAX)) {
        free(question);
        return pmadc_die(client, PMADC_PROTOCOL, "the daemon sent a handle of %zu bytes",
                         head->args[0].size);
    }
    if (question->about_credit && !pmadc_credit_granted(client, question, head->args[0])) {
        free(question);
        return pmadc_die(client, PMADC_PROTOCOL, "the daemon granted a credit nobody asked for");
    }
    if (question->foreground)
        become_task(client, question, head->args[0]);
    else if (abandoned)
        free(question);
    frame->pending = abandoned ? NULL : question;
    return PMADC_OK;
}

/* ---- frames ---- */

bool pmadc_is_last(uint32_t type)
{
    return type == GM_WORK_COMPLETE || type == GM_WORK_FAIL || type == GM_WORK_EXCEPTION;
}

/* Finds out which task is meant; `frame->pending` is NULL if nobody wants to hear of it. */
static void find_task(struct pmadc *client, struct pmadc_frame *frame)
{
    struct pmadc_pending *task = task_of(client, frame->head.args[0]);

    frame->pending = NULL;
    if (task == NULL)
        return;
    task->news++;
    task->ended = pmadc_is_last(frame->head.type);
    if (!task->abandoned)
        frame->pending = task;
    else if (task->ended)
        pmadc_forget(client, task);
}

/* Says what a frame is and whom it concerns. Nobody's frames come out as answers to NULL. */
static enum pmadc_status route(struct pmadc *client, struct pmadc_frame *frame)
{
    const struct gm_head *head = &frame->head;

    if (!classify((enum gm_type)head->type, &frame->class))
        return pmadc_die(client, PMADC_PROTOCOL, "the daemon sent an unexpected packet %u (%s)",
                         head->type, gm_packet_name(head->type));
    frame->pending = NULL;
    switch (frame->class) {
    case PMADC_ANSWER:
        /* This one is never about a question: a task in our hands was taken away meanwhile. */
        if (head->type == GM_ERROR && gm_slice_equal(head->args[0], gm_text("JOB_NOT_FOUND")))
            return PMADC_OK;
        return settle(client, frame);
    case PMADC_NEWS:
        find_task(client, frame);
        return PMADC_OK;
    case PMADC_WORKER:
        return head->type == GM_NOOP || head->type == GM_NO_JOB ? PMADC_OK
                                                                : pmadc_task_came(client);
    }
    return PMADC_OK;
}

static bool is_wanted(enum pmadc_class class, const struct pmadc_pending *pending,
                      enum pmadc_class wanted, const struct pmadc_pending *only)
{
    if (class != wanted || (only != NULL && pending != only))
        return false;
    return class == PMADC_WORKER || pending != NULL;
}

static enum pmadc_status keep(struct pmadc *client, const struct pmadc_frame *frame)
{
    struct pmadc_kept *kept = malloc(sizeof *kept + frame->whole.size);

    if (kept == NULL)
        return pmadc_fail(client, PMADC_MEMORY, "out of memory for a frame of %zu bytes",
                          frame->whole.size);
    kept->class = frame->class;
    kept->pending = frame->pending;
    kept->size = frame->whole.size;
    memcpy(kept->bytes, frame->whole.bytes, kept->size);
    TAILQ_INSERT_TAIL(&client->kept, kept, entry);
    return PMADC_OK;
}

/* Puts a kept frame into `hold` and lets go of its first copy. */
static enum pmadc_status take_kept(struct pmadc *client, struct pmadc_kept *kept,
                                   struct pmadc_buffer *hold, struct pmadc_frame *frame)
{
    enum pmadc_status status;

    frame->class = kept->class;
    frame->pending = kept->pending;
    frame->whole = (struct gm_slice){kept->bytes, kept->size};
    status = pmadc_hold_copy(client, hold, frame);
    if (status == PMADC_OK) {
        TAILQ_REMOVE(&client->kept, kept, entry);
        free(kept);
    }
    return status;
}

enum pmadc_status pmadc_next(struct pmadc *client, enum pmadc_class wanted,
                             struct pmadc_pending *only, int64_t deadline,
                             struct pmadc_buffer *hold, struct pmadc_frame *frame)
{
    struct pmadc_kept *kept;
    enum pmadc_status status;
    bool found;

    TAILQ_FOREACH (kept, &client->kept, entry) {
        if (is_wanted(kept->class, kept->pending, wanted, only))
            return take_kept(client, kept, hold, frame);
    }
    for (;;) {
        status = pmadc_receive(client, deadline, frame);
        if (status == PMADC_OK)
            status = route(client, frame);
        if (status != PMADC_OK)
            return status;
        found = is_wanted(frame->class, frame->pending, wanted, only);
        if (found && hold != NULL)
            status = pmadc_hold(client, hold, frame);
        else if (!found && (frame->class == PMADC_WORKER || frame->pending != NULL))
            status = keep(client, frame);
        if (status == PMADC_MEMORY && frame->class == PMADC_WORKER)
            client->dead = true; /* nobody would ever answer that task */
        if (found || status != PMADC_OK)
            return status;
    }
}
