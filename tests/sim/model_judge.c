/* What the core must say, and to whom, when it has judged a request. */
#include <stdio.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

/* ---- work ---- */

static void cannot_do(struct actor *actor, unsigned function)
{
    size_t kept = 0;

    for (size_t i = 0; i < actor->able_count; i++)
        if (actor->able[i] != function)
            actor->able[kept++] = actor->able[i];
    actor->able_count = kept;
}

static void can_do(struct actor *actor, unsigned function)
{
    if (!is_able(actor, function))
        actor->able[actor->able_count++] = function;
}

static void expect_assignment(struct actor *actor, struct job *job, uint32_t type)
{
    struct expected *expected;
    char arguments[96];

    (void)snprintf(arguments, sizeof arguments, "|%s|", model_functions[job->function]);
    expect_text(actor, type, job, arguments);
    for (expected = actor->expected; expected->next != NULL; expected = expected->next)
        continue;
    if (type == GM_JOB_ASSIGN_UNIQ) {
        (void)snprintf(arguments, sizeof arguments, "s%u", job->serial);
        bytes_add(&expected->rest, arguments, strlen(arguments) + 1);
    }
    model_fill(&expected->rest, job->serial, job->size);
}

static void grab(struct model *model, struct actor *actor, uint32_t type)
{
    uint32_t assign = type == GM_GRAB_JOB ? GM_JOB_ASSIGN : GM_JOB_ASSIGN_UNIQ;
    struct job *job;

    actor->sleep = ACTOR_AWAKE;
    actor->noop_due = false;
    if (model->strictness == MODEL_LEDGER) {
        expect(actor, assign, NULL)->open = true;
        return;
    }
    job = next_for(model, actor);
    if (job == NULL) {
        (void)expect(actor, GM_NO_JOB, NULL);
        return;
    }
    job->state = JOB_HELD;
    job->holder = actor;
    job->taken = ++model->takings;
    expect_assignment(actor, job, assign);
}

/* ---- submitting ---- */

static bool is_submission(uint32_t type)
{
    switch (type) {
    case GM_SUBMIT_JOB:
    case GM_SUBMIT_JOB_HIGH:
    case GM_SUBMIT_JOB_LOW:
    case GM_SUBMIT_JOB_BG:
    case GM_SUBMIT_JOB_HIGH_BG:
    case GM_SUBMIT_JOB_LOW_BG:
        return true;
    default:
        return false;
    }
}

/* Returns true if it is refused: known in advance where memory is no question. */
static bool begin_submit(const struct model *model, struct actor *actor, struct job *job)
{
    const char *refusal = NULL;

    if (model->strictness == MODEL_LEDGER) {
        expect(actor, GM_JOB_CREATED, job)->open = true;
        return false;
    }
    if (model->draining)
        refusal = "QUEUE_ERROR|Job queue is full: limit=draining";
    else if (job->size > model->payload_max)
        refusal = "QUEUE_ERROR|Job queue is full: limit=payload";
    if (refusal == NULL)
        return false;
    expect_error(actor, refusal);
    job->state = JOB_REFUSED;
    job->owner = NULL;
    return true;
}

static void submit(struct model *model, struct actor *actor, struct job *job)
{
    if (model->strictness == MODEL_LEDGER)
        return;
    (void)expect(actor, GM_JOB_CREATED, job);
    job->state = JOB_QUEUED;
    job->place = ++model->places;
}

/* ---- results ---- */

static void forward(struct actor *to, uint32_t type, struct job *job, const struct bytes *data)
{
    struct expected *expected = expect(to, type, job);

    if (data->size == 0)
        bytes_add(&expected->rest, "", 1);
    bytes_add(&expected->rest, data->at, data->size);
}

static void progress(struct job *job, const struct bytes *data)
{
    bytes_free(&job->progress);
    bytes_add(&job->progress, data->at, data->size);
    if (job->owner == NULL)
        return;
    for (struct expected *at = job->owner->expected; at != NULL; at = at->next)
        if (at->job == job && at->type == GM_WORK_STATUS)
            at->superseded = true;
    forward(job->owner, GM_WORK_STATUS, job, data);
}

static void end(struct actor *actor, uint32_t type, struct job *job, const struct bytes *data)
{
    struct actor *owner = job->owner;

    job->state = JOB_ENDED;
    job->holder = NULL;
    job->owner = NULL;
    if (type == GM_WORK_EXCEPTION)
        actor->excused = job;
    if (owner == NULL)
        return;
    if (type == GM_WORK_FAIL || (type == GM_WORK_EXCEPTION && !owner->exceptions))
        (void)expect(owner, GM_WORK_FAIL, job);
    else
        forward(owner, type, job, data);
}

static bool is_work(uint32_t type)
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

/* Returns true if the actor does not hold the job. */
static bool begin_work(struct actor *actor, uint32_t type, const struct job *job)
{
    if (job->holder == actor)
        return false;
    if (type == GM_WORK_FAIL && actor->excused == job)
        actor->excused = NULL;
    else
        expect_error(actor, "JOB_NOT_FOUND|");
    return true;
}

