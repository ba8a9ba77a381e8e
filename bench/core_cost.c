/*
 * bench_core_cost [--functions N] [--workers N] [--queued N] [--flight N] [--size BYTES]
 *                 [--unique] [--all] [--tasks N]
 *
 * What does a task cost in the core alone, without sockets, from SUBMIT_JOB to WORK_COMPLETE at its
 * client? One line:
 *
 *     bench=core_cost functions=1 workers=8 queued=0 flight=16 size=64 unique=0 tasks=1000000
 *     ns_per_task=... minimum_ns=...
 *
 * (in one line). A client submits `flight` tasks in one read, the workers, who are pushed, answer what
 * they were given in one read each; only the calls of router.h count. The functions take turns, each
 * worker can do one of them (with --all every one), and `queued` background tasks wait for a
 * function that nobody can do. Medians and minimum over blocks of 1000 rounds: how the figure grows with
 * functions, workers and tasks is what it is for.
 */
#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gm_frame.h"
#include "pools.h"
#include "router.h"

enum { SLICES = 256, BLOCKS_MAX = 4096, ROUNDS = 1000, BUFFER = 1 << 20, NAME_SIZE = 32 };

struct options {
    size_t functions, workers, queued, flight, size, tasks;
    bool unique, all;
};

/* One side of a connection: what it will say, what it was told. */
struct side {
    struct peer peer;
    uint8_t *says, *hears;
    size_t to_say, heard;
};

struct bench {
    struct options options;
    struct router_pools pools;
    struct router *router;
    struct side client, *workers;
    struct side **told; /* the workers that have heard something */
    size_t told_count;
    uint64_t spent_ns;
    uint64_t submitted, completed;
    uint8_t payload[4096];
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_core_cost: %s\n", what);
    exit(EXIT_FAILURE);
}

static void *take(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL)
        fail("out of memory");
    return memory;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct gm_slice text_of(const char *text)
{
    return (struct gm_slice){(const uint8_t *)text, strlen(text)};
}

/* ---- what is said ---- */

static void add(struct side *side, enum gm_type type, const struct gm_slice *args,
                struct gm_slice body)
{
    size_t size = gm_head_encode(side->says + side->to_say, BUFFER - side->to_say, GM_REQ, type,
                                 args, body.size);

    if (size == 0 || side->to_say + size + body.size > BUFFER)
        fail("a frame does not fit");
    side->to_say += size;
    if (body.size > 0)
        memcpy(side->says + side->to_say, body.bytes, body.size);
    side->to_say += body.size;
}

/* Hands over all that it has to say. */
static void speak(struct bench *bench, struct side *side)
{
    size_t said = 0;

    while (said < side->to_say) {
        struct iovec room[SLICES];
        uint64_t begin = now_ns();
        size_t count = peer_input(&side->peer, room, SLICES);
        size_t given = 0;

        if (count == 0)
            fail("somebody is not listened to");
        for (size_t i = 0; i < count && said + given < side->to_say; i++) {
            size_t left = side->to_say - said - given;
            size_t part = room[i].iov_len < left ? room[i].iov_len : left;

            memcpy(room[i].iov_base, side->says + said + given, part);
            given += part;
        }
        peer_input_got(&side->peer, given);
        bench->spent_ns += now_ns() - begin;
        said += given;
    }
    side->to_say = 0;
}

/* Takes all that anybody is told. */
static void listen_all(struct bench *bench)
{
    uint64_t begin = now_ns();
    struct peer *peer;

    do {
        while ((peer = router_next_output(bench->router)) != NULL) {
            struct side *side = (struct side *)(void *)peer;
            struct iovec slices[SLICES];
            size_t count;

            if (side != &bench->client && side->heard == 0)
                bench->told[bench->told_count++] = side;
            while ((count = peer_output(peer, slices, SLICES)) > 0) {
                size_t bytes = 0;

                for (size_t i = 0; i < count; i++) {
                    memcpy(side->hears + side->heard + bytes, slices[i].iov_base,
                           slices[i].iov_len);
                    bytes += slices[i].iov_len;
                }
                side->heard += bytes;
                peer_output_sent(peer, bytes);
            }
        }
    } while (router_settle(bench->router));
    bench->spent_ns += now_ns() - begin;
}

