/* pmadctl check: a task of our own, all the way there and back. */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl_list.h"

enum {
    STEP_MS = 5000,
    PAYLOAD_SIZE = 256, /* every byte there is */
    NOTE_SIZE = 512,
    NAME_SIZE = 64,
    LINE_SIZE = 96
};

struct check {
    const struct ctl *ctl;
    bool json;
    char function[NAME_SIZE];
    uint8_t payload[PAYLOAD_SIZE];
    uint8_t answer[PAYLOAD_SIZE]; /* the payload backwards: nobody else would send that */
    struct pmadc *client, *worker;
    bool registered;
    char handle[64];
    FILE *report;
    char note[NOTE_SIZE]; /* of the step at hand: what it found, or why it failed */
};

static int limit(const struct check *check)
{
    return ctl_timeout(check->ctl, STEP_MS);
}

static void note(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(check->note, sizeof check->note, format, args);
    va_end(args);
}

/* Takes what a call met for the note; returns what that is to who called pmadctl. */
static enum ctl_exit judge(struct check *check, const struct pmadc *peer, enum pmadc_status status)
{
    if (status != PMADC_OK)
        note(check, "%s", pmadc_error(peer));
    return ctl_exit_of(status);
}

/* ---- the steps ---- */

static enum ctl_exit do_connect(struct check *check)
{
    char address[NOTE_SIZE];
    enum pmadc_status status = pmadc_connect(&check->client, check->ctl->socket, limit(check));

    if (status == PMADC_OK) {
        status = pmadc_connect(&check->worker, check->ctl->socket, limit(check));
        if (status != PMADC_OK)
            return judge(check, check->worker, status);
    }
    note(check, "%s", pmadc_address(address, sizeof address, check->ctl->socket));
    return judge(check, check->client, status);
}

static enum ctl_exit do_version(struct check *check)
{
    const char *text = "";
    enum pmadc_status status = pmadc_admin(check->client, "version", limit(check), &text);

    note(check, "%s", strncmp(text, "OK ", 3) == 0 ? text + 3 : text);
    return judge(check, check->client, status);
}

static enum ctl_exit do_echo(struct check *check)
{
    return judge(check, check->client, pmadc_ping(check->client, limit(check)));
}

static bool answer(void *arg, const struct pmadc_job *job, const void **result, size_t *size)
{
    struct check *check = arg;
    const uint8_t *data = job->data;

    for (size_t i = 0; i < job->size && i < PAYLOAD_SIZE; i++)
        check->answer[i] = data[job->size - 1 - i];
    *result = check->answer;
    *size = job->size < PAYLOAD_SIZE ? job->size : PAYLOAD_SIZE;
    return true;
}

static enum ctl_exit do_register(struct check *check)
{
    enum pmadc_status status = pmadc_can_do(check->worker, check->function, answer, check);

    if (status == PMADC_OK)
        status = pmadc_ping(check->worker, limit(check));
    check->registered = status == PMADC_OK;
    note(check, "%s", check->function);
    return judge(check, check->worker, status);
}

static enum ctl_exit do_submit(struct check *check)
{
    struct pmadc_task task = {
        .function = check->function, .data = check->payload, .size = PAYLOAD_SIZE};
    enum pmadc_status status = pmadc_submit(check->client, &task, limit(check), check->handle);

    note(check, "%s", check->handle);
    return judge(check, check->client, status);
}

static enum ctl_exit do_work(struct check *check)
{
    return judge(check, check->worker, pmadc_work_once(check->worker, limit(check)));
}

static enum ctl_exit do_result(struct check *check)
{
    struct pmadc_result result;
    enum pmadc_status status = pmadc_wait(check->client, NULL, limit(check), &result);
    bool same = status == PMADC_OK && result.size == PAYLOAD_SIZE &&
                strcmp(result.handle, check->handle) == 0;

    for (size_t i = 0; same && i < PAYLOAD_SIZE; i++)
        same = ((const uint8_t *)result.data)[i] == check->payload[PAYLOAD_SIZE - 1 - i];
    note(check, "%d bytes", PAYLOAD_SIZE);
    if (status == PMADC_OK && !same) {
        note(check, "it is another than the worker sent");
        return CTL_FAILED;
    }
    return judge(check, check->client, status);
}