static void work(struct actor *actor, const struct request *request)
{
    struct job *job = request->job;

    if (request->type == GM_WORK_STATUS)
        progress(job, &request->data);
    else if (request->type != GM_WORK_DATA && request->type != GM_WORK_WARNING)
        end(actor, request->type, job, &request->data);
    else if (job->owner != NULL)
        forward(job->owner, request->type, job, &request->data);
}

/* ---- questions ---- */

static void get_status(const struct model *model, struct actor *actor, struct job *job)
{
    struct expected *expected = expect(actor, GM_STATUS_RES, job);
    bool known = job->state == JOB_QUEUED || job->state == JOB_HELD;

    if (model->strictness == MODEL_LEDGER) {
        expected->prefix = true;
        return;
    }
    bytes_add(&expected->rest, known ? "\0001" : "\0000", 2);
    bytes_add(&expected->rest, job->state == JOB_HELD ? "\0001" : "\0000", 2);
    if (job->state == JOB_HELD && job->progress.size > 0)
        bytes_add(&expected->rest, job->progress.at, job->progress.size);
    else
        bytes_add(&expected->rest, "\0000\0000", 4);
}

/* One line of `status`. */
static void expect_function(const struct model *model, struct actor *actor, unsigned function)
{
    unsigned queued = 0, running = 0, workers = 0;
    char line[96];

    for (const struct job *job = model->jobs; job != NULL; job = job->next) {
        queued += job->function == function && job->state == JOB_QUEUED;
        running += job->function == function && job->state == JOB_HELD;
    }
    for (const struct actor *at = model->actors; at != NULL; at = at->next)
        workers += is_able(at, function);
    (void)snprintf(line, sizeof line, "%s\t%u\t%u\t%u", model_functions[function], queued + running,
                   running, workers);
    expect_text(actor, 0, NULL, line);
}

static bool line_is(const struct bytes *line, const char *word)
{
    return line->size == strlen(word) && memcmp(line->at, word, line->size) == 0;
}

static void admin(const struct model *model, struct actor *actor, const struct bytes *line)
{
    if (line_is(line, "version")) {
        expect_text(actor, 0, NULL, "OK 1.2.3");
    } else if (line_is(line, "status") && model->strictness == MODEL_EXACT) {
        for (unsigned function = 0; function < FUNCTIONS; function++)
            expect_function(model, actor, function);
        expect_text(actor, 0, NULL, ".");
    } else if (line_is(line, "status") || line_is(line, "workers") || line_is(line, "pools")) {
        expect(actor, 0, NULL)->listing = true;
    } else {
        expect_text(actor, 0, NULL, "ERR UNKNOWN_COMMAND ");
        for (struct expected *at = actor->expected; at != NULL; at = at->next)
            at->prefix = at->prefix || at->next == NULL;
    }
}

static void echo(struct actor *actor, const struct request *request, bool open)
{
    struct expected *expected = expect(actor, GM_ECHO_RES, NULL);

    expected->open = open;
    bytes_add(&expected->rest, request->data.at, request->data.size);
}

static void option(struct actor *actor, const struct bytes *name)
{
    if (!line_is(name, "exceptions")) {
        expect_error(actor, "UNKNOWN_OPTION|");
        return;
    }
    actor->exceptions = true;
    expect_text(actor, GM_OPTION_RES, NULL, "exceptions");
}

void model_begun(struct model *model, struct actor *actor, struct request *request)
{
    request->begun = true;
    if (request->refusal != NULL) {
        expect_error(actor, request->refusal);
        request->refused = true;
    } else if (is_submission(request->type)) {
        request->refused = begin_submit(model, actor, request->job);
    } else if (is_work(request->type)) {
        request->refused = begin_work(actor, request->type, request->job);
    } else if (request->type == GM_ECHO_REQ && model->strictness == MODEL_LEDGER) {
        echo(actor, request, true);
    }
}

void model_judged(struct model *model, struct actor *actor, const struct request *request)
{
    switch (request->type) {
    case 0:
        admin(model, actor, &request->data);
        break;
    case GM_CAN_DO:
        can_do(actor, request->function);
        break;
    case GM_CANT_DO:
        cannot_do(actor, request->function);
        break;
    case GM_RESET_ABILITIES:
        actor->able_count = 0;
        break;
    case GM_PRE_SLEEP:
        actor->sleep = ACTOR_ASLEEP;
        actor->naps = model->strictness == MODEL_EXACT ? 1 : actor->naps + 1;
        actor->noop_due = next_for(model, actor) != NULL;
        break;
    case GM_GRAB_JOB:
    case GM_GRAB_JOB_UNIQ:
    case GM_GRAB_JOB_ALL:
        grab(model, actor, request->type);
        break;
    case GM_GET_STATUS:
        get_status(model, actor, request->job);
        break;
    case GM_ECHO_REQ:
        if (model->strictness == MODEL_EXACT)
            echo(actor, request, false);
        break;
    case GM_OPTION_REQ:
        option(actor, &request->data);
        break;
    case GM_SET_CLIENT_ID:
        break;
    default:
        if (is_submission(request->type))
            submit(model, actor, request->job);
        else
            work(actor, request);
        break;
    }
}
