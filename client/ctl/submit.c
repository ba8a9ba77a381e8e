#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_payload.h"
#include "ctl_submission.h"
#include "ctl_table.h"
#include "ctl_text.h"

enum { STATUS_TIMEOUT_MS = 1000 };

/* ---- options ---- */

enum { KEY_EACH_LINE = 0x100, KEY_EACH_FILE }; /* without a letter */

static const struct argp_option options[] = {
    {.name = "background", .key = 'b', .doc = "print the task's handle and do not wait"},
    {.name = "priority", .key = 'p', .arg = "high|normal|low", .doc = "which queue it joins"},
    {.name = "unique", .key = 'u', .arg = "ID", .doc = "unique id, handed to the worker"},
    {.name = "file", .key = 'f', .arg = "FILE|-", .doc = "read the payload from FILE or stdin"},
    {.name = "each-line",
     .key = KEY_EACH_LINE,
     .doc = "submit a task for each line of --file or stdin"},
    {.name = "each-file", .key = KEY_EACH_FILE, .doc = "submit a task for each FILE named"},
    {.name = "parallel",
     .key = 'P',
     .arg = "N",
     .doc = "of many, have N unfinished at a time; 16 by default"},
    {0},
};

static bool parse_priority(const char *word, enum pmadc_priority *priority)
{
    static const char *const words[] = {
        [PMADC_NORMAL] = "normal", [PMADC_HIGH] = "high", [PMADC_LOW] = "low"};

    for (int i = PMADC_NORMAL; i <= PMADC_LOW; i++) {
        if (strcmp(word, words[i]) == 0) {
            *priority = (enum pmadc_priority)i;
            return true;
        }
    }
    return false;
}

/* What cannot be meant, once all has been read. */
static void judge(const struct ctl_submission *it, const struct argp_state *state)
{
    bool many = it->each_line || it->each_file;

    if (it->task.function == NULL)
        argp_error(state, "which function? Name it");
    if (it->each_line && it->each_file)
        argp_error(state, "the tasks are either lines or files");
    if (it->each_line && it->word_count > 0)
        argp_error(state, "--each-line reads its lines from --file or stdin, not from %s",
                   it->words[0]);
    if (it->each_file && (it->word_count == 0 || it->file != NULL))
        argp_error(state, "--each-file needs the files behind FUNCTION, and no --file");
    if (many && it->task.unique != NULL)
        argp_error(state, "--unique is the id of one task, not of many");
    if (it->parallel > 0 && (!many || it->background))
        argp_error(state, "--parallel is for many tasks that are waited for");
    if (!many && it->word_count > 1)
        argp_error(state, "too many arguments: %s", it->words[1]);
    if (!many && it->word_count > 0 && it->file != NULL)
        argp_error(state, "the payload is either an argument or --file");
}

