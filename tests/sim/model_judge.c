/* What the core must say, and to whom, when it has judged a request of a worker, or a question. */
#include <stdio.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

/* ---- what is told of a job ---- */

static void told_add(struct job *job, uint32_t type, const struct bytes *data)
{
    struct told **at = &job->told;

    while (*at != NULL)
        at = &(*at)->next;
    *at = heap_take(sizeof **at);
    (*at)->type = type;
    if (data != NULL)
        bytes_add(&(*at)->rest, data->at, data->size);
}

static struct expected *forward(struct actor *to, uint32_t type, struct job *job,
                                const struct bytes *data)
{
    struct expected *expected = expect(to, type, job);

    if (data->size == 0)
        bytes_add(&expected->rest, "", 1);
    bytes_add(&expected->rest, data->at, data->size);
    return expected;
}

/* Who began to wait while the frame was on its way may hear it or not. */
static void tell_event(struct model *model, const struct request *request)
{
    struct job *job = request->job;

    if (model->strictness == MODEL_LEDGER) {
        told_add(job, request->type, &request->data);
        return;
    }
    for (struct listener *at = job->listeners; at != NULL; at = at->next) {
        struct expected *expected = forward(at->actor, request->type, job, &request->data);

        expected->listener = at->since;
        expected->maybe = at->since > request->begun_at;
    }
}

void tell_end(struct model *model, struct job *job, uint32_t type, const struct bytes *data)
{
    job_become(model, job, JOB_ENDED);
    if (type == GM_WORK_COMPLETE)
        model->counts.completed++;
    else
        model->counts.failed++;
    if (model->strictness == MODEL_LEDGER) {
        told_add(job, type, data);
        return;
    }
    for (struct listener *at = job->listeners; at != NULL; at = at->next) {
        if (type == GM_WORK_FAIL || (type == GM_WORK_EXCEPTION && !at->actor->exceptions))
            (void)expect(at->actor, GM_WORK_FAIL, job);
        else
            (void)forward(at->actor, type, job, data);
    }
    listeners_free(job);
}

/* ---- results ---- */

/* Has he got it, and knows so? A ledger learns both at once. */
static bool is_held_by(const struct model *model, const struct job *job, const struct actor *actor)
{
    return job->holder == actor && (job->is_known || model->strictness == MODEL_LEDGER);
}

/* Returns true if the actor does not hold the job. In a ledger a loose one may not be in his hand any
 * more, or be in it again: that is an ERROR, or not. */
static bool begin_work(struct model *model, struct actor *actor, uint32_t type,
                       const struct job *job)
{
    bool excused = type == GM_WORK_FAIL && actor->excused == job;
    bool held = is_held_by(model, job, actor);

    if (excused && !held)
        actor->excused = NULL;
    if (job->loose || !(held || excused))
        expect_error(actor, "JOB_NOT_FOUND|")->maybe = held || excused || job->loose;
    if (!held && !excused && is_last(type))
        model_answered_late(model, actor);
    return !held;
}

static void supersede(struct job *job)
{
    for (struct listener *listener = job->listeners; listener != NULL; listener = listener->next)
        for (struct expected *at = listener->actor->expected; at != NULL; at = at->next)
            if (at->job == job && at->type == GM_WORK_STATUS)
                at->superseded = true;
}

static void progress(struct model *model, const struct request *request)
{
    struct job *job = request->job;

    bytes_free(&job->progress);
    bytes_add(&job->progress, request->data.at, request->data.size);
    if (job->state == JOB_CANCELLED)
        return;
    supersede(job);
    tell_event(model, request);
}

