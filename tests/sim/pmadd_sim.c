/*
 * pmadd-sim: a router, its peers and the world between them, made from one number.
 *
 *     pmadd-sim [--seed N | --fresh] [--hours H | --steps N] [--world NAME]
 *               [--replay] [--find TEXT] [--shrink FILE] [--verbose]
 *     pmadd-sim --script FILE [--shrink FILE] [--verbose]
 *
 * Rolls how the router is set (limits, rules and reserves of functions, patterns of rights) and what
 * happens (who connects, submits, grabs, has credit, finishes, cancels, stops reading, falls silent, lies,
 * leaves; frames cut anywhere; time that passes or leaps, a clock that is set; allocations that fail),
 * drives the core with it and holds all that is heard against the model.
 *
 * There are four worlds, and the run is played in each: `ample` pools, where every message is known in
 * advance; `starved` ones; a `crowded` one with thousands of tasks; and a `scarce` one, where any
 * allocation may fail. With --steps one thing follows the other at once; with --hours there are bursts,
 * trickles and nights, H simulated hours in all, divided among the worlds.
 *
 * The seed is printed first, and last how many events (inputs of the core: a connection, its end, a
 * turn, bytes handed over, bytes taken) there were in how much simulated and real time. The same seed
 * gives the same run, which the digest tells. A finding is printed with the command that replays it;
 * then, and where --replay or --script ask for it, everything is checked after every step.
 *
 * --shrink FILE looks for the steps that the finding takes and leaves them as a script in FILE. With
 * --find TEXT a line of the log that contains TEXT is a finding, so that the shortest way to any event
 * can be looked for.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "hunt.h"
#include "script.h"

enum { STEPS = 20000, SECONDS_OF_HOUR = 3600 };

#define HOUR_US (UINT64_C(1000000) * SECONDS_OF_HOUR)

struct arguments {
    struct plan plan;
    double hours;
    const char *script, *shrink;
};

/* ---- when something is wrong ---- */

static struct progress *shared;
static char replay[256]; /* the command that plays the run again */

static void put(const char *text)
{
    /* Nothing can be done about a failure to say what failed. */
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        _exit(1);
}

static void print_tail(void)
{
    const struct world *world = run_on_stage;

    if (world != NULL) {
        put("the last events:\n");
        for (size_t i = 0; i < LOG_LINES; i++)
            put(world->log[(world->log_next + i) % LOG_LINES]);
    }
    put(replay);
}

static void fail(const char *finding)
{
    char *left = shared->finding;

    (void)fflush(stdout);
    (void)snprintf(left, sizeof shared->finding, "%s", finding);
    put("pmadd-sim: ");
    put(finding);
    put("\n");
    print_tail();
    _exit(1);
}

/* A trap in the core: MUST, or a sanitizer; or steps that take far too long, see run_play(). */
static void on_trap(int signal_number)
{
    put(signal_number == SIGVTALRM ? "pmadd-sim: the core does not come to an end\n"
                                   : "pmadd-sim: the core has stopped itself\n");
    print_tail();
    _exit(1);
}

static void catch_all(void)
{
    static const int signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGVTALRM};

    driver_failed = fail;
    model_failed = fail;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)signal(signals[i], on_trap);
}

/* ---- what is asked ---- */

static void complain(const char *what, const char *about)
{
    (void)fprintf(stderr, "pmadd-sim: %s: %s\n", what, about);
    exit(2);
}

static uint64_t number_or_exit(const char *text)
{
    char *end;
    uint64_t number = strtoull(text, &end, 10);

    if (*text == 0 || *end != 0)
        complain("not a number", text);
    return number;
}

static double hours_or_exit(const char *text)
{
    char *end;
    double hours = strtod(text, &end);

    if (*text == 0 || *end != 0 || !(hours > 0 && hours < 1e8))
        complain("not a number of hours", text);
    return hours;
}

static uint64_t fresh_seed(void)
{
    uint32_t seed = 0;

    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        complain("no random numbers", "getrandom");
    return seed;
}

static const struct kind *kind_or_exit(const char *name)
{
    const struct kind *kind = kind_named(name);

    if (kind == NULL)
        complain("no world of that name", name);
    return kind;
}

