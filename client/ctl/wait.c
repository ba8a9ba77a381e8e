/* pmadctl wait and cancel: tasks that were submitted by somebody else, by their names. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl_list.h"
#include "ctl_terminal.h"

enum {
    ANSWER_MS = 10000,   /* for one answer of the daemon */
    FIRST_PAUSE_MS = 10, /* before they are asked for again; doubles each time */
    LAST_PAUSE_MS = 1000,
    NAME_MAX_SIZE = 63,
    LINE_SIZE = 96
};

enum state { ASKED_FOR, QUEUED, RUNNING, ENDED, UNKNOWN, CANCELLED };

static const char *const state_words[] = {
    [ASKED_FOR] = "not asked", [QUEUED] = "queued",   [RUNNING] = "running",
    [ENDED] = "ended",         [UNKNOWN] = "unknown", [CANCELLED] = "cancelled",
};

struct named {
    char *name;
    enum state state;
    struct pmadc_progress progress;
};

struct tasks {
    const struct ctl *ctl;
    struct pmadc *client;
    bool json, unique;
    size_t count;
    struct named *list;
};

/* ---- options ---- */

static const struct argp_option wait_options[] = {
    CTL_JSON_OPTION,
    {.name = "unique", .key = 'u', .doc = "they are unique ids and not handles"},
    {0},
};

/* A handle has no blanks, and neither has what would end a line of the daemon's. */
static bool is_good(const struct tasks *tasks, const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size <= NAME_MAX_SIZE &&
           strpbrk(name, tasks->unique ? "\r\n" : "\r\n\t ") == NULL;
}

