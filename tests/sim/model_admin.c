/* Lines of administrators, and what they must be answered. */
#include <stdio.h>
#include <string.h>

#include "gm_packet.h"
#include "model_state.h"

enum { FEW = 200 };

/* ---- listings ---- */

/* Rows come in any order, the full stop behind them. */
static void expect_row(struct actor *actor, struct job *job, const char *row)
{
    struct expected *expected = expect_text(actor, 0, job, row);

    expected->any_order = true;
}

static size_t count_jobs(const struct model *model, unsigned function, enum job_state state,
                         int priority)
{
    size_t count = 0;

    for (int i = 0; i < PRIORITIES; i++)
        count += priority < 0 || priority == i ? model->tally[function][i][state] : 0;
    return count;
}

static size_t count_workers(const struct model *model, unsigned function)
{
    size_t count = 0;

    for (struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        count += ability_of(actor, function) != NULL;
    return count;
}

/* FUNCTION, tasks, running ones, workers. */
static void row_status(const struct model *model, struct actor *actor, unsigned function)
{
    size_t running =
        count_jobs(model, function, JOB_HELD, -1) + count_jobs(model, function, JOB_CANCELLED, -1);
    char row[96];

    (void)snprintf(row, sizeof row, "%s\t%zu\t%zu\t%zu", model_functions[function],
                   jobs_of_function(model, function), running, count_workers(model, function));
    expect_row(actor, NULL, row);
}

/* FUNCTION, tasks at each priority that do not run, workers. */
static void row_priorities(const struct model *model, struct actor *actor, unsigned function)
{
    size_t waiting[PRIORITIES];
    char row[128];

    for (int i = 0; i < PRIORITIES; i++)
        waiting[i] = count_jobs(model, function, JOB_QUEUED, i) +
                     count_jobs(model, function, JOB_DELAYED, i);
    (void)snprintf(row, sizeof row, "%s\t%zu\t%zu\t%zu\t%zu", model_functions[function], waiting[0],
                   waiting[1], waiting[2], count_workers(model, function));
    expect_row(actor, NULL, row);
}

static void list_functions(const struct model *model, struct actor *actor,
                           void (*row)(const struct model *, struct actor *, unsigned))
{
    for (unsigned function = 0; function < FUNCTIONS; function++)
        if (model->functions[function].listed &&
            model_may_to(model, actor, RIGHT_OBSERVE, function))
            row(model, actor, function);
    (void)expect_text(actor, 0, NULL, ".");
}

/* Is nobody told what becomes of it? */
static bool is_ignored(const struct job *job)
{
    return job->state == JOB_CANCELLED || (!job->background && job->listeners == NULL);
}

/* Handle, workers it has cost, 1 if it is ignored, 1 if it is in the background. */
static void list_jobs(const struct model *model, struct actor *actor)
{
    for (struct job *job = model->jobs; job != NULL; job = job->next) {
        char row[64];

        if ((!is_joinable(job) && job->state != JOB_CANCELLED) ||
            !model_may_to(model, actor, RIGHT_OBSERVE, job->function))
            continue;
        (void)snprintf(row, sizeof row, "\t%zu\t%d\t%d", job->lost, is_ignored(job),
                       job->background);
        expect_row(actor, job, row);
    }
    (void)expect_text(actor, 0, NULL, ".");
}

/* ---- commands ---- */

/* A submission whose payload is on its way holds the function, too. */
static bool is_arriving(const struct model *model, unsigned function)
{
    for (const struct actor *actor = model->actors; actor != NULL; actor = actor->next)
        for (const struct request *at = actor->requests; at != NULL; at = at->next)
            if (model_is_submission(at->type) && at->begun && !at->refused &&
                at->job->function == function)
                return true;
    return false;
}

/* He may administer, but not this function. */
static void deny_function(struct model *model, struct actor *actor)
{
    (void)expect_line(actor, "ERR ACCESS_DENIED no+right+to+administer+that+function\r");
    model->counts.denied++;
}

/* A ledger does not know whether the function is in use, or there at all. */
static void expect_drop(const struct model *model, struct actor *actor, unsigned function, bool may)
{
    if (!may)
        (void)expect_line(actor, "ERR ");
    else if (model->rules[function].reserve > 0)
        (void)expect_line(actor, "ERR there ");
    else
        expect_line(actor, "OK\r")->open = true;
}

static void drop(struct model *model, struct actor *actor, unsigned function)
{
    struct function_seen *seen = &model->functions[function];

    bool may = model_may_to(model, actor, RIGHT_ADMIN, function);

    if (model->strictness == MODEL_LEDGER) {
        expect_drop(model, actor, function, may);
    } else if (!seen->listed) {
        (void)expect_line(actor, "ERR function not found\r");
    } else if (!may) {
        deny_function(model, actor);
    } else if (model->rules[function].reserve > 0) {
        /* Its room, or somebody who has taken it, is in the way. */
        (void)expect_line(actor, "ERR there ");
    } else if (jobs_of_function(model, function) + count_workers(model, function) > 0 ||
               is_arriving(model, function)) {
        (void)expect_line(actor, "ERR there are still connected workers or executing clients\r");
    } else {
        uint64_t mosts = seen->mosts;

        *seen = model_function_unseen(model, function);
        seen->mosts |= mosts; /* what is asked for may come behind this */
        (void)expect_line(actor, "OK\r");
    }
}

/* Its clients hear WORK_FAIL; its worker hears nothing, and is not listened to. */
static void cancel(struct model *model, struct actor *actor, struct job *job)
{
    bool may = model_may_to(model, actor, RIGHT_ADMIN, job->function);

    if (model->strictness == MODEL_LEDGER) {
        job->loose = job->loose || may;
        job->mortal = job->mortal || may;
        expect_line(actor, may ? "OK\r" : "ERR ")->open = may;
        return;
    }
    if (!is_joinable(job)) {
        (void)expect_line(actor, "ERR UNKNOWN_JOB");
        return;
    }
    if (!may) {
        deny_function(model, actor);
        return;
    }
    tell_end(model, job, GM_WORK_FAIL, NULL);
    model->counts.failed--;
    model->counts.cancelled++;
    if (job->holder != NULL)
        job_become(model, job, JOB_CANCELLED);
    (void)expect_line(actor, "OK\r");
}

static void declare(struct model *model, struct actor *actor, const struct request *request)
{
    struct function_seen *seen = &model->functions[request->function];

    if (!model_may_to(model, actor, RIGHT_ADMIN, request->function)) {
        deny_function(model, actor);
        return;
    }
    seen->listed = true;
    seen->paused = seen->paused || request->line == LINE_PAUSE;
    seen->draining = seen->draining || request->line == LINE_DRAIN;
    (void)expect_line(actor, "OK\r");
    if (request->line != LINE_MAXQUEUE)
        return;
    memcpy(seen->most, request->most, sizeof seen->most);
}

/* Whether it is there a ledger does not know. */
static void resume(struct model *model, struct actor *actor, unsigned function)
{
    struct function_seen *seen = &model->functions[function];
    bool may = model_may_to(model, actor, RIGHT_ADMIN, function);

    if (model->strictness == MODEL_LEDGER) {
        expect_line(actor, may ? "OK\r" : "ERR ")->open = may;
    } else if (!seen->listed) {
        (void)expect_line(actor, "ERR function not found\r");
        return;
    } else if (!may) {
        deny_function(model, actor);
    } else {
        (void)expect_line(actor, "OK\r");
    }
    if (!may)
        return;
    seen->paused = seen->draining = false;
    model_stir(model, function);
}

static void command(struct model *model, struct actor *actor, const struct request *request)
{
    switch (request->line) {
    case LINE_MAXQUEUE:
    case LINE_CREATE:
    case LINE_PAUSE:
    case LINE_DRAIN:
        declare(model, actor, request);
        break;
    case LINE_DROP:
        drop(model, actor, request->function);
        break;
    case LINE_RESUME:
        resume(model, actor, request->function);
        break;
    case LINE_CANCEL:
        cancel(model, actor, request->job);
        break;
    case LINE_OTHER:
        break;
    }
}

static bool line_is(const struct bytes *line, const char *word)
{
    return line->size == strlen(word) && memcmp(line->at, word, line->size) == 0;
}

/* Are there so few jobs that a list of them can be compared row by row, in whatever order? */
static bool are_few(const struct model *model)
{
    return model->states[JOB_DELAYED] + model->states[JOB_QUEUED] + model->states[JOB_HELD] +
               model->states[JOB_CANCELLED] <=
           FEW;
}

/* A line that asks for something. */
static void question(const struct model *model, struct actor *actor, const struct bytes *line)
{
    bool exact = model->strictness == MODEL_EXACT;

    if (line_is(line, "version"))
        (void)expect_text(actor, 0, NULL, "OK 1.2.3");
    else if (line_is(line, "wings"))
        (void)expect_line(actor, "ERR UNKNOWN_COMMAND ");
    else if (line_is(line, "show wings"))
        (void)expect_line(actor, "ERR UNKNOWN_SHOW_ARGUMENTS");
    else if (line_is(line, "peek wings"))
        (void)expect_line(actor, "ERR function not found");
    else if (line_is(line, "status") && exact)
        list_functions(model, actor, row_status);
    else if (line_is(line, "prioritystatus") && exact)
        list_functions(model, actor, row_priorities);
    else if (line_is(line, "show jobs") && exact && are_few(model))
        list_jobs(model, actor);
    else
        expect(actor, 0, NULL)->listing = true;
}

/* What no line is needs no right. */
static bool may_say(const struct actor *actor, const struct request *request)
{
    const struct bytes *line = &request->data;

    if (request->line == LINE_OTHER)
        return line_is(line, "wings") || line_is(line, "show wings") ||
               model_may(actor, RIGHT_OBSERVE);
    return model_may(actor, RIGHT_ADMIN);
}

void line_judged(struct model *model, struct actor *actor, const struct request *request)
{
    if (!may_say(actor, request)) {
        (void)expect_line(actor, "ERR ACCESS_DENIED ");
        model->counts.denied++;
    } else if (request->line == LINE_OTHER) {
        question(model, actor, &request->data);
    } else {
        command(model, actor, request);
    }
}