static void parse(struct arguments *arguments, int argc, char **argv)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'},
                                            {"fresh", no_argument, NULL, 'F'},
                                            {"steps", required_argument, NULL, 'n'},
                                            {"hours", required_argument, NULL, 'h'},
                                            {"world", required_argument, NULL, 'w'},
                                            {"replay", no_argument, NULL, 'r'},
                                            {"find", required_argument, NULL, 'f'},
                                            {"shrink", required_argument, NULL, 'k'},
                                            {"script", required_argument, NULL, 'p'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    struct plan *plan = &arguments->plan;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
            plan->script.seed = number_or_exit(optarg);
            break;
        case 'F':
            plan->script.seed = fresh_seed();
            break;
        case 'n':
            plan->steps = (unsigned long)number_or_exit(optarg);
            break;
        case 'h':
            arguments->hours = hours_or_exit(optarg);
            break;
        case 'w':
            plan->script.kind = kind_or_exit(optarg);
            break;
        case 'r':
            plan->check_all = true;
            break;
        case 'f':
            plan->script.find = optarg;
            break;
        case 'k':
            arguments->shrink = optarg;
            break;
        case 'p':
            arguments->script = optarg;
            break;
        case 'v':
            plan->verbose = true;
            break;
        default:
            exit(2);
        }
    }
    if (optind < argc)
        complain("not an option", argv[optind]);
}

static void read_script(struct arguments *arguments)
{
    FILE *file = fopen(arguments->script, "r");
    const char *wrong;

    if (file == NULL)
        complain("cannot be read", arguments->script);
    wrong = script_read(&arguments->plan.script, file);
    (void)fclose(file);
    if (wrong != NULL)
        complain(arguments->script, wrong);
    arguments->plan.check_all = true;
}

/* ---- playing ---- */

static void write_replay(const struct arguments *arguments)
{
    const struct plan *plan = &arguments->plan;
    char length[48];

    if (arguments->script != NULL)
        return;
    if (plan->script.paced)
        (void)snprintf(length, sizeof length, "--hours %.9g",
                       (double)plan->until_us / (double)HOUR_US);
    else
        (void)snprintf(length, sizeof length, "--steps %lu", plan->steps);
    (void)snprintf(replay, sizeof replay,
                   "replay: pmadd-sim --seed %" PRIu64
                   " --world %s %s --replay; to shrink it: --shrink FILE\n",
                   plan->script.seed, plan->script.kind->name, length);
}

static void play_or_hunt(const struct arguments *arguments, struct outcome *total)
{
    const struct plan *plan = &arguments->plan;
    struct outcome outcome;

    write_replay(arguments);
    if (arguments->shrink != NULL && hunt_finds(plan))
        exit(hunt_shrinks(plan, arguments->shrink) ? 1 : 2);
    outcome = run_play(plan);
    total->events += outcome.events;
    total->us += outcome.us;
    total->digest = total->digest * UINT64_C(0x9e3779b97f4a7c15) + outcome.digest;
}

static void play_all(struct arguments *arguments, struct outcome *total)
{
    struct plan *plan = &arguments->plan;
    const struct kind *only = plan->script.kind;
    size_t count = only != NULL ? 1 : KINDS;

    plan->script.paced = plan->script.paced || arguments->hours > 0;
    plan->until_us = (uint64_t)(arguments->hours * (double)HOUR_US / (double)count);
    for (size_t i = 0; i < count; i++) {
        plan->script.kind = only != NULL ? only : &kinds[i];
        play_or_hunt(arguments, total);
    }
}

static double seconds_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.plan = {.script = {.seed = 1}, .steps = STEPS}};
    struct outcome total = {0};
    double begin = seconds_now();

    /* Shared with the processes that hunt_finds() makes. */
    arguments.plan.progress = mmap(NULL, sizeof *arguments.plan.progress, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (arguments.plan.progress == MAP_FAILED)
        complain("no memory", "mmap");
    parse(&arguments, argc, argv);
    if (arguments.script != NULL)
        read_script(&arguments);
    shared = arguments.plan.progress;
    catch_all();
    printf("seed %" PRIu64 "\n", arguments.plan.script.seed);
    (void)fflush(stdout);
    play_all(&arguments, &total);
    script_free(&arguments.plan.script);
    printf("digest %016" PRIx64 "\n", total.digest);
    printf("%" PRIu64 " events, %.1f simulated hours, %.1f s\n", total.events,
           (double)total.us / (double)HOUR_US, seconds_now() - begin);
    return EXIT_SUCCESS;
}
