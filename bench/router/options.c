#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "options.h"

#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "load.h"

enum {
    PEERS_MAX = 60000,              /* a number of one fits 16 bits */
    SIZE_LARGEST = 64 * 1024 * 1024 /* of a task */
};

const char *const idle_names[] = {
    [IDLE_SILENT] = "silent", [IDLE_WORKER] = "worker", [IDLE_SAME] = "same"};

static const char help[] =
    "usage: router_load --protocol NAME --server unix:PATH|tcp:HOST:PORT --server-pid PID\n"
    "                   --mode MODE [OPTION...]\n\n"
    "Loads a task server that runs already, from both sides, and prints one line.\n\n"
    "  --protocol NAME   gearman, relay, beanstalk, redis or nats\n"
    "  --mode MODE       round_trip  one client, one task at a time\n"
    "                    pipelined   every client has tasks in flight; a closed loop\n"
    "                    fill        background tasks are queued, nobody works\n"
    "                    drain       queued background tasks are done; the queueing is not "
    "measured\n"
    "                    open_loop   tasks begin at a fixed rate; latency from the intended start\n"
    "  --clients N       (8; 1 in round_trip)\n"
    "  --flight N        tasks in flight for each client (16; 1 in round_trip)\n"
    "  --workers N       (8; 1 in round_trip; none in fill)\n"
    "  --size N          bytes of a task and of its result (64; 16 at least)\n"
    "  --functions N     functions to submit to in turn; every worker can do all (1)\n"
    "  --classic         workers ask (GRAB_JOB_ALL, PRE_SLEEP, NOOP): the default where there is "
    "that\n"
    "  --push N          workers have N credits, and tasks are pushed to them\n"
    "  --tasks N         of fill and drain (100000)\n"
    "  --rate R          tasks a second of open_loop (10000)\n"
    "  --warmup S        seconds before the measurement (0.5), not in fill and drain\n"
    "  --seconds S       seconds of the measurement (3), not in fill and drain\n"
    "  --idle N          connections besides (0)\n"
    "  --idle-as HOW     silent: they say nothing; worker: workers of functions that nobody "
    "calls;\n"
    "                    same: workers like the others, more than there is work for (silent)\n"
    "  --spin            looks for input without sleeping\n"
    "  --check           every result is compared, byte by byte, and every task comes back once\n"
    "  --cpu N           runs on this one\n"
    "  --help            this\n\n"
    "The line has times in microseconds, CPU time of the server for a task (user_us, system_us, "
    "cpu_us)\n"
    "and of this program (load_cpu_us), its resident memory before the first connection and at the "
    "end,\n"
    "and how many tasks were lost. `nan` stands for what there is none of. The exit status is 1, "
    "with\n"
    "a line that says why, if something is wrong or nothing comes forward for ten seconds.\n";

static unsigned long number(const char *option, const char *text, unsigned long min,
                            unsigned long max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || value < min || value > max)
        fail("--%s %s: a number from %lu to %lu is expected", option, text, min, max);
    return value;
}

static double real(const char *option, const char *text, double max)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0 && value <= max))
        fail("--%s %s: a number from 0 to %g is expected", option, text, max);
    return value;
}

static void stay_on(unsigned long cpu)
{
    cpu_set_t only;

    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    if (sched_setaffinity(0, sizeof only, &only) < 0)
        fail("--cpu %lu: there is none, or not for us", cpu);
}

static enum idle_as idle_named(const char *name)
{
    for (unsigned i = 0; i < sizeof idle_names / sizeof *idle_names; i++)
        if (strcmp(idle_names[i], name) == 0)
            return (enum idle_as)i;
    fail("--idle-as %s: silent, worker or same is expected", name);
}

/* One option that has an argument. */
static void option_take(struct options *options, int option, const char *name, const char *value)
{
    switch (option) {
    case 'p':
        options->protocol = protocol_named(value);
        if (options->protocol == NULL)
            fail("--protocol %s: there are %s", value, protocol_names);
        break;
    case 'm':
        options->mode = mode_named(value);
        if (options->mode == NULL)
            fail("--mode %s: there are %s", value, mode_names);
        break;
    case 's':
        options->server = value;
        break;
    case 'P':
        options->server_pid = (pid_t)number(name, value, 1, INT_MAX);
        break;
    case 'u':
        options->push = (unsigned)number(name, value, 1, 65535);
        break;
    case 'c':
        options->clients = (unsigned)number(name, value, 1, PEERS_MAX);
        break;
    case 'f':
        options->flight = (unsigned)number(name, value, 1, 1000000);
        break;
    case 'w':
        options->workers = (unsigned)number(name, value, 1, PEERS_MAX);
        break;
    case 'F':
        options->functions = (unsigned)number(name, value, 1, 1000000);
        break;
    case 'z':
        options->size = number(name, value, TASK_SIZE_MIN, SIZE_LARGEST);
        break;
    case 't':
        options->tasks = number(name, value, 1, UINT32_MAX);
        break;
    case 'r':
        options->rate = real(name, value, 1e9);
        break;
    case 'W':
        options->warmup = real(name, value, 1e5);
        break;
    case 'S':
        options->seconds = real(name, value, 1e5);
        break;
    case 'i':
        options->idle = (unsigned)number(name, value, 0, PEERS_MAX);
        break;
    case 'I':
        options->idle_as = idle_named(value);
        break;
    case 'C':
        stay_on(number(name, value, 0, CPU_SETSIZE - 1));
        break;
    default: /* getopt has said what is wrong */
        exit(EXIT_FAILURE);
    }
}