static void judge(const struct tasks *tasks, const struct argp_state *state)
{
    const char *kind = tasks->unique ? "unique id" : "handle";

    if (tasks->count == 0)
        argp_error(state, "which task? Name its %s", kind);
    for (size_t i = 0; i < tasks->count; i++)
        if (!is_good(tasks, tasks->list[i].name))
            argp_error(state, "`%s' is no %s", tasks->list[i].name, kind);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct tasks *tasks = state->input;

    switch (key) {
    case 'j':
        tasks->json = true;
        return 0;
    case 'u':
        tasks->unique = true;
        return 0;
    case ARGP_KEY_ARG:
        tasks->list[tasks->count++].name = arg;
        return 0;
    case ARGP_KEY_END:
        judge(tasks, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the tasks, as they are printed ---- */

static const struct ctl_listing waited = {
    .line = "GET_STATUS",
    .column_count = 4,
    .columns = {{"TASK", "task", CTL_TEXT},
                {"STATE", "state", CTL_TEXT},
                {"DONE", "numerator", CTL_COUNT},
                {"OF", "denominator", CTL_COUNT}},
};

static const struct ctl_listing cancelled = {
    .line = "cancel job",
    .column_count = 2,
    .columns = {{"TASK", "task", CTL_TEXT}, {"STATE", "state", CTL_TEXT}},
};

static enum ctl_exit show(const struct tasks *tasks, const struct ctl_listing *listing)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    enum ctl_exit done = CTL_FAILED;

    for (size_t i = 0; out != NULL && i < tasks->count; i++) {
        const struct named *task = &tasks->list[i];

        (void)fprintf(out, "%s\t%s", task->name, state_words[task->state]);
        if (listing == &waited)
            (void)fprintf(out, "\t%llu\t%llu", (unsigned long long)task->progress.numerator,
                          (unsigned long long)task->progress.denominator);
        (void)fputc('\n', out);
    }
    if (out != NULL && fclose(out) == 0)
        done = ctl_list_show(listing, text, tasks->json);
    else
        ctl_say("out of memory");
    free(text);
    return done;
}

/* ---- waiting ---- */

static bool is_over(const struct named *task)
{
    return task->state == ENDED || task->state == UNKNOWN;
}

static size_t count_over(const struct tasks *tasks)
{
    size_t over = 0;

    for (size_t i = 0; i < tasks->count; i++)
        over += is_over(&tasks->list[i]);
    return over;
}

static enum pmadc_status look_at(const struct tasks *tasks, struct named *task)
{
    struct pmadc_progress progress;
    enum pmadc_status status =
        tasks->unique ? pmadc_unique_status(tasks->client, task->name, ANSWER_MS, &progress)
                      : pmadc_task_status(tasks->client, task->name, ANSWER_MS, &progress);

    if (status != PMADC_OK)
        return status;
    if (!progress.known) {
        task->state = task->state == ASKED_FOR ? UNKNOWN : ENDED;
    } else {
        task->state = progress.running ? RUNNING : QUEUED;
        task->progress = progress;
    }
    return PMADC_OK;
}

static enum pmadc_status look_at_all(const struct tasks *tasks)
{
    enum pmadc_status status = PMADC_OK;

    for (size_t i = 0; i < tasks->count && status == PMADC_OK; i++)
        if (!is_over(&tasks->list[i]))
            status = look_at(tasks, &tasks->list[i]);
    return status;
}

static void pause_for(uint64_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)nanosleep(&left, NULL);
}

/* Until none of them is there any more; or until the time is up, which is said. */
static enum ctl_exit wait_for_all(const struct tasks *tasks)
{
    int timeout_ms = ctl_timeout(tasks->ctl, -1);
    uint64_t end_ms = timeout_ms < 0 ? UINT64_MAX : ctl_now_ms() + (uint64_t)timeout_ms;
    uint64_t pause_ms = FIRST_PAUSE_MS;
    struct ctl_progress progress;
    enum pmadc_status status;

    ctl_progress_begin(&progress, tasks->count);
    while ((status = look_at_all(tasks)) == PMADC_OK && count_over(tasks) < tasks->count) {
        uint64_t now_ms = ctl_now_ms();

        if (now_ms >= end_ms)
            break;
        progress.done = count_over(tasks);
        ctl_progress_show(&progress);
        pause_for(pause_ms < end_ms - now_ms ? pause_ms : end_ms - now_ms);
        pause_ms = 2 * pause_ms < LAST_PAUSE_MS ? 2 * pause_ms : LAST_PAUSE_MS;
    }
    ctl_progress_hide(&progress);
    if (status != PMADC_OK)
        return ctl_explain(tasks->ctl, tasks->client, status);
    if (count_over(tasks) == tasks->count)
        return CTL_COMPLETE;
    ctl_say("timed out after %s: of %zu tasks %zu have not ended", tasks->ctl->timeout,
            tasks->count, tasks->count - count_over(tasks));
    return CTL_TIMED_OUT;
}

/* ---- cancelling ---- */

static enum pmadc_status cancel(const struct tasks *tasks, struct named *task)
{
    const char *text;
    char line[LINE_SIZE];
    enum pmadc_status status;

    (void)snprintf(line, sizeof line, "cancel job %s", task->name);
    status = pmadc_admin(tasks->client, line, ctl_timeout(tasks->ctl, ANSWER_MS), &text);
    task->state = CANCELLED;
    if (status != PMADC_REFUSED || strcmp(pmadc_error_code(tasks->client), "UNKNOWN_JOB") != 0)
        return status;
    task->state = UNKNOWN;
    ctl_say("%s: there is no such task; it has ended, or never was", task->name);
    return PMADC_OK;
}

/* One that is not there is a refusal, and the others are cancelled all the same. */
static enum ctl_exit cancel_all(const struct tasks *tasks)
{
    enum ctl_exit done = CTL_COMPLETE;

    for (size_t i = 0; i < tasks->count; i++) {
        enum pmadc_status status = cancel(tasks, &tasks->list[i]);

        if (status != PMADC_OK)
            return ctl_explain(tasks->ctl, tasks->client, status);
        if (tasks->list[i].state == UNKNOWN)
            done = CTL_REFUSED;
    }
    return done;
}

/* ---- the verbs ---- */

/* Does `what` to the tasks that are named, and lists what became of them. */
static int do_to_tasks(struct ctl *ctl, const struct argp *argp, int argc, char **argv,
                       enum ctl_exit (*what)(const struct tasks *tasks),
                       const struct ctl_listing *listing)
{
    struct tasks tasks = {.ctl = ctl, .list = calloc((size_t)argc, sizeof *tasks.list)};
    enum ctl_exit done = CTL_FAILED;

    if (tasks.list == NULL) {
        ctl_say("out of memory");
        return CTL_FAILED;
    }
    ctl_parse(ctl, argp, argc, argv, &tasks);
    done = ctl_connect(ctl, &tasks.client);
    if (done == CTL_COMPLETE) {
        enum ctl_exit shown;

        done = what(&tasks);
        shown = show(&tasks, listing);
        done = shown > done ? shown : done;
    }
    pmadc_close(tasks.client);
    free(tasks.list);
    return done;
}

int ctl_wait(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = wait_options,
        .parser = parse,
        .args_doc = "HANDLE...",
        .doc =
            "Waits until the daemon has none of these tasks any more: `ended' is a task that was "
            "there, `unknown' one that was not, because it had ended before or never was. The "
            "daemon keeps no results, so nobody can tell how a task ended but who waited for it "
            "from the beginning.\vExample:\n"
            "  pmadctl wait --timeout=5m $(pmadctl submit -b backup --each-file *.db)",
    };

    return do_to_tasks(ctl, &argp, argc, argv, wait_for_all, &waited);
}

int ctl_cancel(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = ctl_list_options,
        .parser = parse,
        .args_doc = "HANDLE...",
        .doc = "Cancels tasks. One that waits is never done; the worker of one that runs is not "
               "interrupted, but its result is dropped. Who waits for it is told that it has "
               "failed. Needs the right to administer.\vExample:\n"
               "  pmadctl cancel H:edge-7:145879561404426",
    };

    return do_to_tasks(ctl, &argp, argc, argv, cancel_all, &cancelled);
}
