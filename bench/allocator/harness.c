/*
 * bench_alloc_NAME MODE [OPTION...]: measures one allocator in one mode, in a process of its own.
 *
 * One source, compiled once per allocator; subject.h is all that differs. `bench/allocator/run` calls
 * it for all of them in turn; by hand, --help says what there is.
 */
#include "harness.h"

#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void mode_who(const struct job *job);

/* A mode, and what it does if it is told nothing. */
static const struct mode {
    const char *name;
    void (*run)(const struct job *job);
    size_t count, repeat;
    const char *what;
} modes[] = {
    {"hot", mode_hot, 1024, 100000,
     "take and give back one block; repeat: blocks of 32, and singles"},
    {"batch", mode_batch, 1000, 200, "take COUNT, then give back all; repeat: batches"},
    {"churn", mode_churn, 262144, 1000000, "replace a random one of COUNT; repeat: replacements"},
    {"order", mode_order, 100000, 9, "give back COUNT in an order, take all again; repeat: rounds"},
    {"startup", mode_startup, 1000000, 1, "from nothing to COUNT objects, each written once"},
    {"memory", mode_memory, 1000000, 1, "resident bytes for each of COUNT objects"},
    {"quiet", mode_quiet, 262144, 10000000, "system calls and page faults of a churn"},
    {"profile", mode_profile, 1, 20000, "a reference layout by name: hot, and what fits in"},
    {"who", mode_who, 1, 1, "which library serves, and how good the clock is"},
};

enum { MODES = sizeof modes / sizeof modes[0] };

const char *const order_names[ORDERS] = {"lifo", "fifo", "random"};

_Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_alloc_%s: %s: %s\n", SUBJECT_NAME, what, why);
    exit(1);
}

static void help(void)
{
    printf("usage: bench_alloc_%s MODE [OPTION...]\n\n"
           "  --size N|mixed     bytes of an object (64); mixed is %d to %d, in churn\n"
           "  --count N          objects alive at once\n"
           "  --repeat N         how often, in the mode's own unit\n"
           "  --order NAME       lifo, fifo or random, in order (random)\n"
           "  --profile NAME     a reference layout, in profile (balanced)\n"
           "  --seed N           of everything random (1)\n"
           "  --cpu N            runs on this one; without it, wherever the system likes\n"
           "  --raw FILE         writes all samples: a text line before each series, then 32-bit "
           "ticks\n"
           "  --no-huge-pages    pools do without them\n\nmodes:\n",
           SUBJECT_NAME, MIXED_MIN, MIXED_MAX);
    for (size_t i = 0; i < MODES; i++)
        printf("  %-8s %s (count %zu, repeat %zu)\n", modes[i].name, modes[i].what, modes[i].count,
               modes[i].repeat);
}

static size_t number(const char *option, const char *text)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || value > UINT32_MAX)
        fail(option, text);
    return (size_t)value;
}

static size_t size_named(const char *text)
{
    size_t size;

    if (strcmp(text, "mixed") == 0)
        return 0;
    size = number("--size", text);
    if (size < WORD_MIN)
        fail("--size", "a word has to go in, so 16 is the least");
    return size;
}

static enum order order_named(const char *text)
{
    for (enum order order = ORDER_LIFO; order < ORDERS; order++)
        if (strcmp(order_names[order], text) == 0)
            return order;
    fail("--order", text);
}

static int raw_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0)
        fail("--raw", path);
    return fd;
}

static void stay_on(size_t cpu)
{
    cpu_set_t only;

    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    if (sched_setaffinity(0, sizeof only, &only) < 0)
        fail("--cpu", "not to be had");
}

/* Reads the options into `job`, which has the defaults of its mode. */
static void parse(struct job *job, int argc, char **argv)
{
    static const struct option options[] = {
        {"size", required_argument, NULL, 's'},    {"count", required_argument, NULL, 'c'},
        {"repeat", required_argument, NULL, 'r'},  {"order", required_argument, NULL, 'o'},
        {"profile", required_argument, NULL, 'p'}, {"seed", required_argument, NULL, 'S'},
        {"cpu", required_argument, NULL, 'C'},     {"raw", required_argument, NULL, 'R'},
        {"no-huge-pages", no_argument, NULL, 'H'}, {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
            job->size = size_named(optarg);
            break;
        case 'c':
            job->count = number("--count", optarg);
            break;
        case 'r':
            job->repeat = number("--repeat", optarg);
            break;
        case 'o':
            job->order = order_named(optarg);
            break;
        case 'p':
            job->profile = optarg;
            break;
        case 'S':
            job->seed = number("--seed", optarg);
            break;
        case 'C':
            stay_on(number("--cpu", optarg));
            break;
        case 'R':
            job->raw = raw_file(optarg);
            break;
        case 'H':
            job->huge_pages = 0;
            break;
        default:
            exit(2);
        }
    }
    if (optind < argc)
        fail(argv[optind], "is no option");
    if (job->count == 0 || job->repeat == 0 || job->seed == 0)
        fail("--count, --repeat, --seed", "cannot be 0");
    if (job->size == 0 && strcmp(job->mode, "churn") != 0)
        fail("--size mixed", "is for churn");
}

static void mode_who(const struct job *job)
{
    say_begin(job, "clock", "ns");
    printf(" clock=%s tick=%.6f floor=%.3f", CLOCK_NAME, clock_facts.tick_ns,
           clock_facts.floor * clock_facts.tick_ns);
    say_end();
    printf("library=%s\nversion=%s\n", subject_library(), subject_version());
}

int main(int argc, char **argv)
{
    static char output[BUFSIZ]; /* or stdio would take one from the allocator under measurement */
    struct job job = {.size = 64,
                      .order = ORDER_RANDOM,
                      .seed = 1,
                      .profile = "balanced",
                      .huge_pages = 1,
                      .raw = -1};
    const struct mode *mode = modes;

    setvbuf(stdout, output, _IOFBF, sizeof output);
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        help();
        return argc < 2 ? 2 : 0;
    }
    while (mode < modes + MODES && strcmp(mode->name, argv[1]) != 0)
        mode++;
    if (mode == modes + MODES)
        fail(argv[1], "is no mode; --help lists them");

    job.mode = mode->name;
    job.count = mode->count;
    job.repeat = mode->repeat;
    parse(&job, argc - 1, argv + 1);
    (void)subject_library();
    clock_measure();
    mode->run(&job);
    return fflush(stdout) == 0 ? 0 : 1;
}
