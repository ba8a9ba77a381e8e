#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "ctl_table.h"

enum {
    STATUS_TIMEOUT_MS = 1000,
    FIRST_READ = 64 * 1024,
    PAYLOAD_MAX = 1024 * 1024 * 1024 /* bytes; no daemon takes more, pmadd.conf(5) */
};

struct submission {
    struct pmadc_task task;
    bool background;
    const char *text; /* DATA */
    const char *file; /* of --file */
    uint8_t *read;    /* what was read, to be freed */
};

static const struct argp_option options[] = {
    {.name = "background", .key = 'b', .doc = "print the task's handle and do not wait"},
    {.name = "priority", .key = 'p', .arg = "high|normal|low", .doc = "which queue it joins"},
    {.name = "unique", .key = 'u', .arg = "ID", .doc = "unique id, handed to the worker"},
    {.name = "file", .key = 'f', .arg = "FILE|-", .doc = "read the payload from FILE or stdin"},
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

static void parse_argument(struct submission *it, const char *arg, struct argp_state *state)
{
    if (it->task.function == NULL)
        it->task.function = arg;
    else if (it->text == NULL)
        it->text = arg;
    else
        argp_error(state, "too many arguments: %s", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct submission *it = state->input;

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
    case ARGP_KEY_ARG:
        parse_argument(it, arg, state);
        return 0;
    case ARGP_KEY_END:
        if (it->task.function == NULL)
            argp_error(state, "which function? Name it");
        if (it->text != NULL && it->file != NULL)
            argp_error(state, "the payload is either an argument or --file");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the payload ---- */

/* Widens what `it` reads into, never to much more than it may read; false: there is no memory. */
static bool widen(struct submission *it, size_t *room)
{
    size_t wider = *room == 0 ? FIRST_READ : 2 * *room;
    uint8_t *bytes;

    if (wider > PAYLOAD_MAX)
        wider = (size_t)PAYLOAD_MAX + 1; /* the one byte that is too many */
    bytes = realloc(it->read, wider);
    if (bytes == NULL)
        return false;
    it->read = bytes;
    *room = wider;
    return true;
}

/* Reads all there is, up to one byte more than PAYLOAD_MAX; 0 or an errno. */
static int read_all(int fd, struct submission *it)
{
    size_t room = 0;
    struct stat about;
    ssize_t got;

    /* A file need not be read to know that too much of it is left. */
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
        about.st_size - lseek(fd, 0, SEEK_CUR) > PAYLOAD_MAX)
        return EFBIG;
    do {
        if (it->task.size == room && !widen(it, &room))
            return ENOMEM;
        got = read(fd, it->read + it->task.size, room - it->task.size);
        if (got > 0)
            it->task.size += (size_t)got;
    } while (it->task.size <= PAYLOAD_MAX && (got > 0 || (got < 0 && errno == EINTR)));
    it->task.data = it->read;
    if (it->task.size > PAYLOAD_MAX)
        return EFBIG;
    return got < 0 ? errno : 0;
}

static enum ctl_exit read_payload(struct submission *it)
{
    bool from_stdin = it->file == NULL || strcmp(it->file, "-") == 0;
    int fd = STDIN_FILENO;
    int error;

    if (it->text != NULL) {
        it->task.data = it->text;
        it->task.size = strlen(it->text);
        return CTL_COMPLETE;
    }
    if (!from_stdin)
        fd = open(it->file, O_RDONLY | O_CLOEXEC);
    error = fd < 0 ? errno : read_all(fd, it);
    if (!from_stdin && fd >= 0)
        (void)close(fd);
    if (error == 0)
        return CTL_COMPLETE;
    ctl_say("cannot read the payload from %s: %s", from_stdin ? "stdin" : it->file,
            error == EFBIG ? "it is longer than 1 GiB, the most that a payload can be"
                           : strerror(error));
    return CTL_USAGE;
}

/* ---- the task ---- */

static void print_data(void *arg, const void *data, size_t size)
{
    (void)arg;
    (void)fwrite(data, 1, size, stdout);
    (void)fflush(stdout);
}

static void print_warning(void *arg, const void *data, size_t size)
{
    (void)arg;
    (void)fwrite(data, 1, size, stderr);
    if (size > 0 && ((const char *)data)[size - 1] != '\n')
        (void)fputc('\n', stderr);
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

int ctl_submit(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FUNCTION [DATA]",
        .doc = "Submits a task and prints its result. The payload is DATA, or what is in FILE, or "
               "what comes on stdin.\vExamples:\n  pmadctl submit wc 'how many words'\n"
               "  pmadctl submit sha256 --file=photo.jpg --timeout=10s\n"
               "  date | pmadctl submit log --background\n\n"
               "Exit status: 0 complete, 1 failed, 2 wrong usage, 3 refused, 4 timed out,\n"
               "5 no daemon, not let in, or connection lost.",
    };
    struct submission it = {.task = {.priority = PMADC_NORMAL}};
    struct pmadc *client = NULL;
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, &it);
    done = read_payload(&it);
    if (done == CTL_COMPLETE)
        done = ctl_connect(ctl, &client);
    if (done == CTL_COMPLETE)
        done = it.background ? in_background(ctl, client, &it.task)
                             : in_foreground(ctl, client, &it.task);
    pmadc_close(client);
    free(it.read);
    return done;
}
