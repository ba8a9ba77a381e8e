#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pmadc_internal.h"

static const struct gm_slice nothing = {NULL, 0};

/* What a worker says is written without a limit of time: where clients are slow to take results,
 * the daemon lets workers wait. */
static const int64_t no_deadline = INT64_MAX;

/* ---- registering ---- */

static struct pmadc_registration *registration_of(struct pmadc *client, struct gm_slice name)
{
    struct pmadc_registration *found;

    SLIST_FOREACH(found, &client->registrations, entry)
    {
        if (gm_slice_equal(gm_text(found->name), name))
            return found;
    }
    return NULL;
}

/* Finds or makes the entry of a name; what pmadc_stop() wakes a worker by comes with the first. */
static struct pmadc_registration *registration_make(struct pmadc *client, struct gm_slice name)
{
    struct pmadc_registration *made = registration_of(client, name);

    if (made != NULL)
        return made;
    if (client->wake_fd < 0)
        client->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (client->wake_fd < 0) {
        (void)pmadc_fail(client, PMADC_MEMORY, "no event descriptor: %s", strerror(errno));
        return NULL;
    }
    made = calloc(1, sizeof *made);
    if (made == NULL) {
        (void)pmadc_fail(client, PMADC_MEMORY, "out of memory for a registration");
        return NULL;
    }
    (void)pmadc_copy_text(made->name, sizeof made->name, name);
    SLIST_INSERT_HEAD(&client->registrations, made, entry);
    return made;
}

static enum pmadc_status check_name(struct pmadc *client, struct gm_slice name)
{
    if (name.size == 0 || name.size > PMADC_NAME_MAX)
        return pmadc_fail(client, PMADC_INVALID, "a function's name has 1 to %d bytes, not %zu",
                          PMADC_NAME_MAX, name.size);
    return PMADC_OK;
}

enum pmadc_status pmadc_can_do(struct pmadc *client, const char *name, pmadc_function *function,
                               void *arg)
{
    struct gm_slice slice = gm_text(name);
    struct pmadc_registration *registration;
    enum pmadc_status status = pmadc_begin(client);

    if (status == PMADC_OK)
        status = check_name(client, slice);
    if (status != PMADC_OK)
        return status;
    registration = registration_make(client, slice);
    if (registration == NULL)
        return PMADC_MEMORY;
    registration->function = function;
    registration->arg = arg;
    /* Tasks of this function may be waiting, and a sleeper need not be told of them. */
    if (client->round == PMADC_ASLEEP)
        client->round = PMADC_AWAKE;
    return pmadc_send(client, GM_CAN_DO, &slice, nothing, no_deadline);
}

/* The entry stays: a task of this name may be on its way already. */
enum pmadc_status pmadc_cant_do(struct pmadc *client, const char *name)
{
    struct gm_slice slice = gm_text(name);
    enum pmadc_status status = pmadc_begin(client);

    if (status == PMADC_OK)
        status = check_name(client, slice);
    if (status != PMADC_OK)
        return status;
    return pmadc_send(client, GM_CANT_DO, &slice, nothing, no_deadline);
}

static bool is_one_word(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at > ' ' && *at != 0x7f)
        at++;
    return *at == '\0' && text[0] != '\0' && strlen(text) <= GM_UNIQUE_MAX;
}

enum pmadc_status pmadc_set_id(struct pmadc *client, const char *id)
{
    struct gm_slice slice = gm_text(id);
    enum pmadc_status status = pmadc_begin(client);

    if (status != PMADC_OK)
        return status;
    if (!is_one_word(id))
        return pmadc_fail(client, PMADC_INVALID, "an id is one word of at most %d bytes",
                          GM_UNIQUE_MAX);
    return pmadc_send(client, GM_SET_CLIENT_ID, &slice, nothing, no_deadline);
}

/* ---- from inside a function ---- */

static enum pmadc_status say(const struct pmadc_job *job, enum gm_type type, const void *data,
                             size_t size)
{
    struct gm_slice handle = gm_text(job->handle);
    enum pmadc_status status = pmadc_begin(job->client);

    if (status != PMADC_OK)
        return status;
    return pmadc_send(job->client, type, &handle, (struct gm_slice){data, size}, no_deadline);
}