static void parse_argument(struct ctl_submission *it, char *arg)
{
    if (it->task.function == NULL)
        it->task.function = arg;
    else
        it->words[it->word_count++] = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct ctl_submission *it = state->input;

    switch (key) {
    case 'b':
        it->background = true;
        return 0;
    case 'p':
        if (!parse_priority(arg, &it->task.priority))
            argp_error(state, "there is no priority %s; say high, normal or low", arg);
        return 0;
    case 'u':
        it->task.unique = arg;
        return 0;
    case 'f':
        it->file = arg;
        return 0;
    case KEY_EACH_LINE:
        it->each_line = true;
        return 0;
    case KEY_EACH_FILE:
        it->each_file = true;
        return 0;
    case 'P':
        if (!ctl_count(arg, 1, CTL_PARALLEL_MAX, &it->parallel))
            argp_error(state, "--parallel is a number from 1 to %d, not %s", CTL_PARALLEL_MAX, arg);
        return 0;
    case ARGP_KEY_ARG:
        parse_argument(it, arg);
        return 0;
    case ARGP_KEY_END:
        judge(it, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the task ---- */

static void print_data(void *arg, const void *data, size_t size)
{
    (void)arg;
    (void)fwrite(data, 1, size, stdout);
    (void)fflush(stdout);
}

void ctl_print_warning(const void *data, size_t size)
{
    (void)fwrite(data, 1, size, stderr);
    if (size > 0 && ((const char *)data)[size - 1] != '\n')
        (void)fputc('\n', stderr);
}

static void print_warning(void *arg, const void *data, size_t size)
{
    (void)arg;
    ctl_print_warning(data, size);
}

/* Why a task was not done in time, as far as `status` on a connection of its own can tell. */
static void explain_timeout(const struct ctl *ctl, const char *function)
{
    const char *after = ctl->timeout != NULL ? ctl->timeout : "a while";
    struct ctl_load load = {.tasks = 0};
    unsigned long long waiting;
    struct pmadc *client;
    enum pmadc_status status = pmadc_connect(&client, ctl->socket, STATUS_TIMEOUT_MS);

    if (status == PMADC_OK)
        status = ctl_load_of(client, function, STATUS_TIMEOUT_MS, &load);
    pmadc_close(client);
    waiting = load.tasks - load.running;
    if (status != PMADC_OK || !load.known)
        ctl_say("timed out after %s", after);
    else if (load.workers == 0)
        ctl_say("timed out after %s: no worker can do %s, %llu %s", after, function, waiting,
                waiting == 1 ? "task waits" : "tasks wait");
    else
        ctl_say("timed out after %s: of %s %llu %s and %llu %s done by %llu %s", after, function,
                waiting, waiting == 1 ? "task waits" : "tasks wait", load.running,
                load.running == 1 ? "is being" : "are being", load.workers,
                load.workers == 1 ? "worker" : "workers");
}

static enum ctl_exit in_foreground(const struct ctl *ctl, struct pmadc *client,
                                   const struct pmadc_task *task)
{
    static const struct pmadc_events events = {.data = print_data, .warning = print_warning};
    struct pmadc_result result;
    enum pmadc_status status = pmadc_run(client, task, &events, ctl_timeout(ctl, -1), &result);

    if (status == PMADC_TIMEOUT) {
        explain_timeout(ctl, task->function);
        return CTL_TIMED_OUT;
    }
    if (status == PMADC_OK)
        (void)fwrite(result.data, 1, result.size, stdout);
    return ctl_flush(ctl_explain(ctl, client, status));
}

static enum ctl_exit in_background(const struct ctl *ctl, struct pmadc *client,
                                   const struct pmadc_task *task)
{
    char handle[64];
    enum pmadc_status status = pmadc_submit_background(client, task, ctl_timeout(ctl, -1), handle);

    if (status == PMADC_OK)
        (void)printf("%s\n", handle);
    return ctl_flush(ctl_explain(ctl, client, status));
}

static enum ctl_exit submit_one(const struct ctl *ctl, struct pmadc *client,
                                struct ctl_submission *it)
{
    return it->background ? in_background(ctl, client, &it->task)
                          : in_foreground(ctl, client, &it->task);
}

/* The payload of one task is read before the daemon is looked for. */
static enum ctl_exit find_payload(struct ctl_submission *it, struct ctl_payload *payload)
{
    const char *wrong;

    if (it->each_line || it->each_file)
        return CTL_COMPLETE;
    if (it->word_count > 0) {
        it->task.data = it->words[0];
        it->task.size = strlen(it->words[0]);
        return CTL_COMPLETE;
    }
    wrong = ctl_payload_read(payload, it->file);
    it->task.data = payload->bytes;
    it->task.size = payload->size;
    if (wrong == NULL)
        return CTL_COMPLETE;
    ctl_say("cannot read the payload from %s: %s", ctl_payload_source(it->file), wrong);
    return CTL_USAGE;
}

int ctl_submit(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FUNCTION [DATA]\nFUNCTION --each-line\nFUNCTION --each-file FILE...",
        .doc = "Submits a task and prints its result. The payload is DATA, or what is in FILE, or "
               "what comes on stdin. With --each-line or --each-file submits many, prints their "
               "results in the order of submission, a line feed behind each that ends without "
               "one, and says which of them failed and why.\vExamples:\n"
               "  pmadctl submit wc 'how many words'\n"
               "  pmadctl submit sha256 --file=photo.jpg --timeout=10s\n"
               "  date | pmadctl submit log --background\n"
               "  pmadctl submit resolve --each-line --file=hosts.txt --parallel=50\n"
               "  pmadctl submit sha256 --each-file *.jpg",
    };
    struct ctl_submission it = {.task = {.priority = PMADC_NORMAL}};
    struct ctl_payload payload = {.bytes = NULL};
    struct pmadc *client = NULL;
    enum ctl_exit done = CTL_FAILED;

    it.words = calloc((size_t)argc, sizeof *it.words);
    if (it.words == NULL) {
        ctl_say("out of memory");
        return CTL_FAILED;
    }
    ctl_parse(ctl, &argp, argc, argv, &it);
    done = find_payload(&it, &payload);
    if (done == CTL_COMPLETE)
        done = ctl_connect(ctl, &client);
    if (done == CTL_COMPLETE)
        done = it.each_line || it.each_file ? ctl_submit_many(ctl, client, &it)
                                            : submit_one(ctl, client, &it);
    pmadc_close(client);
    free(payload.bytes);
    free(it.words);
    return done;
}