static void defaults_complete(struct options *options)
{
    bool alone = options->mode == &round_trip;

    if (alone && (options->clients > 1 || options->flight > 1))
        fail("--mode round_trip has one client with one task in flight; pipelined has more");
    if (options->clients == 0)
        options->clients = alone ? 1 : 8;
    if (options->flight == 0)
        options->flight = alone ? 1 : 16;
    if (options->workers == 0)
        options->workers = alone ? 1 : 8;
    if (options->mode == &fill)
        options->workers = 0;
}

/* What each says alone is possible; is it together? */
static void options_judge(const struct options *options, bool classic)
{
    const struct protocol *protocol = options->protocol;

    if (protocol == NULL || options->mode == NULL || options->server == NULL ||
        options->server_pid == 0)
        fail("--protocol, --server, --server-pid and --mode are needed; --help says more");
    if (classic && options->push > 0)
        fail("--classic and --push cannot both be");
    if (options->push > 0 && !protocol->pushes)
        fail("--push: %s has no credits", protocol->name);
    if (options->push == 0 && !protocol->asks)
        fail("%s has no workers that ask: say --push N", protocol->name);
    if (options->mode->keeps && !protocol->keeps)
        fail("--mode %s: %s keeps no tasks", options->mode->name, protocol->name);
    if (options->idle > 0 && options->idle_as == IDLE_WORKER && !protocol->functions)
        fail("--idle-as worker: %s knows no functions", protocol->name);
    if (!(options->rate > 0) || !(options->seconds > 0))
        fail("--rate and --seconds must be above 0");
    if (options->workers + options->idle > PEERS_MAX)
        fail("--workers and --idle: %d together at most", PEERS_MAX);
}

void options_read(struct options *options, int argc, char **argv)
{
    enum { CLASSIC = 256, SPIN, CHECK, HELP };
    static const struct option known[] = {
        {"protocol", required_argument, NULL, 'p'},  {"mode", required_argument, NULL, 'm'},
        {"server", required_argument, NULL, 's'},    {"server-pid", required_argument, NULL, 'P'},
        {"push", required_argument, NULL, 'u'},      {"clients", required_argument, NULL, 'c'},
        {"flight", required_argument, NULL, 'f'},    {"workers", required_argument, NULL, 'w'},
        {"functions", required_argument, NULL, 'F'}, {"size", required_argument, NULL, 'z'},
        {"tasks", required_argument, NULL, 't'},     {"rate", required_argument, NULL, 'r'},
        {"warmup", required_argument, NULL, 'W'},    {"seconds", required_argument, NULL, 'S'},
        {"idle", required_argument, NULL, 'i'},      {"idle-as", required_argument, NULL, 'I'},
        {"cpu", required_argument, NULL, 'C'},       {"classic", no_argument, NULL, CLASSIC},
        {"spin", no_argument, NULL, SPIN},           {"check", no_argument, NULL, CHECK},
        {"help", no_argument, NULL, HELP},           {NULL, 0, NULL, 0},
    };
    bool classic = false;
    int option;
    int index = 0;

    *options = (struct options){
        .size = 64, .functions = 1, .tasks = 100000, .rate = 10000, .warmup = 0.5, .seconds = 3};
    while ((option = getopt_long(argc, argv, "", known, &index)) != -1)
        switch (option) {
        case CLASSIC:
            classic = true;
            break;
        case SPIN:
            options->spin = true;
            break;
        case CHECK:
            options->check = true;
            break;
        case HELP:
            fputs(help, stdout);
            exit(EXIT_SUCCESS);
        default:
            option_take(options, option, known[index].name, optarg);
        }
    if (optind < argc)
        fail("%s: is no option; --help lists them", argv[optind]);
    options_judge(options, classic);
    defaults_complete(options);
}
