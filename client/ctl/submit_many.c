/* pmadctl submit --each-line and --each-file: many tasks, some of them unfinished at a time. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_payload.h"
#include "ctl_submission.h"
#include "ctl_terminal.h"

enum {
    AHEAD_MAX = 2 * CTL_PARALLEL_MAX, /* results that are kept until those before them are there */
    REDRAW_MS = 500,
    LABEL_SIZE = 32,
    EXITS = CTL_NO_DAEMON + 1
};

/* ---- where the tasks come from ---- */

struct source {
    const struct ctl_submission *it;
    FILE *lines;                /* of --each-line */
    struct ctl_payload payload; /* of the task that is next: a file, */
    char *line;                 /* or a line */
    size_t line_room;
    size_t taken; /* tasks so far */
};

static bool source_open(struct source *source, const struct ctl_submission *it)
{
    bool from_file = it->file != NULL && strcmp(it->file, "-") != 0;

    *source = (struct source){.it = it, .lines = stdin};
    if (it->each_line && from_file)
        source->lines = fopen(it->file, "re");
    if (source->lines == NULL)
        ctl_say("cannot read the lines of %s: %s", it->file, strerror(errno));
    return source->lines != NULL;
}

static void source_close(struct source *source)
{
    if (source->lines != stdin && source->lines != NULL)
        (void)fclose(source->lines);
    free(source->payload.bytes);
    free(source->line);
}

/* How many tasks it has; 0 where only reading it would tell. */
static size_t source_total(struct source *source)
{
    long begin;
    size_t lines = 0;
    int last = '\n';

    if (source->it->each_file)
        return source->it->word_count;
    begin = ftell(source->lines);
    if (begin < 0)
        return 0;
    for (int byte; (byte = getc(source->lines)) != EOF; last = byte)
        lines += byte == '\n';
    (void)fseek(source->lines, begin, SEEK_SET);
    return lines + (last != '\n');
}

/* "line 7", or a file's name; `room` has LABEL_SIZE bytes. */
static const char *source_label(const struct source *source, size_t number, char *room)
{
    if (source->it->each_file)
        return source->it->words[number - 1];
    (void)snprintf(room, LABEL_SIZE, "line %zu", number);
    return room;
}

static bool next_line(struct source *source, struct pmadc_task *task)
{
    ssize_t size = getline(&source->line, &source->line_room, source->lines);

    if (size <= 0)
        return false;
    task->data = source->line;
    task->size = (size_t)size - (source->line[size - 1] == '\n');
    return true;
}

/* Takes the next task; false after the last one. `*wrong` is why it has no payload. */
static bool source_next(struct source *source, struct pmadc_task *task, const char **wrong)
{
    *wrong = NULL;
    if (source->it->each_line) {
        if (!next_line(source, task))
            return false;
    } else {
        if (source->taken == source->it->word_count)
            return false;
        *wrong = ctl_payload_read(&source->payload, source->it->words[source->taken]);
        task->data = source->payload.bytes;
        task->size = source->payload.size;
    }
    source->taken++;
    return true;
}

/* ---- the tasks ---- */

/* A task that was submitted, by its number: from 1, in the order of submission. */
struct entry {
    bool finished;
    uint64_t deadline_ms; /* 0: none */
    char handle[64];
    uint8_t *output; /* what it has said so far */
    size_t output_size;
};

/* Those from `first` to `last` have not been printed; an entry's place is its number modulo
 * AHEAD_MAX. */
struct many {
    const struct ctl *ctl;
    struct pmadc *client;
    struct source source;
    struct ctl_progress progress;
    struct pmadc_result result; /* of the one that has ended, or that is being told of */
    size_t first, last, unfinished, limit;
    size_t exits[EXITS]; /* tasks by what became of them */
    bool stopped;        /* nothing more can be said to the daemon, or nothing more be printed */
    struct entry entries[AHEAD_MAX];
};

static struct entry *entry_of(struct many *many, size_t number)
{
    return &many->entries[number % AHEAD_MAX];
}

/* Adds one to those that ended so, and says why if it did not end well. */
static void count(struct many *many, size_t number, enum ctl_exit as, const char *why)
{
    char room[LABEL_SIZE];

    many->exits[as]++;
    many->progress.done++;
    if (as == CTL_COMPLETE)
        return;
    many->progress.failed++;
    ctl_progress_hide(&many->progress);
    ctl_say("%s: %s", source_label(&many->source, number, room), why);
}