enum pmadc_status pmadc_job_data(const struct pmadc_job *job, const void *data, size_t size)
{
    return say(job, GM_WORK_DATA, data, size);
}

enum pmadc_status pmadc_job_warning(const struct pmadc_job *job, const void *data, size_t size)
{
    return say(job, GM_WORK_WARNING, data, size);
}

enum pmadc_status pmadc_job_status(const struct pmadc_job *job, uint64_t numerator,
                                   uint64_t denominator)
{
    enum pmadc_status status = pmadc_begin(job->client);
    char numbers[2][24];

    if (status != PMADC_OK)
        return status;
    (void)snprintf(numbers[0], sizeof numbers[0], "%llu", (unsigned long long)numerator);
    (void)snprintf(numbers[1], sizeof numbers[1], "%llu", (unsigned long long)denominator);
    return pmadc_send(
        job->client, GM_WORK_STATUS,
        (struct gm_slice[]){gm_text(job->handle), gm_text(numbers[0]), gm_text(numbers[1])},
        nothing, no_deadline);
}

/* ---- doing a task ---- */

/* Sends the result, and in the same write the request for the next task if `ask_more`. */
static enum pmadc_status answer(const struct pmadc_job *job, bool done, struct gm_slice result,
                                bool ask_more)
{
    struct pmadc *client = job->client;
    struct gm_slice handle = gm_text(job->handle);
    uint8_t head[PMADC_HEAD_MAX];
    uint8_t grab[PMADC_HEAD_MAX];
    struct iovec pieces[3];
    size_t count = 0;
    enum pmadc_status status;

    if (done) {
        status = pmadc_head(client, &pieces[count++], head, GM_WORK_COMPLETE, &handle, result.size);
        /* An iovec has no const; nothing is written through it. */
        memcpy(&pieces[count].iov_base, &result.bytes, sizeof result.bytes);
        pieces[count++].iov_len = result.size;
    } else {
        status = pmadc_head(client, &pieces[count++], head, GM_WORK_FAIL, &handle, 0);
    }
    if (status == PMADC_OK && ask_more)
        status = pmadc_head(client, &pieces[count++], grab, GM_GRAB_JOB_UNIQ, NULL, 0);
    if (status == PMADC_OK)
        status = pmadc_write(client, pieces, count, no_deadline);
    if (status == PMADC_OK && ask_more)
        client->round = PMADC_ASKED;
    return status;
}

/* True when no task is in hand and none can come unasked. */
static bool is_free(const struct pmadc *client)
{
    return client->granted == 0 && client->in_hand == 0;
}

/* A worker that wants no credit asks. What was sent unasked is done first: who asks has nothing in
 * hand, so the next task is the answer. */
static bool must_ask(const struct pmadc *client)
{
    return client->credits == 0 && is_free(client);
}

/* Arguments that data follows have their NUL behind them on the wire, so they are C strings. */
static void job_of(struct pmadc_job *job, struct pmadc *client, const struct pmadc_frame *frame)
{
    const struct gm_slice *args = frame->head.args;

    *job = (struct pmadc_job){
        .client = client,
        .handle = (const char *)args[0].bytes,
        .function = (const char *)args[1].bytes,
        .unique = frame->head.arg_count > 2 ? (const char *)args[2].bytes : "",
        .data = frame->body.bytes,
        .size = frame->body.size,
    };
}

static enum pmadc_status do_job(struct pmadc *client, const struct pmadc_frame *frame,
                                bool ask_more)
{
    const struct gm_slice *args = frame->head.args;
    const struct pmadc_registration *registration = registration_of(client, args[1]);
    const void *data = NULL;
    size_t size = 0;
    struct pmadc_job job;
    enum pmadc_status status;
    bool done;

    if (args[0].size == 0 || args[0].size > GM_HANDLE_MAX)
        return pmadc_die(client, PMADC_PROTOCOL, "the daemon sent a handle of %zu bytes",
                         args[0].size);
    if (registration == NULL)
        return pmadc_die(client, PMADC_PROTOCOL, "the daemon sent a task of the function %.*s",
                         (int)args[1].size, (const char *)args[1].bytes);
    job_of(&job, client, frame);
    done = registration->function(registration->arg, &job, &data, &size);
    /* With the answer this task's credit would bring another. */
    if (!client->dead && atomic_load(&client->stop))
        (void)pmadc_retire(client);
    if (client->dead)
        return PMADC_LOST;
    client->in_hand--;
    ask_more = ask_more && must_ask(client) && !atomic_load(&client->stop);
    status = answer(&job, done, (struct gm_slice){data, size}, ask_more);
    if (status == PMADC_INVALID)
        (void)answer(&job, false, nothing, ask_more);
    return status;
}

