#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "ctl_command.h"
#include "ctl_text.h"

enum {
    JOBS_MAX = 1024,
    PREFETCH_MAX = 65534, /* with the task at work, the most credit there is */
    FIRST_PAUSE_MS = 100, /* before the daemon is looked for again; doubles each time */
    LAST_PAUSE_MS = 5000,
    CONNECT_TIMEOUT_MS = 5000,
};

struct work {
    const struct ctl *ctl;
    const char *function;
    const char *id;
    uint64_t jobs;
    uint64_t prefetch; /* tasks in hand beside the one at work */
    bool classic;      /* ask for each task */
    bool silent;       /* of several workers, one is enough to tell that the daemon is away */
    bool told_no_prefetch;
    struct ctl_command command;
};

/* ---- options ---- */

enum { KEY_PREFETCH = 0x100, KEY_CLASSIC }; /* without a letter */

static const struct argp_option options[] = {
    {.name = "jobs", .key = 'n', .arg = "N", .doc = "do N tasks at a time; 1 by default"},
    {.name = "prefetch",
     .key = KEY_PREFETCH,
     .arg = "N",
     .doc = "for each of them, have up to N more sent that wait here; 0 by default"},
    {.name = "classic",
     .key = KEY_CLASSIC,
     .doc = "ask for each task, as with any Gearman server, instead of being sent it"},
    {.name = "id", .key = 'i', .arg = "ID", .doc = "what `pmadctl workers' is to call it"},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct work *work = state->input;

    switch (key) {
    case 'n':
        if (!ctl_count(arg, 1, JOBS_MAX, &work->jobs))
            argp_error(state, "--jobs is a number from 1 to %d, not %s", JOBS_MAX, arg);
        return 0;
    case KEY_PREFETCH:
        if (!ctl_count(arg, 0, PREFETCH_MAX, &work->prefetch))
            argp_error(state, "--prefetch is a number from 0 to %d, not %s", PREFETCH_MAX, arg);
        return 0;
    case KEY_CLASSIC:
        work->classic = true;
        return 0;
    case 'i':
        work->id = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (work->function == NULL) {
            work->function = arg;
            return 0;
        }
        work->command.argv = &state->argv[state->next - 1];
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_END:
        if (work->function == NULL || work->command.argv == NULL)
            argp_error(state, "name the function and, behind --, the command that does it");
        if (work->classic && work->prefetch > 0)
            argp_error(state, "--classic asks for one task at a time: it has no --prefetch");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- one worker: signals ---- */

static struct {
    struct pmadc *volatile client; /* NULL: there is no task at hand, and none can come */
    struct ctl_command *command;
    volatile sig_atomic_t signals;
} worker;

/* The first signal ends the worker after the tasks in hand, a second one ends the command, too. */
static void on_stop(int number)
{
    (void)number;
    if (worker.client == NULL)
        _exit(CTL_COMPLETE);
    pmadc_stop(worker.client);
    if (worker.signals++ > 0 && worker.command->group > 0)
        (void)kill(-worker.command->group, SIGTERM);
}

static void handle(int number, void (*handler)(int number))
{
    struct sigaction action = {.sa_handler = handler};

    (void)sigaction(number, &action, NULL);
}

/* ---- one worker: tasks ---- */

/* Unanswered, a task goes back to the daemon for someone else, and so do those behind it. */
static void give_up_if_told_twice(void)
{
    if (worker.signals > 1)
        exit(CTL_FAILED);
}

static bool do_task(void *arg, const struct pmadc_job *job, const void **result, size_t *size)
{
    struct work *work = arg;
    int status;

    give_up_if_told_twice();
    status = ctl_command_run(&work->command, job->data, job->size);
    if (status < 0)
        ctl_say("cannot run %s: %s", work->command.argv[0], strerror(errno));
    give_up_if_told_twice();
    *result = work->command.output;
    *size = work->command.output_size;
    return status == 0;
}

/* Has tasks sent: one to do, and those to wait behind it. Where the daemon does not do that, each
 * is asked for, which is no news but to who wanted more than one. */
static enum pmadc_status ask_for_credit(struct work *work, struct pmadc *client)
{
    enum pmadc_status status =
        pmadc_worker_credit(client, 1 + (unsigned)work->prefetch, CONNECT_TIMEOUT_MS);

    if (status != PMADC_REFUSED || strcmp(pmadc_error_code(client), "UNKNOWN_OPTION") != 0)
        return status;
    if (work->prefetch > 0 && !work->silent && !work->told_no_prefetch)
        ctl_say("this daemon sends no tasks unasked: there is no --prefetch with it");
    work->told_no_prefetch = true;
    return PMADC_OK;
}

/* Registers. The ping comes back after an objection to what was said before it. */
static enum pmadc_status introduce(struct work *work, struct pmadc *client)
{
    enum pmadc_status status = PMADC_OK;

    if (work->id != NULL)
        status = pmadc_set_id(client, work->id);
    if (status == PMADC_OK)
        status = pmadc_can_do(client, work->function, do_task, work);
    if (status == PMADC_OK)
        status = pmadc_ping(client, CONNECT_TIMEOUT_MS);
    if (status == PMADC_OK && !work->classic)
        status = ask_for_credit(work, client);
    return status;
}

/* Works on one connection until it ends. */
static enum pmadc_status serve(struct work *work, struct pmadc *client)
{
    enum pmadc_status status;

    do {
        status = pmadc_work(client);
        if (status == PMADC_REFUSED) /* of one result, too large maybe; its task has failed */
            (void)ctl_explain(work->ctl, client, status);
    } while (status == PMADC_REFUSED);
    return status;
}

/* Connects and works. `*lost` says whether the user knows that the daemon is away. */
static enum pmadc_status attend(struct work *work, bool *lost, struct pmadc **client)
{
    const struct ctl *ctl = work->ctl;
    enum pmadc_status status =
        pmadc_connect(client, ctl->socket, ctl_timeout(ctl, CONNECT_TIMEOUT_MS));

    if (status != PMADC_OK)
        return status;
    worker.client = *client;
    status = introduce(work, *client);
    if (status != PMADC_OK)
        return status;
    if (*lost && !work->silent)
        ctl_say("the daemon is back");
    *lost = false;
    return serve(work, *client);
}

static bool may_pass(enum pmadc_status status)
{
    return status == PMADC_NO_DAEMON || status == PMADC_LOST || status == PMADC_TIMEOUT;
}

static void pause_for(int ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    (void)nanosleep(&left, NULL);
}

/* Works until told to stop, or until something is wrong that time does not mend. */
static enum ctl_exit work_on(struct work *work)
{
    int pause_ms = FIRST_PAUSE_MS;
    bool lost = false;

    worker.command = &work->command;
    handle(SIGTERM, on_stop);
    handle(SIGINT, on_stop);
    handle(SIGPIPE, SIG_IGN);
    for (;;) {
        struct pmadc *client;
        bool was_lost = lost;
        enum pmadc_status status = attend(work, &lost, &client);
        enum ctl_exit done = CTL_COMPLETE;

        if (!may_pass(status))
            done = ctl_explain(work->ctl, client, status);
        else if (!lost && !work->silent)
            ctl_say("%s; waiting for a daemon", pmadc_error(client));
        worker.client = NULL;
        pmadc_close(client);
        if (!may_pass(status) || worker.signals > 0)
            return done;
        if (was_lost && !lost)
            pause_ms = FIRST_PAUSE_MS;
        lost = true;
        pause_for(pause_ms);
        pause_ms = 2 * pause_ms < LAST_PAUSE_MS ? 2 * pause_ms : LAST_PAUSE_MS;
    }
}

/* ---- several workers ---- */

static struct {
    pid_t *pids;
    volatile sig_atomic_t count;
} crew;

static void on_stop_crew(int number)
{
    for (int i = 0; i < crew.count; i++)
        if (crew.pids[i] > 0)
            (void)kill(crew.pids[i], number);
}

/* In the child. Signals come from the parent only, who may be gone before that was arranged. */
static _Noreturn void be_one(struct work *work, pid_t parent, const sigset_t *unblocked)
{
    enum ctl_exit done;

    work->silent = crew.count > 0;
    crew.count = 0;
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        exit(CTL_COMPLETE);
    handle(SIGTERM, SIG_DFL);
    handle(SIGINT, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, unblocked, NULL);
    done = work_on(work);
    exit(done);
}

/* Nobody is told to stop who has not been started: signals wait until all are there. */
static enum ctl_exit start_crew(struct work *work)
{
    pid_t parent = getpid();
    sigset_t stops;
    sigset_t before;

    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &stops, &before);
    handle(SIGTERM, on_stop_crew);
    handle(SIGINT, on_stop_crew);
    while ((uint64_t)crew.count < work->jobs) {
        pid_t child = fork();

        if (child == 0)
            be_one(work, parent, &before);
        if (child < 0) {
            ctl_say("cannot start %llu workers: %s", (unsigned long long)work->jobs,
                    strerror(errno));
            on_stop_crew(SIGTERM);
            break;
        }
        crew.pids[crew.count++] = child;
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return (uint64_t)crew.count == work->jobs ? CTL_COMPLETE : CTL_FAILED;
}

/* Waits for all; the worst of their statuses is the crew's. */
static enum ctl_exit await_crew(enum ctl_exit worst)
{
    int left = crew.count;

    while (left > 0) {
        int status;
        pid_t ended = wait(&status);
        enum ctl_exit one = CTL_FAILED;

        if (ended < 0)
            continue; /* a signal, which has been passed on */
        if (WIFEXITED(status))
            one = (enum ctl_exit)WEXITSTATUS(status);
        worst = one > worst ? one : worst;
        for (int i = 0; i < crew.count; i++)
            if (crew.pids[i] == ended)
                crew.pids[i] = 0;
        left--;
    }
    return worst;
}

static enum ctl_exit work_in_crew(struct work *work)
{
    enum ctl_exit done;

    crew.pids = calloc(work->jobs, sizeof *crew.pids);
    if (crew.pids == NULL) {
        ctl_say("out of memory");
        return CTL_FAILED;
    }
    done = await_crew(start_crew(work));
    free(crew.pids);
    return done;
}

int ctl_work(struct ctl *ctl, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FUNCTION -- COMMAND [ARGUMENT...]",
        .doc =
            "Does tasks: runs COMMAND for each, with the payload on its stdin and its stdout as "
            "the result. A command that fails makes the task fail. When the daemon is away, waits "
            "for it.\vThe daemon sends tasks unasked, as many as are done at a time, so that none\n"
            "waits behind another while some worker is idle. With --prefetch more are sent\n"
            "ahead, for short tasks. A server that sends none is asked for each.\n\n"
            "Examples:\n  pmadctl work wc -- wc -w\n"
            "  pmadctl work thumbnail --jobs=4 -- convert - -resize 200x200 -\n\n"
            "SIGTERM or SIGINT ends it after the tasks in hand: those at work, and those\n"
            "that were sent ahead. A second one ends the command, too, and all of them go\n"
            "back to the daemon.",
    };
    struct work work = {.ctl = ctl, .jobs = 1};
    enum ctl_exit done;

    ctl_parse(ctl, &argp, argc, argv, &work);
    if (!ctl_command_exists(work.command.argv[0])) {
        ctl_say("cannot run %s: %s", work.command.argv[0], strerror(errno));
        return CTL_USAGE;
    }
    done = work.jobs == 1 ? work_on(&work) : work_in_crew(&work);
    free(work.command.output);
    return done;
}