static bool keep(struct entry *entry, const void *data, size_t size)
{
    uint8_t *longer;

    if (size == 0)
        return true;
    longer = realloc(entry->output, entry->output_size + size);
    if (longer == NULL)
        return false;
    memcpy(longer + entry->output_size, data, size);
    entry->output = longer;
    entry->output_size += size;
    return true;
}

/* Ends the run: what is unfinished stays so. */
static void stop(struct many *many, enum ctl_exit as, const char *why)
{
    ctl_progress_hide(&many->progress);
    ctl_say("%s; %zu tasks are unfinished", why, many->unfinished);
    many->exits[as] += many->unfinished > 0 ? many->unfinished : 1;
    many->stopped = true;
}

/* The number of the unfinished task with that handle, 0 if there is none: it was given up. */
static size_t number_of(struct many *many, const char *handle)
{
    for (size_t number = many->first; number <= many->last; number++) {
        const struct entry *entry = entry_of(many, number);

        if (!entry->finished && strcmp(entry->handle, handle) == 0)
            return number;
    }
    return 0;
}

static void on_data(void *arg, const void *data, size_t size)
{
    struct many *many = arg;
    size_t number = number_of(many, many->result.handle);

    if (number != 0 && !keep(entry_of(many, number), data, size))
        stop(many, CTL_FAILED, "out of memory");
}

static void on_warning(void *arg, const void *data, size_t size)
{
    struct many *many = arg;
    size_t number = number_of(many, many->result.handle);
    char room[LABEL_SIZE];

    if (number == 0)
        return;
    ctl_progress_hide(&many->progress);
    (void)fprintf(stderr, "%s: ", source_label(&many->source, number, room));
    ctl_print_warning(data, size);
}

static void finish(struct many *many, size_t number, enum ctl_exit as, const char *why)
{
    entry_of(many, number)->finished = true;
    many->unfinished--;
    count(many, number, as, why);
}

/* ---- printing, in the order of submission ---- */

static void print_ready(struct many *many)
{
    for (; many->first <= many->last && entry_of(many, many->first)->finished; many->first++) {
        struct entry *entry = entry_of(many, many->first);
        size_t size = entry->output_size;

        if (many->progress.shares_stdout)
            ctl_progress_hide(&many->progress);
        if (size > 0)
            (void)fwrite(entry->output, 1, size, stdout);
        if (size > 0 && entry->output[size - 1] != '\n')
            (void)putchar('\n');
        free(entry->output);
        entry->output = NULL;
    }
    if (!many->stopped && (fflush(stdout) != 0 || ferror(stdout)))
        stop(many, CTL_FAILED, "cannot write the output");
}

/* ---- submitting and waiting ---- */

/* True for what ends one task, or none, and not the connection. */
static bool is_of_one(enum pmadc_status status)
{
    return status == PMADC_OK || status == PMADC_FAILED || status == PMADC_REFUSED ||
           status == PMADC_INVALID;
}

/* The next task becomes an entry, finished already where it was refused. */
static bool submit_next(struct many *many)
{
    struct pmadc_task task = many->source.it->task;
    int timeout_ms = ctl_timeout(many->ctl, -1);
    struct entry *entry;
    enum pmadc_status status;
    const char *wrong;

    if (!source_next(&many->source, &task, &wrong))
        return false;
    many->unfinished++;
    entry = entry_of(many, ++many->last);
    *entry = (struct entry){.deadline_ms = 0};
    if (wrong != NULL) {
        finish(many, many->last, CTL_USAGE, wrong);
        return true;
    }
    status = many->source.it->background
                 ? pmadc_submit_background(many->client, &task, timeout_ms, entry->handle)
                 : pmadc_submit(many->client, &task, timeout_ms, entry->handle);
    if (timeout_ms >= 0)
        entry->deadline_ms = ctl_now_ms() + (uint64_t)timeout_ms;
    if (!is_of_one(status))
        stop(many, ctl_exit_of(status), pmadc_error(many->client));
    else if (status != PMADC_OK)
        finish(many, many->last, ctl_exit_of(status), pmadc_error(many->client));
    else if (many->source.it->background)
        finish(many, many->last,
               keep(entry, entry->handle, strlen(entry->handle)) ? CTL_COMPLETE : CTL_FAILED,
               "out of memory");
    return true;
}