static void work(struct model *model, struct actor *actor, const struct request *request)
{
    struct job *job = request->job;
    bool unheard = job->state == JOB_CANCELLED;

    if (!is_held_by(model, job, actor)) {
        /* His time was over while the rest of it came. */
        expect_error(actor, "JOB_NOT_FOUND|")->maybe = job->loose;
        if (is_last(request->type))
            model_answered_late(model, actor);
        return;
    }
    if (request->type == GM_WORK_EXCEPTION)
        actor->excused = job;
    if (job->loose && job->given_at > request->begun_at && is_last(request->type)) {
        /* It was taken from him before he began to say so, and given to him again since, or it was not. */
        told_add(job, request->type, &request->data);
        return;
    }
    if (request->type == GM_WORK_STATUS) {
        progress(model, request);
    } else if (!is_last(request->type)) {
        if (!unheard)
            tell_event(model, request);
    } else if (unheard) {
        job_become(model, job, JOB_ENDED);
        job_let_go(model, job);
    } else if (request->type == GM_WORK_FAIL && model->rules[job->function].retry_on_fail) {
        job_lose_worker(model, job, "said WORK_FAIL");
    } else {
        tell_end(model, job, request->type, &request->data);
        job_let_go(model, job);
    }
}

/* Ledger: an assignment, or NO_JOB. Who has credit may get others before, and nobody can tell which of
 * them is the answer. */
static void expect_any_job(struct actor *actor, uint32_t type)
{
    struct expected *expected =
        expect(actor, type == GM_GRAB_JOB_ALL ? GM_JOB_ASSIGN_ALL : GM_JOB_ASSIGN_UNIQ, NULL);

    expected->open = true;
    expected->maybe = actor->pushed;
    actor->grabs += actor->pushed;
    actor->sleep = ACTOR_AWAKE;
}

static void grab(struct model *model, struct actor *actor, uint32_t type)
{
    struct job *job;

    if (model->strictness == MODEL_LEDGER) {
        expect_any_job(actor, type);
        return;
    }
    job = next_for(model, actor);
    if (job == NULL) {
        (void)expect(actor, GM_NO_JOB, NULL);
    } else {
        uint32_t assign = assignment_type(type, job);

        job_assign(model, actor, job);
        expect(actor, assign, job)->rest = assignment_of(job, assign);
    }
    model_wakes_up(model, actor);
}

/* ---- questions ---- */

/* Known, running, progress: what a status says behind the name; an unknown job is NULL. */
static void add_status(struct bytes *rest, const struct job *job)
{
    bool running = job != NULL && job->state == JOB_HELD;

    bytes_add(rest, job != NULL ? "\0001" : "\0000", 2);
    bytes_add(rest, running ? "\0001" : "\0000", 2);
    if (running && job->progress.size > 0)
        bytes_add(rest, job->progress.at, job->progress.size);
    else
        bytes_add(rest, "\0000\0000", 4);
}

/* May he who asks know of it? */
static bool is_shown(const struct model *model, const struct actor *actor, const struct job *job)
{
    return model_may_to(model, actor, RIGHT_SUBMIT, job->function);
}

static void get_status(const struct model *model, struct actor *actor, struct job *job)
{
    struct expected *expected = expect(actor, GM_STATUS_RES, job);

    expected->prefix = model->strictness == MODEL_LEDGER;
    if (model->strictness == MODEL_EXACT)
        add_status(&expected->rest, is_joinable(job) && is_shown(model, actor, job) ? job : NULL);
}

/* Of all that have this unique id the one that was submitted last, or NULL. */
static const struct job *job_unique(const struct model *model, const char *unique)
{
    const struct job *last = NULL;

    if (unique[0] == 0 || strcmp(unique, "-") == 0)
        return NULL;
    for (const struct job *job = model->jobs; job != NULL; job = job->next)
        if (is_joinable(job) && strcmp(job->unique, unique) == 0 &&
            (last == NULL || job->admitted > last->admitted))
            last = job;
    return last;
}

static void get_status_unique(const struct model *model, struct actor *actor,
                              const struct bytes *asked)
{
    struct expected *expected = expect(actor, GM_STATUS_RES_UNIQUE, NULL);
    char unique[UNIQUE_MAX + 2] = "";
    const struct job *job;
    char clients[24];
    size_t count = 0;
    int length;

    if (asked->size > 0)
        memcpy(unique, asked->at, asked->size);
    bytes_add(&expected->rest, unique, strlen(unique));
    expected->prefix = model->strictness == MODEL_LEDGER;
    if (expected->prefix)
        return;
    job = job_unique(model, unique);
    if (job != NULL && !is_shown(model, actor, job))
        job = NULL;
    add_status(&expected->rest, job);
    if (job != NULL)
        for (const struct listener *at = job->listeners; at != NULL; at = at->next)
            count++;
    length = snprintf(clients, sizeof clients, "|%zu", count);
    clients[0] = 0;
    bytes_add(&expected->rest, clients, (size_t)length);
}