/* ---- a round ---- */

static void submit(struct bench *bench, enum gm_type type, size_t function)
{
    char name[NAME_SIZE];
    char unique[NAME_SIZE] = "";
    struct gm_slice args[2];

    snprintf(name, sizeof name, "function-%zu", function);
    if (bench->options.unique)
        snprintf(unique, sizeof unique, "%" PRIu64, bench->submitted);
    args[0] = text_of(name);
    args[1] = text_of(unique);
    bench->submitted++;
    add(&bench->client, type, args, (struct gm_slice){bench->payload, bench->options.size});
}

/* Answers every task it was given, with the payload. */
static void answer(struct side *worker)
{
    size_t at = 0;

    while (at < worker->heard) {
        struct gm_head head;

        if (gm_head_decode(&head, worker->hears + at, worker->heard - at, BUFFER) != GM_HEAD)
            fail("a worker hears half a frame");
        at += head.head_size;
        if (head.type == GM_JOB_ASSIGN_UNIQ)
            add(worker, GM_WORK_COMPLETE, head.args,
                (struct gm_slice){worker->hears + at, head.body_size});
        at += head.body_size;
    }
    worker->heard = 0;
}

static void count_completed(struct bench *bench)
{
    struct side *client = &bench->client;
    size_t at = 0;

    while (at < client->heard) {
        struct gm_head head;

        if (gm_head_decode(&head, client->hears + at, client->heard - at, BUFFER) != GM_HEAD)
            fail("the client hears half a frame");
        bench->completed += head.type == GM_WORK_COMPLETE;
        at += head.head_size + head.body_size;
    }
    client->heard = 0;
}

static void turn(struct bench *bench)
{
    static uint64_t us;

    router_tick(bench->router, (struct router_now){.mono_us = us, .wall_us = (int64_t)us});
    us += 10;
}

static void round_trip(struct bench *bench)
{
    turn(bench);
    for (size_t i = 0; i < bench->options.flight; i++)
        submit(bench, GM_SUBMIT_JOB, bench->submitted % bench->options.functions);
    speak(bench, &bench->client);
    listen_all(bench);
    turn(bench);
    for (size_t i = 0; i < bench->told_count; i++) {
        answer(bench->told[i]);
        speak(bench, bench->told[i]);
    }
    bench->told_count = 0;
    listen_all(bench);
    count_completed(bench);
}

/* ---- from nothing ---- */

static void connect_side(struct bench *bench, struct side *side, int number)
{
    side->says = take(BUFFER);
    side->hears = take(BUFFER);
    router_connect(bench->router, &side->peer, number, "bench", RIGHT_ALL);
}

static void make(struct bench *bench)
{
    const struct options *options = &bench->options;
    size_t tasks = options->queued + options->flight;
    size_t registrations = options->workers * (options->all ? options->functions : 1);
    struct router_limits limits = {
        /* The pool of registrations is made for 16 of each connection. */
        .connections = options->workers + 2 + registrations / 16,
        .tasks = tasks + 1,
        .functions = options->functions + 2,
        .function_name_max = NAME_SIZE,
        .payload_max = 65536,
        .text_line_max = 1024,
        .submissions_per_connection = tasks + 1,
        .waiters_per_task = 16,
        .registrations_per_worker = options->functions,
        .outbox_max = BUFFER};
    struct pmad_layout layout = {.pool_size = (tasks + 4096) * 1024,
                                 .class_count = 3,
                                 .classes = {{128, 20}, {512, 60}, {4096, 20}}};
    struct router_setup setup = {
        .limits = limits, .handle_prefix = "H:bench", .version = "0", .verbosity = "ERROR"};

    pools_map(&bench->pools, &limits, &layout, &layout);
    setup.pools = bench->pools;
    if (router_init(&bench->router, &setup) != ROUTER_OK)
        fail("no router");
    connect_side(bench, &bench->client, 1);
    bench->workers = take(options->workers * sizeof *bench->workers);
    bench->told = take(2 * options->workers * sizeof(struct side *));
    for (size_t i = 0; i < options->workers; i++) {
        struct gm_slice option = text_of("pmad-push=1000");
        size_t count = options->all ? options->functions : 1;

        connect_side(bench, &bench->workers[i], (int)i + 2);
        for (size_t k = 0; k < count; k++) {
            char name[NAME_SIZE];
            struct gm_slice function;

            snprintf(name, sizeof name, "function-%zu", (i + k) % options->functions);
            function = text_of(name);
            add(&bench->workers[i], GM_CAN_DO, &function, (struct gm_slice){0});
        }
        add(&bench->workers[i], GM_OPTION_REQ, &option, (struct gm_slice){0});
        speak(bench, &bench->workers[i]);
    }
    listen_all(bench);
    for (size_t i = 0; i < options->queued; i++) {
        submit(bench, GM_SUBMIT_JOB_BG, options->functions);
        if (i % 64 == 63 || i + 1 == options->queued) {
            speak(bench, &bench->client);
            listen_all(bench);
            bench->client.heard = 0;
        }
    }
    for (size_t i = 0; i < options->workers; i++)
        bench->workers[i].heard = 0;
    bench->told_count = 0;
    bench->submitted = 0;
}