/* To drop a function is the right of few; the daemon drops it itself when it needs the place. */
static enum ctl_exit do_clean_up(struct check *check)
{
    char line[LINE_SIZE];
    const char *text;
    enum pmadc_status status = pmadc_cant_do(check->worker, check->function);

    if (status == PMADC_OK)
        status = pmadc_ping(check->worker, limit(check));
    if (status != PMADC_OK)
        return judge(check, check->worker, status);
    (void)snprintf(line, sizeof line, "drop function %s", check->function);
    status = pmadc_admin(check->client, line, limit(check), &text);
    if (status == PMADC_REFUSED && strcmp(pmadc_error_code(check->client), "ACCESS_DENIED") == 0) {
        note(check, "you may not drop functions, so %s stays listed", check->function);
        return CTL_COMPLETE;
    }
    return judge(check, check->client, status);
}

static const struct step {
    const char *name;
    enum ctl_exit (*go)(struct check *check);
    bool undoes; /* what `register' has done, however the others ended */
} steps[] = {
    {"connect", do_connect, false},   {"version", do_version, false},  {"echo", do_echo, false},
    {"register", do_register, false}, {"submit", do_submit, false},    {"work", do_work, false},
    {"result", do_result, false},     {"clean up", do_clean_up, true},
};

/* ---- the report ---- */

static const struct ctl_listing report = {
    .line = "check",
    .column_count = 4,
    .columns = {{"STEP", "step", CTL_TEXT},
                {"VERDICT", "verdict", CTL_TEXT},
                {"MS", "ms", CTL_MS},
                {"NOTE", "note", CTL_TEXT}},
};

static double now_in_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void put_row(struct check *check, const char *name, const char *verdict, double ms)
{
    for (char *at = check->note; (at = strpbrk(at, "\t\r\n")) != NULL;)
        *at = ' ';
    (void)fprintf(check->report, "%s\t%s\t%.3f\t%s\n", name, verdict, ms, check->note);
}

/* The first step that fails is the verdict; those behind it are skipped. */
static enum ctl_exit take_steps(struct check *check)
{
    double begun = now_in_ms();
    enum ctl_exit verdict = CTL_COMPLETE;
    const char *failed = "";

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        double from = now_in_ms();
        bool skipped = verdict != CTL_COMPLETE && !(steps[i].undoes && check->registered);
        enum ctl_exit done = CTL_COMPLETE;

        note(check, "%s", "");
        if (!skipped)
            done = steps[i].go(check);
        put_row(check, steps[i].name,
                skipped                ? "skipped"
                : done == CTL_COMPLETE ? "ok"
                                       : "FAILED",
                now_in_ms() - from);
        if (verdict == CTL_COMPLETE && done != CTL_COMPLETE) {
            verdict = done;
            failed = steps[i].name;
        }
    }
    if (verdict == CTL_COMPLETE)
        note(check, "the whole way of a task works");
    else
        note(check, "it ends at `%s'", failed);
    put_row(check, "all", verdict == CTL_COMPLETE ? "ok" : "FAILED", now_in_ms() - begun);
    return verdict;
}

static void prepare(struct check *check)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(check->function, sizeof check->function, "pmadctl-check-%lx-%lx",
                   (unsigned long)getpid(), (unsigned long)now.tv_nsec);
    for (size_t i = 0; i < PAYLOAD_SIZE; i++)
        check->payload[i] = (uint8_t)i;
}

int ctl_check(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = ctl_list_options,
        .parser = ctl_list_parse,
        .doc = "Tries the whole way of a task: connects, registers a function of its own, submits "
               "a task for it, does it, and compares the result. Says how long each step took, and "
               "where it ends. Needs the rights to observe, work and submit.\vExample:\n"
               "  pmadctl check || systemctl status pmadd",
    };
    struct check check = {.ctl = ctl};
    char *text = NULL;
    size_t size = 0;
    enum ctl_exit done, shown;

    ctl_parse(ctl, &argp, argc, argv, &check.json);
    prepare(&check);
    check.report = open_memstream(&text, &size);
    if (check.report == NULL) {
        ctl_say("out of memory");
        return CTL_FAILED;
    }
    done = take_steps(&check);
    pmadc_close(check.client);
    pmadc_close(check.worker);
    shown = fclose(check.report) == 0 ? ctl_list_show(&report, text, check.json) : CTL_FAILED;
    free(text);
    if (done == CTL_COMPLETE)
        done = shown;
    return done;
}