/* ---- the round ---- */

static enum pmadc_status go(struct pmadc *client, enum gm_type type, enum pmadc_round round,
                            int64_t deadline)
{
    enum pmadc_status status = pmadc_send(client, type, NULL, nothing, deadline);

    if (status == PMADC_OK)
        client->round = round;
    return status;
}

/* Waits for the next frame that a worker is sent. */
static enum pmadc_status listen_for_work(struct pmadc *client, int64_t deadline,
                                         struct pmadc_frame *frame)
{
    enum pmadc_status status;

    client->stoppable = true;
    status = pmadc_next(client, PMADC_WORKER, NULL, deadline, &client->job, frame);
    client->stoppable = false;
    return status;
}

/* Sees to it that a task can come, unless one is in hand: it is sent by credit, or asked for. Who
 * is to stop gives his credit back. */
static enum pmadc_status call_for_work(struct pmadc *client, int64_t deadline)
{
    enum pmadc_status status = atomic_load(&client->stop)
                                   ? pmadc_retire(client)
                                   : pmadc_agree(client, client->credits, deadline);

    if (status == PMADC_OK && client->round == PMADC_AWAKE && must_ask(client))
        status = go(client, GM_GRAB_JOB_UNIQ, PMADC_ASKED, deadline);
    return status;
}

/* Waits until there is a task, by credit or by asking, sleeping and asking again; and does it. */
static enum pmadc_status work(struct pmadc *client, int64_t deadline, bool ask_more)
{
    for (;;) {
        struct pmadc_frame frame;
        enum pmadc_status status = call_for_work(client, deadline);

        if (status == PMADC_OK)
            status = listen_for_work(client, deadline, &frame);
        if (status == PMADC_STOPPED && client->granted > 0)
            continue; /* the credit goes back first */
        if (status != PMADC_OK)
            return status;
        if (frame.head.type == GM_NOOP) {
            if (client->round == PMADC_ASLEEP)
                client->round = PMADC_AWAKE;
        } else if (frame.head.type == GM_NO_JOB) {
            client->round = PMADC_AWAKE;
            if (must_ask(client))
                status = go(client, GM_PRE_SLEEP, PMADC_ASLEEP, deadline);
            if (status != PMADC_OK)
                return status;
        } else {
            client->round = PMADC_AWAKE;
            return do_job(client, &frame, ask_more);
        }
    }
}

/* What pmadc_stop() left behind is used up by the call that returns because of it. */
static enum pmadc_status stopped(struct pmadc *client)
{
    uint64_t count;

    atomic_store(&client->stop, false);
    if (client->wake_fd >= 0)
        (void)!read(client->wake_fd, &count, sizeof count);
    return pmadc_fail(client, PMADC_STOPPED, "told to stop");
}

static bool ended_by_stop(struct pmadc *client, enum pmadc_status status)
{
    return status == PMADC_STOPPED || (status == PMADC_TIMEOUT && atomic_load(&client->stop));
}

enum pmadc_status pmadc_work_once(struct pmadc *client, int timeout_ms)
{
    enum pmadc_status status = pmadc_begin(client);

    if (status == PMADC_OK)
        status = work(client, pmadc_deadline(timeout_ms), false);
    return ended_by_stop(client, status) ? stopped(client) : status;
}

enum pmadc_status pmadc_work(struct pmadc *client)
{
    enum pmadc_status status = pmadc_begin(client);

    while (status == PMADC_OK) {
        if (atomic_load(&client->stop) && client->round != PMADC_ASKED && is_free(client))
            return stopped(client);
        status = work(client, no_deadline, true);
    }
    return ended_by_stop(client, status) ? stopped(client) : status;
}

void pmadc_stop(struct pmadc *client)
{
    static const uint64_t one = 1;
    int kept = errno;

    atomic_store(&client->stop, true);
    if (client->wake_fd >= 0)
        (void)!write(client->wake_fd, &one, sizeof one);
    errno = kept;
}