/* All have as much time, so the first that is unfinished is the first to run out of it. */
static size_t oldest(struct many *many)
{
    size_t number = many->first;

    while (entry_of(many, number)->finished)
        number++;
    return number;
}

static int time_left(const struct entry *entry)
{
    uint64_t now_ms = ctl_now_ms();

    if (entry->deadline_ms == 0)
        return -1;
    return entry->deadline_ms > now_ms ? (int)(entry->deadline_ms - now_ms) : 0;
}

/* The same for one wait: who watches wants to see that it goes on. */
static int patience(const struct many *many, const struct entry *entry)
{
    int left_ms = time_left(entry);

    return many->progress.shown && (left_ms < 0 || left_ms > REDRAW_MS) ? REDRAW_MS : left_ms;
}

/* Waits for the next end, or until the oldest has had its time. */
static void await_one(struct many *many)
{
    struct pmadc_events events = {.data = on_data, .warning = on_warning, .arg = many};
    size_t first = oldest(many);
    enum pmadc_status status =
        pmadc_wait(many->client, &events, patience(many, entry_of(many, first)), &many->result);
    size_t number = number_of(many, many->result.handle);

    if (status == PMADC_TIMEOUT && time_left(entry_of(many, first)) != 0)
        return;
    if (status == PMADC_TIMEOUT) {
        finish(many, first, CTL_TIMED_OUT, "timed out");
    } else if (!is_of_one(status)) {
        stop(many, ctl_exit_of(status), pmadc_error(many->client));
    } else if (number != 0) {
        bool kept = status != PMADC_OK ||
                    keep(entry_of(many, number), many->result.data, many->result.size);

        finish(many, number, kept ? ctl_exit_of(status) : CTL_FAILED,
               kept ? pmadc_error(many->client) : "out of memory");
    }
}

/* Says what became of them where that was not all good; the highest status is the run's. */
static enum ctl_exit sum_up(const struct many *many)
{
    static const char *const words[EXITS] = {
        [CTL_FAILED] = "failed",       [CTL_USAGE] = "unreadable", [CTL_REFUSED] = "refused",
        [CTL_TIMED_OUT] = "timed out", [CTL_NO_DAEMON] = "lost",
    };
    enum ctl_exit worst = CTL_COMPLETE;
    char line[128] = "";

    for (int as = CTL_FAILED; as < EXITS; as++) {
        size_t used = strlen(line);

        if (many->exits[as] == 0)
            continue;
        worst = (enum ctl_exit)as;
        (void)snprintf(line + used, sizeof line - used, ", %zu %s", many->exits[as], words[as]);
    }
    if (worst != CTL_COMPLETE)
        ctl_say("of %zu tasks %zu complete%s", many->source.taken, many->exits[CTL_COMPLETE], line);
    return worst;
}

static enum ctl_exit run(struct many *many)
{
    bool more = true;

    if (many->progress.shown)
        many->progress.total = source_total(&many->source);
    while (!many->stopped && (more || many->unfinished > 0)) {
        bool has_room = many->unfinished < many->limit && many->last + 1 - many->first < AHEAD_MAX;

        if (more && has_room)
            more = submit_next(many);
        else
            await_one(many);
        print_ready(many);
        ctl_progress_show(&many->progress);
    }
    ctl_progress_hide(&many->progress);
    return ctl_flush(sum_up(many));
}

enum ctl_exit ctl_submit_many(const struct ctl *ctl, struct pmadc *client,
                              const struct ctl_submission *it)
{
    struct many *many = calloc(1, sizeof *many);
    enum ctl_exit done = CTL_USAGE;

    if (many == NULL) {
        ctl_say("out of memory");
        return CTL_FAILED;
    }
    many->ctl = ctl;
    many->client = client;
    many->first = 1;
    many->limit = it->parallel > 0 ? (size_t)it->parallel : CTL_PARALLEL;
    ctl_progress_begin(&many->progress, 0);
    if (source_open(&many->source, it))
        done = run(many);
    source_close(&many->source);
    for (; many->first <= many->last; many->first++)
        free(entry_of(many, many->first)->output);
    free(many);
    return done;
}