static void echo(struct actor *actor, const struct request *request, bool open)
{
    struct expected *expected = expect(actor, GM_ECHO_RES, NULL);

    expected->open = open;
    bytes_add(&expected->rest, request->data.at, request->data.size);
}

static void option(struct model *model, struct actor *actor, const struct request *request)
{
    static const char exceptions[] = "exceptions";
    const struct bytes *name = &request->data;

    if (request->is_credit) {
        bytes_add(&expect(actor, GM_OPTION_RES, NULL)->rest, name->at, name->size);
        model_set_credit(model, actor, request->credit);
        return;
    }
    if (name->size != sizeof exceptions - 1 || memcmp(name->at, exceptions, name->size) != 0) {
        (void)expect_error(actor, "UNKNOWN_OPTION|");
        return;
    }
    actor->exceptions = true;
    (void)expect_text(actor, GM_OPTION_RES, NULL, exceptions);
}

/* ---- a request ---- */

void model_begun(struct model *model, struct actor *actor, struct request *request)
{
    request->begun = true;
    request->begun_at = ++model->ticks;
    if (request->refusal != NULL) {
        (void)expect_error(actor, request->refusal);
        request->refused = true;
    } else if (!is_allowed(model, actor, request)) {
        (void)expect_error(actor, "ACCESS_DENIED|");
        model->counts.denied++;
        request->refused = true;
        if (model_is_submission(request->type))
            job_become(model, request->job, JOB_REFUSED);
    } else if (model_is_submission(request->type)) {
        request->refused = submission_begun(model, actor, request->job);
    } else if (is_event(request->type)) {
        request->refused = begin_work(model, actor, request->type, request->job);
    } else if (request->type == GM_ECHO_REQ && model->strictness == MODEL_LEDGER) {
        echo(actor, request, true);
    }
    model_match(model);
}

/* Of what a worker said, and of what was cancelled, some may have been done. */
void model_doubted(struct model *model, struct actor *actor, struct request *request)
{
    struct job *job = request->job;

    if (!request->begun)
        model_begun(model, actor, request);
    if (request->refused || job == NULL || model_is_submission(request->type))
        return;
    job->loose = job->mortal = true;
    if (is_event(request->type))
        told_add(job, request->type, &request->data);
}

/* Where allocations fail, one may be refused. */
static void expect_refused_ability(struct actor *actor, unsigned function)
{
    struct expected *expected = expect(actor, GM_CAN_DO, NULL);

    expected->maybe = true;
    expected->function = function;
}

void model_judged(struct model *model, struct actor *actor, const struct request *request)
{
    switch (request->type) {
    case 0:
        line_judged(model, actor, request);
        break;
    case GM_CAN_DO:
    case GM_CAN_DO_TIMEOUT:
        if (model->scarce)
            expect_refused_ability(actor, request->function);
        model_can_do(model, actor, request->function, request->limit_us);
        break;
    case GM_CANT_DO:
        model_cannot_do(model, actor, request->function);
        break;
    case GM_RESET_ABILITIES:
        while (actor->able_count > 0)
            model_cannot_do(model, actor, actor->able[0].function);
        break;
    case GM_PRE_SLEEP:
        model_falls_asleep(model, actor);
        break;
    case GM_GRAB_JOB:
    case GM_GRAB_JOB_UNIQ:
    case GM_GRAB_JOB_ALL:
        grab(model, actor, request->type);
        break;
    case GM_GET_STATUS:
        get_status(model, actor, request->job);
        break;
    case GM_GET_STATUS_UNIQUE:
        get_status_unique(model, actor, &request->data);
        break;
    case GM_ECHO_REQ:
        if (model->strictness == MODEL_EXACT)
            echo(actor, request, false);
        break;
    case GM_OPTION_REQ:
        option(model, actor, request);
        break;
    case GM_SET_CLIENT_ID:
        break;
    default:
        if (model_is_submission(request->type))
            submission_judged(model, actor, request->job);
        else
            work(model, actor, request);
        break;
    }
    model_match(model);
}