static int by_value(const void *one, const void *other)
{
    double a = *(const double *)one;
    double b = *(const double *)other;

    return (a > b) - (a < b);
}

static void run(struct bench *bench)
{
    static double blocks[BLOCKS_MAX];
    const struct options *options = &bench->options;
    size_t per_block = ROUNDS * options->flight;
    size_t count = 0;

    for (size_t done = 0; done < options->tasks && count < BLOCKS_MAX; done += per_block) {
        bench->spent_ns = 0;
        for (int i = 0; i < ROUNDS; i++)
            round_trip(bench);
        blocks[count++] = (double)bench->spent_ns / (double)per_block;
    }
    if (bench->completed != bench->submitted)
        fail("tasks are missing");
    qsort(blocks, count, sizeof *blocks, by_value);
    printf("bench=core_cost functions=%zu workers=%zu queued=%zu flight=%zu size=%zu unique=%d "
           "tasks=%" PRIu64 " ns_per_task=%.1f minimum_ns=%.1f\n",
           options->functions, options->workers, options->queued, options->flight, options->size,
           options->unique, bench->completed, blocks[count / 2], blocks[0]);
}

static size_t number(const char *text, size_t least)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (*end != 0 || value < least || value > 100000000)
        fail("a number is wrong, see the top of bench/core_cost.c");
    return (size_t)value;
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {{"functions", required_argument, NULL, 'f'},
                                                 {"workers", required_argument, NULL, 'w'},
                                                 {"queued", required_argument, NULL, 'q'},
                                                 {"flight", required_argument, NULL, 'n'},
                                                 {"size", required_argument, NULL, 's'},
                                                 {"tasks", required_argument, NULL, 't'},
                                                 {"unique", no_argument, NULL, 'u'},
                                                 {"all", no_argument, NULL, 'a'},
                                                 {0}};
    static struct bench bench = {
        .options = {.functions = 1, .workers = 8, .flight = 16, .size = 64, .tasks = 2000000}};
    struct options *options = &bench.options;
    int key;

    while ((key = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (key) {
        case 'f':
            options->functions = number(optarg, 1);
            break;
        case 'w':
            options->workers = number(optarg, 1);
            break;
        case 'q':
            options->queued = number(optarg, 0);
            break;
        case 'n':
            options->flight = number(optarg, 1);
            break;
        case 's':
            options->size = number(optarg, 0);
            break;
        case 't':
            options->tasks = number(optarg, 1);
            break;
        case 'u':
            options->unique = true;
            break;
        case 'a':
            options->all = true;
            break;
        default:
            return EXIT_FAILURE;
        }
    }
    if (options->size > sizeof bench.payload ||
        (!options->all && options->workers < options->functions))
        fail("at most 4096 bytes, and a worker for each function");
    make(&bench);
    run(&bench);
    return EXIT_SUCCESS;
}
